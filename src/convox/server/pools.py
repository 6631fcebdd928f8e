"""Threads for the work of a provider, with a cap on how much may run and wait.

Requests share one pool; streams have their own, so that no number of open shells can delay a
request. Past the cap the answer is 503 with the cap in it, never an endless queue.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import TypeVar

from convox.core.errors import UnavailableError

_T = TypeVar("_T")


class Pool:
    """A named pool; used from the event loop's thread only.

    Args:
        name: what it carries, in the plural; names its threads and is shown when it is full.
        threads: how many run at once.
        cap: how many slots may be held, running and waiting.
    """

    def __init__(self, name: str, *, threads: int, cap: int) -> None:
        self._name = name
        self._cap = cap
        self._held = 0
        self._executor = ThreadPoolExecutor(threads, thread_name_prefix=name)

    @property
    def held(self) -> int:
        """How many slots are held now."""
        return self._held

    @contextmanager
    def slot(self) -> Iterator[None]:
        """Hold one slot for as long as the block runs.

        Raises:
            UnavailableError: the cap is reached.
        """
        if self._held >= self._cap:
            raise UnavailableError(f"the rack already carries {self._cap} {self._name} at once")
        self._held += 1
        try:
            yield
        finally:
            self._held -= 1

    async def run(self, function: Callable[[], _T]) -> _T:
        """Run `function` on a thread of the pool, on a slot that the caller holds."""
        return await asyncio.get_running_loop().run_in_executor(self._executor, function)

    def shutdown(self) -> None:
        """Let running work end and start no more; does not wait."""
        self._executor.shutdown(wait=False, cancel_futures=True)
