"""What a person gets wrong: each a clear error, the right exit status, the old release serving."""

import io
import json
import os
import socket
import tarfile
import threading
import time
import uuid
from pathlib import Path

import pytest

from bench.harness import wait_for
from convox.client.endpoint import Endpoint
from convox.client.http import Http
from tests.e2e.harness import Cli, write_app

pytestmark = [pytest.mark.docker, pytest.mark.xdist_group("e2e")]


@pytest.fixture(scope="module")
def served(e2e_rack, tmp_path_factory):
    """An app that serves `good`; every test here must leave it so."""
    folder = tmp_path_factory.mktemp("served")
    cli = Cli(e2e_rack, folder)
    name = f"b{uuid.uuid4().hex[:6]}"
    cli.ok("apps", "create", name)
    cli.ok("deploy", str(write_app(folder / "good", "good")), "-a", name, "--wait")
    yield name
    cli("apps", "delete", name, "--wait")


@pytest.fixture(autouse=True)
def still_serving(cli: Cli, served: str):
    """After each mistake the release from before still answers."""
    yield
    status, text = cli.rack.get(served)
    assert (status, text[:4]) == (200, "good")
    assert json.loads(cli.ok("api", "get", f"/apps/{served}"))["status"] == "running"


def refused(cli: Cli, *arguments: str, stdin: bytes = b"") -> str:
    done = cli(*arguments, stdin=stdin)
    assert done.exit == 1, done
    assert done.err.startswith("ERROR: ") or "\nERROR: " in done.err, done
    assert "Traceback" not in done.out + done.err
    return done.out + done.err


def test_a_missing_dockerfile_is_named(cli: Cli, served: str, tmp_path: Path):
    source = write_app(tmp_path / "s", "x")
    (source / "Dockerfile").unlink()

    assert "Dockerfile" in refused(cli, "deploy", str(source), "-a", served)


def test_a_failing_build_step_ends_the_deploy_with_its_lines(cli: Cli, served: str, tmp_path: Path):
    source = write_app(tmp_path / "s", "x")
    (source / "Dockerfile").write_text("FROM python:3.11-slim\nRUN echo about-to-fail && exit 9\n")

    text = refused(cli, "deploy", str(source), "-a", served)

    assert "about-to-fail" in text
    assert "build failed" in text


def test_a_broken_manifest_is_told_with_its_line(cli: Cli, served: str, tmp_path: Path):
    source = write_app(tmp_path / "s", "x", manifest="services:\n  web:\n    port: banana\n")

    text = refused(cli, "deploy", str(source), "-a", served)

    assert "banana" in text


def test_a_missing_manifest_is_told(cli: Cli, served: str, tmp_path: Path):
    source = write_app(tmp_path / "s", "x")
    (source / "convox.yml").unlink()

    assert "convox.yml" in refused(cli, "deploy", str(source), "-a", served)


def test_a_required_env_that_is_missing_fails_the_build_by_name(
    cli: Cli, served: str, tmp_path: Path
):
    manifest = "services:\n  web:\n    port: 3000\n    environment: [NEEDED]\n"
    source = write_app(tmp_path / "s", "x", manifest=manifest)

    assert "required env: NEEDED" in refused(cli, "deploy", str(source), "-a", served)


def test_a_resource_of_an_unknown_type_is_refused_with_the_known_ones(
    cli: Cli, served: str, tmp_path: Path
):
    manifest = "resources:\n  db:\n    type: oracle\nservices:\n  web:\n    port: 3000\n"
    source = write_app(tmp_path / "s", "x", manifest=manifest)

    text = refused(cli, "deploy", str(source), "-a", served)

    assert "oracle" in text
    assert "postgres" in text


def test_a_domain_of_another_app_is_refused_naming_it(cli: Cli, served: str, tmp_path: Path):
    manifest = (
        f"services:\n  web:\n    port: 3000\n    domain: {served}-web.{cli.rack.name}.localhost\n"
    )
    other = f"o{uuid.uuid4().hex[:6]}"
    cli.ok("apps", "create", other)
    try:
        source = write_app(tmp_path / "s", "x", manifest=manifest)
        assert served in refused(cli, "deploy", str(source), "-a", other)
    finally:
        cli("apps", "delete", other, "--wait")


def test_an_unknown_app_is_named(cli: Cli):
    for command in (["ps"], ["logs", "--no-follow"], ["env"], ["builds"], ["releases"], ["scale"]):
        done = cli(*command, "-a", "nowhere")
        assert "app not found: nowhere" in done.out + done.err, command


def test_an_unknown_process_build_and_release_are_named(cli: Cli, served: str):
    assert "process not found: 0123456789ab" in refused(
        cli, "ps", "info", "0123456789ab", "-a", served
    )
    assert "build not found: BNOTHERE" in refused(cli, "builds", "info", "BNOTHERE", "-a", served)
    assert "release not found: RNOTHERE" in refused(
        cli, "releases", "promote", "RNOTHERE", "-a", served
    )


def test_exec_into_a_process_that_is_not_there_says_so(cli: Cli, served: str):
    done = cli("exec", "0123456789ab", "true", "-a", served)

    assert "process not found: 0123456789ab" in done.out + done.err
    assert done.exit == 1


def test_names_that_no_app_may_have_are_refused(cli: Cli):
    for name in ("Upper", "with space", "with.dot", "a/b", cli.rack.name, "x" * 200):
        assert cli("apps", "create", name).exit == 1, name


