from __future__ import annotations

import json

import pytest

from convox.cli.nouns.rack import _group_of
from tests.unit.cli.driver import OK, OURS, convox, stream

SYSTEM = {
    **OURS,
    "provider": "local",
    "region": "",
    "domain": "dev.localhost",
    "count": 1,
    "type": "",
    "parameters": {"Password": "hunter2", "HttpProxy": "", "LogRetention": "7", "Autoscale": "Yes"},
}
ANSWERS = {"GET /system": SYSTEM}


def test_info_leaves_out_what_is_empty() -> None:
    ran = convox("rack", answers=ANSWERS)

    assert ran.out == (
        "Name      dev\nProvider  local\nRouter    dev.localhost\nStatus    running\n"
        "Version   3.0.0\n"
    )


def test_info_shows_the_network_balancer() -> None:
    outputs = {"NLBHost": "nlb", "NLBEIP0": "1.2.3.4", "NLBEIP1": "1.2.3.5", "NLBInternalHost": "i"}

    ran = convox("rack", answers={"GET /system": {**SYSTEM, "outputs": outputs}})

    assert "NLB           nlb (1.2.3.4, 1.2.3.5)\nNLB Internal  i\n" in ran.out


def test_a_password_is_hidden_from_who_looks_and_not_from_a_pipe() -> None:
    piped = convox("rack", "params", answers=ANSWERS)
    seen = convox("rack", "params", answers=ANSWERS, terminal=True)
    revealed = convox("rack", "params", "--reveal", answers=ANSWERS, terminal=True)
    as_json = convox("rack", "params", "--json", answers=ANSWERS, terminal=True)

    assert "hunter2" in piped.out
    assert "Password      **********\n" in seen.out
    assert "HttpProxy     \n" in seen.out
    assert "hunter2" in revealed.out
    assert json.loads(as_json.out)["Password"] == "**********"


@pytest.mark.parametrize("group", ["log", "LOGGING", "logging"])
def test_a_group_is_found_by_its_beginning(group: str) -> None:
    assert convox("rack", "params", "-g", group, answers=ANSWERS).out == "LogRetention  7\n"


@pytest.mark.parametrize(("group", "problem"), [("x", "unknown"), ("n", "ambiguous")])
def test_a_group_that_is_none_lists_them(group: str, problem: str) -> None:
    ran = convox("rack", "params", "-g", group, answers=ANSWERS)

    assert ran.err.startswith(f"ERROR: {problem} group: {group}\none of: api, build, instances")


def test_an_empty_group_is_noticed() -> None:
    ran = convox("rack", "params", "-g", "nlb", answers=ANSWERS)

    assert (ran.out, ran.err) == ("", "NOTICE: no params in group 'nlb' for this rack\n")


@pytest.mark.parametrize(
    ("parameter", "group"),
    [
        ("VPCCIDR", "network"),
        ("InstanceType", "instances"),
        ("NoHaInstanceCount", "scaling"),
        ("SyslogDestination", "logging"),
        ("Unheard", "meta"),
    ],
)
def test_a_parameter_has_a_group(parameter: str, group: str) -> None:
    assert _group_of(parameter) == group


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("HighAvailability=Yes",), "HighAvailability can only be set"),
        (("ScheduleRackScaleDown=1",), "must be set together"),
        (("LogDriver=Syslog",), "needs SyslogDestination"),
        (("nokey",), "Key=Value expected: nokey"),
    ],
)
def test_parameters_that_make_no_sense_are_refused(words: tuple[str, ...], message: str) -> None:
    ran = convox("rack", "params", "set", *words, answers=ANSWERS)

    assert message in ran.err
    assert not any(request.startswith("PUT") for request in ran.requests)


def test_a_change_can_be_waited_for() -> None:
    answers = {
        "GET /system": [SYSTEM, {**SYSTEM, "status": "updating"}, SYSTEM],
        "PUT /system": OK,
        "SOCKET /system/logs": stream(b"2026-01-02T03:04:05Z system/rack/dev restarting\n"),
    }

    ran = convox("rack", "params", "set", "LogRetention=14", "--wait", answers=answers)

    assert ran.out == (
        "Updating parameters... \n2026-01-02T03:04:05Z system/rack/dev restarting\nOK\n"
    )


def test_access_needs_a_role_and_a_time() -> None:
    assert convox("rack", "access", answers=ANSWERS).err == "ERROR: role is required\n"
    ran = convox("rack", "access", "--role", "read", answers=ANSWERS)
    assert ran.err == "ERROR: duration is required\n"


def test_no_list_of_versions_is_fetched_from_anybody() -> None:
    ran = convox("rack", "update", answers=ANSWERS)

    assert ran.err.startswith("ERROR: version required")
    assert ran.requests == ["GET /system"]
