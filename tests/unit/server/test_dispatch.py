"""Who may do what, and what is written down of it."""

from __future__ import annotations

import logging
import re

import pytest

from convox.api.operations import operations
from convox.core import tokens
from convox.core.clock import SystemClock
from convox.core.errors import ConvoxError
from convox.core.events import Outcome
from tests.contract.acts import eventually
from tests.fakes.rack import FakeKeys
from tests.fakes.recorder import Recorder
from tests.fakes.serving import PASSWORD, serving
from tests.unit.server.raw import ask, basic, messages, open_socket, post_form

REFUSED = {"none": "invalid authentication", "wrong": "invalid authentication"}
CREDENTIALS = ("none", "wrong", "read", "write", "password")


@pytest.fixture(scope="module")
def recorder():
    return Recorder()


@pytest.fixture(scope="module")
def server(recorder):
    with serving(recorder) as running:
        yield running


@pytest.fixture
def fresh(recorder):
    """A server of its own, so that no line or event of another test comes late."""
    with serving(Recorder(), keys=recorder._keys) as running:
        yield running


@pytest.fixture(scope="module")
def credentials(recorder):
    def token(role):
        key, now = recorder._keys.load(), SystemClock().now()
        return basic(tokens.issue(key, role=role, hours="1", now=now), user="jwt")

    return {
        "none": "",
        "wrong": basic("wrong"),
        "read": token("read"),
        "write": token("write"),
        "password": basic(),
    }


@pytest.mark.parametrize("name", operations())
@pytest.mark.parametrize("who", CREDENTIALS)
def test_the_authorization_matrix(server, recorder, credentials, name, who):
    operation = operations()[name]
    recorder.asked.clear()

    answer = attempt(server, operation, credentials[who])

    if who in REFUSED:
        expected = "invalid authentication"
    elif who == "read" and not operation.reads:
        expected = "you are unauthorized to access this"
    else:
        expected = ""
    assert answer == ("" if operation.method == "HEAD" else expected)
    assert [asked.operation for asked in recorder.asked] == ([] if expected else [name])


def attempt(server, operation, authorization):
    """Return the error, "" for success."""
    path = re.sub(r"\{[^}]*\}", "x", operation.path)
    headers = {"Authorization": authorization} if authorization else {}
    if operation.method != "SOCKET":
        answer = ask(server, operation.method, path, headers=headers, auth=False)
        assert answer.status in (200, 401)
        return answer.text.strip() if answer.status == 401 else ""
    bare = f"http://{server.bare}"
    stream = open_socket(server, path, headers, url=bare)
    stream.end()
    said = messages(stream)
    errors = [m.decode() for m in said if m.startswith(b"ERROR: ")]
    return errors[0].removeprefix("ERROR: ").strip() if errors else ""


def test_a_read_token_cannot_exec(server, recorder, credentials):
    recorder.asked.clear()
    headers = {"Authorization": credentials["read"], "Command": "sh"}

    stream = open_socket(server, "/apps/a/processes/p/exec", headers, url=f"http://{server.bare}")

    assert messages(stream) == [b"ERROR: you are unauthorized to access this\n"]
    assert recorder.asked == []


def test_each_request_is_one_log_line_without_its_secrets(fresh, caplog):
    with caplog.at_level(logging.INFO, logger="convox.server.dispatch"):
        answer = post_form(fresh, "/apps/web/releases", "env=TOKEN%3Dhunter2&build=B1&x=hunter2")
    lines = [r for r in caplog.records if r.getMessage() == "request"]

    assert len(lines) == 1
    line = vars(lines[0])
    assert line["request"] == answer.headers["request-id"]
    assert (line["actor"], line["operation"]) == ("password", "release_create")
    assert line["route"] == "POST /apps/{app}/releases"
    assert (line["outcome"], line["status"]) == ("ok", 200)
    assert line["duration_ms"] >= 0
    assert "hunter2" not in str(line)
    assert PASSWORD not in str(line)


def test_a_refusal_is_logged_as_one(fresh, caplog):
    with caplog.at_level(logging.INFO, logger="convox.server.dispatch"):
        ask(fresh, "GET", "/apps", auth=False)
    line = vars(next(r for r in caplog.records if r.getMessage() == "request"))

    assert (line["outcome"], line["status"], line["actor"]) == ("refused", 401, "")


def test_a_broken_request_is_logged_with_places_and_without_words(caplog):
    class Broken(Recorder):
        def app_list(self):
            raise RuntimeError("PASSWORD=hunter2")

    with serving(Broken()) as server, caplog.at_level(logging.INFO):
        ask(server, "GET", "/apps")

    broken = next(r for r in caplog.records if r.levelname == "ERROR")
    assert broken.exc_info[0] is RuntimeError
    assert "hunter2" not in broken.getMessage()


def test_an_act_is_an_event_and_a_question_is_none(fresh):
    fresh.events.clear()
    ask(fresh, "GET", "/apps")
    answer = post_form(fresh, "/apps/web/releases", "env=TOKEN%3Dhunter2&build=B1")

    [event] = fresh.events
    assert (event.tag, event.actor, event.resource) == ("app:release:create", "password", "web")
    assert event.outcome is Outcome.OK
    assert event.data == {"app": "web", "build": "B1", "env": "[secret]"}
    assert event.request == answer.headers["request-id"]


def test_a_denied_act_is_an_event_too(fresh, credentials):
    fresh.events.clear()
    headers = {"Authorization": credentials["read"]}

    ask(fresh, "DELETE", "/apps/web", headers=headers, auth=False)

    [event] = fresh.events
    assert (event.tag, event.actor) == ("app:delete", "system-read")
    assert event.outcome is Outcome.REFUSED


def test_a_failed_act_says_so():
    class Failing(Recorder):
        def app_delete(self, name):
            raise ConvoxError("the engine is on fire")

    with serving(Failing()) as server:
        ask(server, "DELETE", "/apps/web")
        [event] = server.events

    assert event.outcome is Outcome.FAILED


def test_an_exec_is_an_event_when_it_ends(fresh):
    fresh.events.clear()
    stream = open_socket(fresh, "/apps/a/processes/p/exec", {"Command": "echo hunter2"})
    stream.end()
    messages(stream)
    eventually(lambda: fresh.events)

    [event] = fresh.events
    assert (event.tag, event.resource) == ("app:process:exec", "a/p")
    assert event.data["Command"] == "[sensitive]"


def test_rotating_the_key_ends_every_token():
    keys = FakeKeys()
    with serving(Recorder(), keys=keys) as server:
        token = tokens.issue(keys.load(), role="read", hours="1", now=SystemClock().now())
        headers = {"Authorization": basic(token, user="jwt")}
        before = ask(server, "GET", "/apps", headers=headers, auth=False)
        keys.rotate()
        after = ask(server, "GET", "/apps", headers=headers, auth=False)

    assert (before.status, after.status) == (200, 401)
    assert after.text == "invalid authentication: signature is invalid\n"
