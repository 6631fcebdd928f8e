"""What the contract's tests do again and again."""

from __future__ import annotations

import time
from queue import Empty, Queue

from convox.api import types
from convox.core.errors import NotFoundError
from tests.fakes.rack import Bytes

PATIENCE_S = 60


def eventually(check, *, within=PATIENCE_S):
    """Return the first true answer of `check`."""
    end = time.monotonic() + within
    while True:
        answer = check()
        if answer:
            return answer
        assert time.monotonic() < end, "it did not happen"
        time.sleep(0.05)


def new_app(rack, name):
    rack.app_create(types.AppCreateOptions(name=name))
    yield name
    try:
        rack.app_update(name, types.AppUpdateOptions(lock=False))
        rack.app_delete(name)
    except NotFoundError:
        return


def build(world, app, *, source=None, **options):
    """Return the build of `source` once it is over."""
    rack = world.rack
    stored = rack.object_store(app, "", Bytes(source or world.source))
    started = rack.build_create(app, types.BuildCreateOptions(url=stored.url, **options))
    assert started.status == "running"
    return eventually(lambda: ended(rack.build_get(app, started.id)))


def ended(build):
    return build if build.status in ("complete", "failed") else None


def promote(rack, app, release):
    rack.release_promote(app, release, types.ReleasePromoteOptions())
    eventually(lambda: settled(rack.app_get(app), release))


def settled(app, release):
    return app.status == "running" and app.release == release


def deploy(world, app):
    done = build(world, app)
    assert done.status == "complete", done.reason
    promote(world.rack, app, done.release)
    return done.release


def process(rack, app, service="web"):
    """Return a running process of a service."""
    options = types.ProcessListOptions(service=service)
    running = eventually(
        lambda: [p for p in rack.process_list(app, options) if p.status == "running"]
    )
    return running[0]


class Terminal:
    """The client's end of a duplex stream, in memory."""

    def __init__(self, *, stdin=b"", at_end=True):
        self._input = Queue()
        self.output = bytearray()
        self.gone = False
        if stdin:
            self._input.put(stdin)
        if at_end:
            self._input.put(b"")

    def type(self, data):
        self._input.put(data)

    def leave(self):
        """Go away without an end."""
        self.gone = True
        self._input.put(b"")

    def read(self):
        return self._input.get()

    def write(self, data):
        if self.gone:
            raise BrokenPipeError
        self.output += data

    def close(self):
        self.gone = True
        self._input.put(b"")


class Reader:
    """A sink that keeps what it is given."""

    def __init__(self):
        self._queue = Queue()
        self.text = ""
        self.ended = False

    def __call__(self, data):
        self._queue.put(data)

    def until(self, text, *, within=PATIENCE_S):
        """Read on until `text` was seen, or the end if it is None."""
        end = time.monotonic() + within
        while not self.ended and (text is None or text not in self.text):
            try:
                data = self._queue.get(timeout=max(0.01, end - time.monotonic()))
            except Empty:
                raise AssertionError(f"{text!r} never came; got {self.text!r}") from None
            if data is None:
                self.ended = True
            else:
                self.text += data.decode(errors="replace")
        assert text is None or text in self.text, f"{text!r} never came; got {self.text!r}"
        return self.text
