"""The flows of the existing client against a real rack, request by request as it makes them."""

import base64
import io
import json
import secrets
import tarfile
import time
import uuid

import pytest

from tests.e2e.harness import write_app
from tests.e2e.reference_client import Frames, ReferenceClient, RefusedError

pytestmark = [pytest.mark.docker, pytest.mark.xdist_group("e2e")]


@pytest.fixture(scope="module")
def client(e2e_rack) -> ReferenceClient:
    saved = json.loads((e2e_rack.home / "config" / "auth").read_text())
    return ReferenceClient(e2e_rack.api_port, next(iter(saved.values())))


@pytest.fixture(scope="module")
def app(client: ReferenceClient, tmp_path_factory):
    """An app created, built, promoted and at last deleted the way that client does it."""
    name = f"r{uuid.uuid4().hex[:6]}"
    created = client.json("POST", "/apps", form={"name": name})
    assert created["name"] == name
    folder = write_app(tmp_path_factory.mktemp("reference") / "app", "reference")
    build = deploy(client, name, folder)
    promote(client, name, build["release"])
    yield name
    client.request("DELETE", f"/apps/{name}")
    with pytest.raises(RefusedError, match=r"no such app|app not found"):
        for _ in range(60):
            client.request("GET", f"/apps/{name}")
            time.sleep(1)


def deploy(client: ReferenceClient, app: str, folder) -> dict:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz") as tar:
        for path in sorted(folder.iterdir()):
            tar.add(path, path.name)
    client.json("GET", "/system")
    key = f"tmp/{secrets.token_hex(15)}.tgz"
    stored = client.json("POST", f"/apps/{app}/objects/{key}", body=buffer.getvalue())
    url = stored.get("Url") or stored["url"]
    build = client.json("POST", f"/apps/{app}/builds", form={"url": url, "description": "by hand"})
    assert build["status"] == "running"
    assert build["app"] == app
    first = client.socket(f"/apps/{app}/builds/{build['id']}/logs", {})
    while build["status"] == "running":
        time.sleep(0.2)
        build = client.json("GET", f"/apps/{app}/builds/{build['id']}")
    second = client.socket(f"/apps/{app}/builds/{build['id']}/logs", {})
    assert second.startswith(first)
    assert b"\x1b[" not in second
    assert build["status"] == "complete", second
    return build


def promote(client: ReferenceClient, app: str, release: str) -> None:
    client.request("POST", f"/apps/{app}/releases/{release}/promote")
    deadline = time.monotonic() + 90
    while client.json("GET", f"/apps/{app}")["status"] != "running":
        assert time.monotonic() < deadline
        time.sleep(0.2)
    assert client.json("GET", f"/apps/{app}")["release"] == release


def a_process(client: ReferenceClient, app: str) -> str:
    listed = client.json("GET", f"/apps/{app}/processes")
    return next(p["id"] for p in listed if p["status"] == "running")


def test_login_asks_for_auth_and_is_answered_plainly(client: ReferenceClient):
    assert client.request("GET", "/auth") == b"ok\n"
    with pytest.raises(RefusedError, match="invalid authentication"):
        ReferenceClient(client.port, "wrong").request("GET", "/auth")


def test_the_version_keeps_that_client_off_the_old_routes(client: ReferenceClient):
    assert client.json("GET", "/system")["version"] > "20190111211123"


def test_exec_without_a_terminal_takes_input_and_gives_the_exit_status(client, app):
    path = f"/apps/{app}/processes/{a_process(client, app)}/exec"

    code, out = client.exit_of(path, {"Command": "cat; exit 5", "Tty": "false"}, b"in \xff\n" * 500)

    assert (code, out) == (5, b"in \xff\n" * 500)


def test_exec_with_input_ended_at_once_still_delivers_output(client, app):
    path = f"/apps/{app}/processes/{a_process(client, app)}/exec"

    code, out = client.exit_of(path, {"Command": "sleep 1; echo late", "Tty": "false"})

    assert (code, out) == (0, b"late\n")


def test_exec_has_a_terminal_of_the_size_asked_for_unless_told_otherwise(client, app):
    path = f"/apps/{app}/processes/{a_process(client, app)}/exec"

    with client.open(
        path, {"Command": "sleep 0.5; stty size", "Height": "33", "Width": "77"}
    ) as stream:
        out = stream.rest()

    assert b"33 77\r\n" in out
    assert out.endswith(b"F1E49A85-0AD7-4AEF-A618-C249C6E6568D:0\n")


def test_run_is_a_sleeping_process_an_exec_and_a_delete(client, app):
    made = client.json(
        "POST", f"/apps/{app}/services/web/processes", headers={"Command": "sleep 3600"}
    )
    pid = made["id"]
    deadline = time.monotonic() + 60
    while client.json("GET", f"/apps/{app}/processes/{pid}")["status"] != "running":
        assert time.monotonic() < deadline
        time.sleep(0.2)

    headers = {"Command": "echo $APP; exit 4", "Entrypoint": "true", "Tty": "false"}
    code, out = client.exit_of(f"/apps/{app}/processes/{pid}/exec", headers)
    client.request("DELETE", f"/apps/{app}/processes/{pid}")

    assert (code, out) == (4, app.encode() + b"\n")


