from __future__ import annotations

from tests.unit.cli.driver import MARKER, OK, convox, stream

MANIFEST = "services:\n  web:\n    build: .\n    test: make ${HOW}\n  other:\n    image: x\n"


def answers(code: int) -> dict[str, object]:
    return {
        "GET /apps/a/releases/R1": {"manifest": MANIFEST, "env": "HOW=check"},
        "POST /apps/a/services/web/processes": {"id": "p1"},
        "GET /apps/a/processes/p1": {"status": "running"},
        "SOCKET /apps/a/processes/p1/exec": stream(b"ran\n", f"{MARKER}:{code}\n".encode()),
        "DELETE /apps/a/processes/p1": OK,
    }


def test_each_service_with_a_test_is_tried_with_the_releases_env() -> None:
    ran = convox("test", "--release", "R1", "-a", "a", answers=answers(0))

    assert (ran.code, ran.out) == (0, "Running make check on web\nran\n")


def test_a_test_that_fails_fails_the_command_and_stops_its_process() -> None:
    ran = convox("test", "--release", "R1", "-a", "a", answers=answers(2))

    assert (ran.code, ran.err) == (1, "ERROR: exit 2\n")
    assert ran.requests[-1] == "DELETE /apps/a/processes/p1"


def test_a_manifest_that_cannot_be_read_is_said() -> None:
    broken = {"GET /apps/a/releases/R1": {"manifest": "services: [", "env": ""}}

    ran = convox("test", "--release", "R1", "-a", "a", answers=broken)

    assert ran.code == 1
    assert ran.err.startswith("ERROR: invalid manifest")
