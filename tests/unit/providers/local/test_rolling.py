"""How one service rolls: who starts, who goes, who serves."""

from datetime import timedelta

import pytest

from convox.providers.local.observed import Fault, ObservedProcess, State
from convox.providers.local.rolling import is_late, keep, roll, surges
from tests.fakes.core_world import EPOCH, service


def processes(*states: State, spec: str = "web-R1") -> tuple[ObservedProcess, ...]:
    return tuple(
        ObservedProcess(f"{spec}-{n}", "web", "R1", spec, state, f"10.0.0.{n}", EPOCH)
        for n, state in enumerate(states)
    )


def ids(found) -> list[str]:
    return [process.id for process in found]


@pytest.mark.parametrize(
    ("count", "old", "maximum", "expected"),
    [
        (1, 1, 200, True),
        (4, 4, 200, True),
        (4, 4, 150, False),
        (2, 2, 100, False),
        (1, 3, 200, True),
    ],
)
def test_whether_all_may_run_side_by_side(count, old, maximum, expected):
    assert surges(service("R1", count=count, maximum=maximum), old) is expected


def test_what_is_missing_starts():
    moves = roll(service("R1", count=3), processes(State.UP), (), None, 0, EPOCH)

    assert moves.starts == 2
    assert not moves.ready


def test_a_failed_start_is_tried_again_after_its_backoff():
    fault = Fault("no", EPOCH, count=2)
    goal = service("R1")

    held = roll(goal, (), (), fault, 0, EPOCH)
    after = roll(goal, (), (), fault, 0, EPOCH + timedelta(seconds=0.4))

    assert (held.starts, len(held.waits)) == (0, 1)
    assert after.starts == 1


def test_too_many_lose_those_worst_off_then_the_youngest():
    states = (State.UP, State.STARTING, State.UP, State.EXITED)
    moves = roll(service("R1", count=1), processes(*states), (), None, 0, EPOCH)

    assert sorted(ids(moves.retire)) == ["web-R1-1", "web-R1-2", "web-R1-3"]
    assert moves.ready


def test_a_successor_of_a_singleton_waits_for_what_is_leaving():
    goal = service("R1", stop_first=True, minimum=0, maximum=100)

    assert roll(goal, (), (), None, 1, EPOCH).starts == 0
    assert roll(goal, (), (), None, 0, EPOCH).starts == 1


def test_a_process_that_is_late_is_replaced():
    goal = service("R1", start_limit_s=10)
    late = EPOCH + timedelta(seconds=11)
    found = processes(State.STARTING)

    assert is_late(goal, found[0], late)
    assert not is_late(goal, found[0], EPOCH)
    assert ids(keep(goal, found, (), None, 0, late).retire) == ["web-R1-0"]


def test_failing_processes_serve_while_none_is_up():
    moves = keep(service("R1"), processes(State.FAILING), (), None, 0, EPOCH)

    assert ids(moves.serving) == ["web-R1-0"]
    assert moves.starts == 1


def test_a_lost_process_is_replaced_at_once():
    moves = keep(service("R1"), processes(State.LOST), (), None, 0, EPOCH)

    assert ids(moves.retire) == ["web-R1-0"]
    assert moves.serving == ()
    assert moves.starts == 1
