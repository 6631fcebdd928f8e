"""A plan: steps as data, in order, that bring what is closer to what shall be.

Every provider plans first and applies afterwards, so that what is printed, what is reported and
what tests assert is the same value. Steps are frozen dataclasses whose `str()` is the sentence a
person reads. Nothing here runs anything but the function it is given.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Generic, TypeVar

S = TypeVar("S")


@dataclass(frozen=True)
class Plan(Generic[S]):
    """Steps in the order in which they are to be done."""

    steps: tuple[S, ...] = ()

    def __iter__(self) -> Iterator[S]:
        return iter(self.steps)

    def __bool__(self) -> bool:
        return bool(self.steps)

    def lines(self) -> tuple[str, ...]:
        """Return the plan as sentences, one a step."""
        return tuple(str(step) for step in self.steps)


def apply(plan: Plan[S], run: Callable[[S], None]) -> None:
    """Run the steps in order; the first that raises ends it.

    Nothing is undone: the next plan starts from what is then observed.
    """
    for step in plan:
        run(step)
