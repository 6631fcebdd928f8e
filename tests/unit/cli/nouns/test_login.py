from __future__ import annotations

import hashlib
import json
import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.fakes.certificates import self_signed
from tests.fakes.wire_server import Answer, Asked, WireServer
from tests.unit.cli.driver import Ran, offline, typed


def rack(asked: Asked) -> Answer:
    if asked.headers["authorization"] == "Basic Y29udm94OnNlY3JldA==":
        return Answer(body=b'{"id": "user-1"}')
    return Answer(401, b"invalid authentication\n")


@contextmanager
def secured() -> Iterator[tuple[WireServer, str]]:
    path, pem = self_signed("127.0.0.1", authority=True)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(path)
    with WireServer(rack, context) as server:
        yield server, pem


def fingerprint(pem: str) -> str:
    return hashlib.sha256(ssl.PEM_cert_to_DER_cert(pem)).hexdigest()


def login(server: WireServer, settings: Path, *words: str, stdin: bytes = b"") -> Ran:
    return offline("login", server.host, "-p", "secret", *words, settings=settings, stdin=stdin)


def test_an_unknown_certificate_without_a_terminal_gets_nothing(tmp_path: Path) -> None:
    with secured() as (server, pem):
        ran = login(server, tmp_path)

        assert server.asked == []
    shown = fingerprint(pem).upper()
    assert ran.code == 1
    assert ":".join(shown[i : i + 2] for i in range(0, 64, 2)) in ran.err
    assert "--fingerprint" in ran.err
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("colons", [True, False])
def test_the_right_fingerprint_pins_the_certificate(tmp_path: Path, colons: bool) -> None:
    with secured() as (server, pem):
        digits = fingerprint(pem)
        given = ":".join(digits[i : i + 2] for i in range(0, 64, 2)).upper() if colons else digits

        ran = login(server, tmp_path, "--fingerprint", given)
        again = login(server, tmp_path)
        apps = offline("api", "get", "/auth", settings=tmp_path)

    assert (ran.code, ran.out) == (0, f"Authenticating with {server.host}... OK\n")
    assert json.loads((tmp_path / "certificates").read_text()) == {server.host: pem}
    assert json.loads((tmp_path / "auth").read_text()) == {server.host: "secret"}
    assert (tmp_path / "host").read_text() == server.host
    assert (tmp_path / "id").read_text() == "user-1"
    assert (again.code, apps.code) == (0, 0)


def test_a_wrong_fingerprint_is_refused_before_the_password_is_sent(tmp_path: Path) -> None:
    with secured() as (server, _):
        ran = login(server, tmp_path, "--fingerprint", "ab" * 32)

        assert server.asked == []
    assert ran.code == 1
    assert "not the one expected" in ran.err


@pytest.mark.parametrize("text", ["", "abc", "zz" * 32, "ab" * 33])
def test_what_is_no_fingerprint_is_refused(tmp_path: Path, text: str) -> None:
    with secured() as (server, _):
        ran = login(server, tmp_path, f"--fingerprint={text}")

    assert ran.code == 1
    assert "invalid fingerprint" in ran.err or "--fingerprint" in ran.err


def test_an_authority_is_trusted_for_the_host(tmp_path: Path) -> None:
    with secured() as (server, pem):
        file = tmp_path / "ca.pem"
        file.write_text(pem)
        ran = login(server, tmp_path / "settings", "--ca", str(file))

    assert ran.code == 0


def test_a_file_without_a_certificate_is_no_authority(tmp_path: Path) -> None:
    (tmp_path / "ca.pem").write_text("nothing")
    with secured() as (server, _):
        ran = login(server, tmp_path, "--ca", str(tmp_path / "ca.pem"))

    assert "no certificate in" in ran.err


def test_insecure_is_remembered_and_said_each_time(tmp_path: Path) -> None:
    with secured() as (server, _):
        ran = login(server, tmp_path, "--insecure")
        later = offline("api", "get", "/auth", settings=tmp_path)
        pinned = login(server, tmp_path)

    warning = f"WARNING: the certificate of {server.host} is not verified\n"
    assert (ran.code, ran.err, later.err) == (0, warning, warning)
    assert pinned.code == 1, "logging in again without --insecure verifies again"


def test_a_wrong_password_is_an_invalid_login_and_changes_nothing(tmp_path: Path) -> None:
    with secured() as (server, pem):
        ran = offline(
            "login",
            server.host,
            "-p",
            "wrong",
            "--fingerprint",
            fingerprint(pem),
            settings=tmp_path,
        )

    assert (ran.code, ran.err) == (1, "ERROR: invalid login\n")
    assert list(tmp_path.iterdir()) == []


def test_a_password_comes_from_a_pipe_when_none_is_given(tmp_path: Path) -> None:
    with secured() as (server, pem):
        ran = offline(
            "login",
            server.host,
            "--fingerprint",
            fingerprint(pem),
            settings=tmp_path,
            stdin=b"secret\n",
        )

    assert ran.code == 0


def test_login_forgets_the_older_rack_setting(tmp_path: Path) -> None:
    (tmp_path / "rack").write_text("old")
    with secured() as (server, pem):
        login(server, tmp_path, "--fingerprint", fingerprint(pem))

    assert not (tmp_path / "rack").exists()


@pytest.mark.parametrize(("answer", "code"), [(b"y\n", 0), (b"yes\n", 0), (b"\n", 1), (b"n\n", 1)])
def test_a_person_is_shown_the_fingerprint_and_asked(
    tmp_path: Path, answer: bytes, code: int
) -> None:
    with secured() as (server, pem):
        words = ("login", server.host, "-p", "secret")
        ran = typed(*words, settings=tmp_path, answer=answer)
        sent = len(server.asked)

    shown = fingerprint(pem).upper()
    assert ran.code == code
    assert ":".join(shown[i : i + 2] for i in range(0, 64, 2)) in ran.err
    assert ran.err.count("Trust this certificate from now on? [y/N]: ") == 1
    assert sent == (1 if code == 0 else 0)
    assert (tmp_path / "certificates").exists() == (code == 0)


def test_a_certificate_that_changed_is_a_warning_and_a_question(tmp_path: Path) -> None:
    _, old = self_signed("other.example.org")
    with secured() as (server, _):
        (tmp_path / "certificates").write_text(json.dumps({server.host: old}))
        words = ("login", server.host, "-p", "secret")
        ran = typed(*words, settings=tmp_path, answer=b"\n")

        assert server.asked == []
    assert "WARNING: the certificate" in ran.err
    assert "is not the one that was pinned" in ran.err
    assert json.loads((tmp_path / "certificates").read_text()) == {server.host: old}