def test_env_is_read_changed_and_posted_as_a_release(client, app):
    newest = client.json("GET", f"/apps/{app}/releases", query="limit=1")[0]
    full = client.json("GET", f"/apps/{app}/releases/{newest['id']}")
    made = client.json("POST", f"/apps/{app}/releases", form={"env": full["env"] + "\nA=1&2=3"})

    assert client.json("GET", f"/apps/{app}/releases", query="limit=1")[0]["id"] == made["id"]
    assert "A=1&2=3" in client.json("GET", f"/apps/{app}/releases/{made['id']}")["env"]


def test_logs_end_when_not_followed_and_carry_the_prefix(client, app):
    out = client.socket(
        f"/apps/{app}/logs", {"Follow": "false", "Prefix": "true", "Since": "1h0m0s"}
    )

    stamps = [line.split(b" ")[1] for line in out.splitlines()]
    assert any(stamp.startswith(b"service/web/") for stamp in stamps)
    assert any(stamp.startswith(b"system/") for stamp in stamps)


def test_a_silent_stream_is_kept_alive_by_pings(client, app):
    pid = a_process(client, app)
    with client.open(
        f"/apps/{app}/processes/{pid}/exec", {"Command": "cat", "Tty": "false"}
    ) as stream:
        assert isinstance(stream, Frames)
        stream.send(9, b"")
        stream.send(1, b"after\n")
        assert stream.message() == b"after\n"
        assert stream.pongs == 1


def test_files_travel_as_a_tar_with_full_names(client, app):
    pid = a_process(client, app)
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as tar:
        member = tarfile.TarInfo("/srv/dir/file")
        member.size = 3
        tar.addfile(member, io.BytesIO(b"abc"))
    client.request("POST", f"/apps/{app}/processes/{pid}/files", body=buffer.getvalue())

    got = client.request("GET", f"/apps/{app}/processes/{pid}/files", query="file=%2Fsrv%2Fdir")

    with tarfile.open(fileobj=io.BytesIO(got)) as tar:
        assert tar.extractfile("srv/dir/file").read() == b"abc"


def test_a_build_travels_out_and_in_again_in_chunks(client, app):
    build = client.json("GET", f"/apps/{app}/builds", query="limit=1")[0]

    archive = client.request("GET", f"/apps/{app}/builds/{build['id']}.tgz")
    imported = client.json("POST", f"/apps/{app}/builds/import", body=archive, chunked=True)

    assert archive[:2] == b"\x1f\x8b"
    assert imported["id"] != build["id"]
    assert imported["release"].startswith("R")


def test_object_keys_with_a_leading_slash_are_not_redirected(client, app):
    client.request("POST", f"/apps/{app}/objects/tmp/slash", body=b"data")

    assert client.request("GET", f"/apps/{app}/objects//tmp/slash") == b"data"
    client.request("HEAD", f"/apps/{app}/objects/tmp/slash")
    invented = client.json("POST", f"/apps/{app}/objects/", body=b"x")
    assert f"object://{app}/tmp/" in (invented.get("Url") or invented["url"])


def test_a_read_token_reads_and_cannot_exec(client, app):
    token = client.json("POST", "/system/jwt/token", form={"role": "read", "durationInHour": "1"})[
        "token"
    ]
    reader = JwtClient(client.port, token)
    pid = a_process(client, app)

    assert reader.json("GET", f"/apps/{app}")["name"] == app
    with pytest.raises(RefusedError, match="you are unauthorized to access this"):
        reader.request("POST", f"/apps/{app}/cancel")
    try:
        refused = reader.socket(f"/apps/{app}/processes/{pid}/exec", {"Command": "id"}, b"")
    except RefusedError:
        refused = b""
    assert b"uid=" not in refused
    client.request("PUT", "/system/jwt/rotate")
    with pytest.raises(RefusedError, match="invalid authentication"):
        reader.request("GET", f"/apps/{app}")


class JwtClient(ReferenceClient):
    """The same client with a token from `rack access`."""

    def _common(self) -> list[str]:
        basic = base64.b64encode(f"jwt:{self.password}".encode()).decode()
        return [f"Authorization: Basic {basic}", "Accept: */*", "Session: ", "Version: dev"]


def test_scale_restart_cancel_and_stop_answer_as_that_client_expects(client, app):
    client.request("PUT", f"/apps/{app}/services/web", form={"count": "2"})
    deadline = time.monotonic() + 60
    while (
        len([p for p in client.json("GET", f"/apps/{app}/processes") if p["status"] == "running"])
        < 2
    ):
        assert time.monotonic() < deadline
        time.sleep(0.2)
    services = client.json("GET", f"/apps/{app}/services")
    assert services[0]["count"] == 2
    assert services[0]["ports"][0]["container"] == 3000
    client.request("POST", f"/apps/{app}/services/web/restart")
    with pytest.raises(RefusedError, match="app is not updating"):
        while True:
            client.request("POST", f"/apps/{app}/cancel")
    client.request("DELETE", f"/apps/{app}/processes/{a_process(client, app)}")


def test_unknown_routes_and_methods_are_empty(client):
    with pytest.raises(RefusedError, match="response status 404"):
        client.request("GET", "/nothing/here")
    with pytest.raises(RefusedError, match="response status 405"):
        client.request("PUT", "/apps")
