"""Pools of threads with a cap."""

from __future__ import annotations

import asyncio
import threading

import pytest

from convox.core.errors import UnavailableError
from convox.server.pools import Pool


def test_work_runs_on_a_named_thread_and_its_answer_comes_back():
    async def main():
        pool = Pool("shells", threads=1, cap=1)
        with pool.slot():
            name = await pool.run(lambda: threading.current_thread().name)
        pool.shutdown()
        return name

    assert asyncio.run(main()).startswith("shells")


def test_past_the_cap_it_names_the_cap_and_a_freed_slot_can_be_had():
    pool = Pool("shells", threads=1, cap=2)

    with pool.slot():
        with pool.slot(), pytest.raises(UnavailableError, match="already carries 2 shells"):
            pool.slot().__enter__()
        with pool.slot():
            assert pool.held == 2
    assert pool.held == 0
    pool.shutdown()


def test_a_slot_is_freed_when_the_work_fails():
    async def main():
        pool = Pool("shells", threads=1, cap=1)
        with pytest.raises(ZeroDivisionError), pool.slot():
            await pool.run(lambda: 1 / 0)
        pool.shutdown()
        return pool.held

    assert asyncio.run(main()) == 0
