"""What checks come to, and the prober against real sockets on loopback."""

import time
from collections.abc import Iterator
from threading import Event

import pytest

from convox.core.clock import SystemClock
from convox.providers.local.desired import Health
from convox.providers.local.observed import Verdict
from convox.providers.local.probe_check import ProbeTarget, Result
from convox.providers.local.probes import Course, Prober
from tests.fakes.core_server import Server

GOOD, BAD = Result(True, "well"), Result(False, "ill")
HEALTH = Health("/", grace_s=5, interval_s=5, timeout_s=4)


def course(*results: tuple[float, Result]) -> Course:
    course = Course(HEALTH, began=0.0, due=0.0)
    for at, result in results:
        course = course.after(result, at, at + 0.01)
    return course


def test_one_good_answer_inside_the_grace_is_enough():
    after = course((0.0, BAD), (0.1, GOOD))

    assert after.verdict == Verdict(probed=True, up=True, failing=False, note="well")
    assert after.due == pytest.approx(5.1)


def test_a_new_process_is_asked_every_tenth_of_a_second():
    assert course((0.0, BAD)).due == pytest.approx(0.1)
    assert course((4.9, BAD)).due == pytest.approx(5.0)


def test_after_the_grace_two_good_answers_at_the_interval_are_needed():
    late = course((4.9, BAD), (5.1, GOOD))

    assert not late.verdict.up
    assert late.due == pytest.approx(10.1)
    assert late.after(GOOD, 10.1, 10.11).verdict.up


def test_one_bad_answer_changes_nothing_and_two_do():
    once = course((0.0, GOOD), (5.0, BAD))
    assert once.verdict.up

    twice = once.after(BAD, 10.0, 10.1)
    assert (twice.verdict.up, twice.verdict.failing) == (False, True)


def test_a_failing_process_needs_two_good_answers_even_inside_its_grace():
    failing = course((0.0, GOOD), (0.5, BAD), (1.0, BAD))
    assert failing.verdict.failing

    once = failing.after(GOOD, 1.5, 1.6)
    assert once.verdict.failing
    assert once.after(GOOD, 2.0, 2.1).verdict.up


def test_a_check_that_took_longer_than_the_pause_is_followed_at_once():
    slow = Course(HEALTH, began=0.0, due=0.0).after(BAD, 0.0, 4.0)

    assert slow.due == 4.0


@pytest.fixture
def prober() -> Iterator[Prober]:
    prober = Prober(SystemClock())
    prober.start()
    yield prober
    prober.stop()


def verdict_of(prober: Prober, port: int, scheme: str = "http", **health: int) -> Verdict:
    """Return the first verdict that a check comes to."""
    known = Event()
    limits = {"grace_s": 5, "interval_s": 5, "timeout_s": 1, **health}
    target = ProbeTarget("p1", "127.0.0.1", port, scheme, Health("/up", **limits))
    prober.watch(target, known.set)
    assert known.wait(5)
    return prober.verdict("p1")


def test_a_slow_process_does_not_delay_another(prober):
    slow, quick = Server(None), Server(b"HTTP/1.1 200 OK\r\n\r\n")
    prober.watch(ProbeTarget("slow", "127.0.0.1", slow.port, "http", Health()), lambda: None)
    began = time.monotonic()

    verdict = verdict_of(prober, quick.port)

    assert verdict.up
    assert time.monotonic() - began < 1
    slow.close()
    quick.close()


def test_a_new_start_of_a_process_is_asked_anew_and_a_forgotten_one_not_at_all(prober):
    server = Server(b"HTTP/1.1 200 OK\r\n\r\n")
    assert verdict_of(prober, server.port).up

    prober.watch(ProbeTarget("p1", "127.0.0.1", 1, "http", Health(), start="again"), lambda: None)
    assert not prober.verdict("p1").up
    prober.forget(["p1", "unknown"])

    server.close()
    assert prober.verdict("p1") == Verdict()
