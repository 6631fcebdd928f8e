"""The full demo: what it waits for, and that it never takes a missing note for a counted one."""

from __future__ import annotations

import http
import json

import pytest

from script.support import demo_full
from script.support.steps import StopError


def answering(monkeypatch: pytest.MonkeyPatch, status: int, text: str) -> list[tuple[str, str]]:
    asked: list[tuple[str, str]] = []

    def ask(path: str, form: str = "") -> tuple[int, str]:
        asked.append((path, form))
        return status, text

    monkeypatch.setattr(demo_full, "ask", ask)
    return asked


def test_the_words_of_a_note_are_those_the_worker_counted(monkeypatch) -> None:
    found = [{"id": 2, "text": "two words", "words": 2}, {"id": 1, "text": "new", "words": None}]
    answering(monkeypatch, http.HTTPStatus.OK, json.dumps(found))

    assert demo_full.words_of("two words") == 2
    assert demo_full.words_of("new") == 0
    assert demo_full.words_of("gone") is None


def test_an_app_that_answers_with_an_error_is_told_with_its_words(monkeypatch) -> None:
    answering(monkeypatch, 502, "no process serves\n")

    with pytest.raises(StopError, match="502: no process serves"):
        demo_full.notes()


def test_a_note_is_posted_as_a_form(monkeypatch) -> None:
    asked = answering(monkeypatch, http.HTTPStatus.SEE_OTHER, "")

    demo_full.add("a & b")

    assert asked == [("/notes", "text=a+%26+b")]


def test_a_note_that_is_not_taken_stops_the_demo(monkeypatch) -> None:
    answering(monkeypatch, 400, "the note is empty\n")

    with pytest.raises(StopError, match="not taken: 400"):
        demo_full.add("")


def test_trouble_on_the_way_is_told_when_the_wait_is_over(monkeypatch) -> None:
    monkeypatch.setattr(demo_full, "WAIT_S", 0.3)

    def never() -> bool:
        raise OSError("connection refused")

    with pytest.raises(StopError, match="the note is there: connection refused"):
        demo_full.wait("the note is there", never)


def test_a_wait_ends_as_soon_as_it_is_so() -> None:
    looks = iter([False, True])

    demo_full.wait("it is so", lambda: next(looks))

    assert next(looks, None) is None
