from __future__ import annotations

import base64
import json
from pathlib import Path

import pytest

from convox.cli.context import encode
from tests.fakes.wire_server import WireServer
from tests.unit.cli.driver import as_answer, convox, offline


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (True, "true"),
        (False, "false"),
        (0, "0"),
        (-3, "-3"),
        ("", ""),
        (["a", "b"], "a,b"),
        ({"B": "x y", "A": "1&2"}, "A=1%262&B=x+y"),
    ],
)
def test_values_travel_as_the_wire_has_them(value: object, text: str) -> None:
    assert encode(("build-args",), {"build_args": value}) == {"build-args": text}  # type: ignore[dict-item]


def test_what_is_not_given_is_left_out() -> None:
    assert encode(("Command", "Tty"), {"command": "ls", "tty": None}) == {"Command": "ls"}


def test_what_no_request_has_is_a_mistake_of_ours() -> None:
    with pytest.raises(KeyError):
        encode(("name",), {"other": "x"})


def settings(tmp_path: Path, **files: object) -> Path:
    for name, content in files.items():
        text = content if isinstance(content, str) else json.dumps(content)
        (tmp_path / name.replace("_", "-")).write_text(text)
    return tmp_path


def test_no_rack_is_said_before_anything_else(tmp_path: Path) -> None:
    ran = offline("apps", settings=tmp_path)

    assert (ran.code, ran.err) == (1, "ERROR: no racks found, try `convox login`\n")


def test_a_host_without_a_password_says_how_to_log_in(tmp_path: Path) -> None:
    ran = offline("apps", settings=settings(tmp_path, host="h"))

    assert ran.err == "ERROR: not logged in to h\nlog in: convox login h\n"


def test_a_damaged_settings_file_is_named(tmp_path: Path) -> None:
    ran = offline("apps", settings=settings(tmp_path, host="h", auth="{"))

    assert "damaged settings file" in ran.err
    assert str(tmp_path / "auth") in ran.err


def rack_header(tmp_path: Path, *words: str, **environ: str) -> str:
    with WireServer(lambda asked: as_answer([])) as server:
        ran = offline("apps", *words, settings=tmp_path, RACK_URL=server.url, **environ)
        assert ran.code == 0, ran.err
        return server.asked[0].headers.get("rack", "")


def test_the_rack_is_chosen_in_the_documented_order(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    here = tmp_path / "here"
    (here / ".convox2").mkdir(parents=True)
    monkeypatch.chdir(here)
    assert rack_header(tmp_path) == ""

    settings(tmp_path, rack="five", host="h")
    assert rack_header(tmp_path) == "five"
    settings(tmp_path, racks={"h": "four"})
    assert rack_header(tmp_path) == "four"
    (here / ".convox2" / "rack").write_text("three")
    assert rack_header(tmp_path) == "three"
    assert rack_header(tmp_path, CONVOX_RACK="two") == "two"
    assert rack_header(tmp_path, "-r", "one", CONVOX_RACK="two") == "one"


def test_the_app_is_chosen_in_the_documented_order(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    here = tmp_path / "folder"
    (here / ".convox2").mkdir(parents=True)
    monkeypatch.chdir(here)

    def chosen(*words: str) -> str:
        return convox("apps", "info", *words).err.split("/apps/")[1].strip()

    assert chosen() == "folder"
    (here / ".convox2" / "app").write_text("file")
    assert chosen() == "file"
    assert chosen("-a", "flag") == "flag"
    assert chosen("arg", "-a", "flag") == "arg"


def test_a_rack_of_ones_own_that_is_named_is_asked_at_its_host(tmp_path: Path) -> None:
    folder = settings(
        tmp_path, host="elsewhere", auth={"localhost:1": "x"}, self_managed={"dev": "localhost:1"}
    )

    ran = offline("apps", "-r", "dev", settings=folder)

    assert "cannot connect to localhost:1" in ran.err


def test_host_and_password_come_from_the_environment_first(tmp_path: Path) -> None:
    folder = settings(tmp_path, host="elsewhere", auth={"elsewhere": "x"})

    ran = offline("apps", settings=folder, CONVOX_HOST="localhost:1", CONVOX_PASSWORD="y")

    assert "cannot connect to localhost:1" in ran.err


def test_an_insecure_host_is_said_at_each_use(tmp_path: Path) -> None:
    folder = settings(
        tmp_path, host="localhost:1", auth={"localhost:1": "x"}, insecure={"localhost:1": "true"}
    )

    ran = offline("apps", settings=folder)

    assert ran.err.startswith("WARNING: the certificate of localhost:1 is not verified\n")


def test_a_password_with_odd_characters_travels_as_the_existing_client_sends_it(
    tmp_path: Path,
) -> None:
    with WireServer(lambda asked: as_answer([])) as server:
        url = server.url.replace("convox:secret", "convox:a%2Fb%20c")
        offline("apps", settings=tmp_path, RACK_URL=url)

        sent = server.asked[0].headers["authorization"].removeprefix("Basic ")
    assert base64.b64decode(sent) == b"convox:a%2Fb%20c"
