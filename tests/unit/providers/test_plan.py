"""A plan is data, and applying it runs its steps in order."""

import pytest

from convox.providers.plan import Plan, apply


def test_steps_run_in_order():
    done: list[str] = []

    apply(Plan(("one", "two")), done.append)

    assert done == ["one", "two"]


def test_the_first_step_that_raises_ends_it():
    done: list[str] = []

    def run(step: str) -> None:
        if step == "two":
            raise ValueError(step)
        done.append(step)

    with pytest.raises(ValueError, match="two"):
        apply(Plan(("one", "two", "three")), run)
    assert done == ["one"]


def test_a_plan_reads_as_sentences_and_an_empty_one_is_false():
    assert Plan((1, 2)).lines() == ("1", "2")
    assert not Plan()
    assert list(Plan(("a",))) == ["a"]