def test_an_app_that_exists_is_refused_by_name(cli: Cli, served: str):
    assert f"app already exists: {served}" in refused(cli, "apps", "create", served)


def test_a_wrong_password_is_refused(cli: Cli):
    host = f"localhost:{cli.rack.api_port}"
    rack = cli.rack

    class Wrong(type(rack)):
        @property
        def env(self):
            return {**super().env, "CONVOX_PASSWORD": "wrong", "CONVOX_HOST": host}

    wrong = Cli(
        Wrong(rack.name, rack.home, rack.https_port, rack.http_port, rack.api_port), cli.cwd
    )

    assert "invalid authentication" in refused(wrong, "apps")


def test_a_path_that_climbs_out_of_the_archive_is_refused(cli: Cli, served: str):
    strange = (
        _file("../escaped"),
        _file("/etc/escaped"),
        _special("link", tarfile.SYMTYPE, "/etc"),
        _special("pipe", tarfile.FIFOTYPE),
    )
    for member, data in strange:
        text = _build_of(cli, served, [(member, data)])
        assert member.name.lstrip("/") in text, text


def test_an_archive_that_is_cut_short_is_refused(cli: Cli, served: str):
    whole = _archive([_file("convox.yml", b"services: {}\n" * 9000)])

    assert _stored_build(cli, served, whole[: len(whole) // 2])


def test_two_deploys_at_once_end_with_one_refused_or_both_whole(
    cli: Cli, served: str, tmp_path: Path
):
    sources = [write_app(tmp_path / f"s{n}", "good") for n in range(2)]
    done = []
    threads = [
        threading.Thread(
            target=lambda s=source: done.append(cli("deploy", str(s), "-a", served, "--wait"))
        )
        for source in sources
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert any(d.exit == 0 for d in done), done
    for failed in (d for d in done if d.exit):
        assert "updating" in failed.err or "rollback" in failed.err or "older" in failed.err, failed
    wait_for(
        lambda: json.loads(cli.ok("api", "get", f"/apps/{served}"))["status"] == "running", 60, 0.2
    )


def test_a_busy_router_port_is_refused_with_its_holder(cli: Cli, tmp_path: Path):
    with socket.create_server(("127.0.0.1", 0)) as holder:
        port = holder.getsockname()[1]
        text = refused(
            cli, "rack", "install", "local", "--name", "busy", f"Port={port}", "HttpPort=18080",
            "ApiPort=15443",
        )  # fmt: skip

    assert str(port) in text
    assert str(os.getpid()) in text
    assert "Port=" in text


def test_a_rack_that_is_installed_already_is_refused(cli: Cli):
    text = refused(cli, "rack", "install", "local", "--name", cli.rack.name)

    assert cli.rack.name in text
    assert "installed" in text


def test_rack_names_and_options_are_checked_before_anything_is_made(cli: Cli):
    for name in ("Upper", "dash-", "1digit", "x" * 24, "a_b"):
        assert name in refused(cli, "rack", "install", "local", "--name", name)
    text = refused(cli, "rack", "install", "local", "--name", "fine", "Prot=443")
    assert "Prot" in text
    assert "Port" in text
    assert not (cli.rack.home / "state" / "racks" / "fine").exists()


def _file(name: str, data: bytes = b"x") -> tuple[tarfile.TarInfo, bytes]:
    member = tarfile.TarInfo(name)
    member.size = len(data)
    member.mtime = int(time.time())
    return member, data


def _special(name: str, kind: bytes, target: str = "") -> tuple[tarfile.TarInfo, bytes]:
    member = tarfile.TarInfo(name)
    member.type = kind
    member.linkname = target
    return member, b""


def _archive(members: list[tuple[tarfile.TarInfo, bytes]]) -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz") as tar:
        for member, data in members:
            tar.addfile(member, io.BytesIO(data))
    return buffer.getvalue()


def _build_of(cli: Cli, app: str, members: list[tuple[tarfile.TarInfo, bytes]]) -> str:
    manifest = _file("convox.yml", b"services:\n  web:\n    port: 3000\n")
    dockerfile = _file("Dockerfile", b"FROM python:3.11-slim\n")
    return _stored_build(cli, app, _archive([manifest, dockerfile, *members]))


def _stored_build(cli: Cli, app: str, archive: bytes) -> str:
    """Upload an archive as it is and build it; return the log and the reason of the failure."""
    address = f"https://convox:{_password(cli)}@localhost:{cli.rack.api_port}"
    http = Http(Endpoint(address, insecure=True))
    try:
        stored = http.request("POST", f"/apps/{app}/objects/tmp/bad.tgz", body=archive).json()
        build = http.request("POST", f"/apps/{app}/builds", form={"url": stored["Url"]}).json()
    finally:
        http.close()
    wait_for(
        lambda: (
            json.loads(cli.ok("api", "get", f"/apps/{app}/builds/{build['id']}"))["status"]
            == "failed"
        ),
        60,
        0.2,
    )
    failed = json.loads(cli.ok("api", "get", f"/apps/{app}/builds/{build['id']}"))
    return failed["reason"] + cli.ok("builds", "logs", build["id"], "-a", app)


def _password(cli: Cli) -> str:
    saved = json.loads((cli.rack.home / "config" / "auth").read_text())
    return str(next(iter(saved.values())))
