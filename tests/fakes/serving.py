"""Runs the real server over any rack, on a loop in a thread, for as long as a block runs."""

from __future__ import annotations

import asyncio
from contextlib import contextmanager
from dataclasses import dataclass, field
from threading import Event, Thread

from convox.core.clock import SystemClock
from convox.core.passwords import hash_password
from convox.server.app import Address, create, listening
from convox.server.auth import PasswordAuth

PASSWORD = "correcthorsebatterystaple"
HASH = hash_password(PASSWORD)


@dataclass
class Running:
    port: int = 0
    path: str = ""
    events: list = field(default_factory=list)
    loop: asyncio.AbstractEventLoop | None = None

    @property
    def url(self):
        return f"http://convox:{PASSWORD}@127.0.0.1:{self.port}"

    @property
    def bare(self):
        return f"127.0.0.1:{self.port}"


@contextmanager
def serving(rack, *, keys=None, auth=None, settings=None, path=None):
    running = Running(path=str(path or ""))
    keys = keys or getattr(rack, "_keys", None)
    auth = auth or PasswordAuth(lambda: (HASH,), keys, SystemClock())
    ready, failure = Event(), []

    async def main():
        running.loop = asyncio.get_running_loop()
        running.stop = asyncio.Event()
        app = create(rack, auth, settings=settings, emit=running.events.append)
        address = Address(path=path) if path else Address()
        async with listening(app, address) as port:
            running.port = port
            ready.set()
            await running.stop.wait()

    def run():
        try:
            asyncio.run(main())
        except BaseException as e:
            failure.append(e)
            raise
        finally:
            ready.set()

    thread = Thread(target=run, name="test-server")
    thread.start()
    ready.wait(10)
    try:
        if failure:
            raise failure[0]
        yield running
    finally:
        running.loop.call_soon_threadsafe(running.stop.set)
        thread.join(20)
        assert not thread.is_alive(), "the server did not stop"
