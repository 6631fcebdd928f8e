"""Routes, errors and headers of the running server."""

from __future__ import annotations

import re
import time

import pytest

from convox.api import types
from convox.client.endpoint import Endpoint
from convox.client.http import Http
from convox.core.errors import InvalidError
from tests.fakes.rack import FakeRack
from tests.fakes.recorder import Recorder
from tests.fakes.serving import serving
from tests.unit.server.raw import ask, connected, head, open_socket, post_form


@pytest.fixture(scope="module")
def rack():
    rack = FakeRack()
    rack.app_create(types.AppCreateOptions(name="web"))
    yield rack
    rack.close()


@pytest.fixture(scope="module")
def server(rack):
    with serving(rack) as running:
        yield running


@pytest.mark.parametrize("method", ["GET", "POST", "PUT", "DELETE", "OPTIONS"])
def test_check_needs_no_credential(server, method):
    answer = ask(server, method, "/check", auth=False)

    assert (answer.status, answer.text) == (200, "ok\n")


def test_auth_answers_ok_to_a_credential_and_refuses_the_rest(server):
    assert ask(server, "GET", "/auth").text == "ok\n"
    refused = ask(server, "GET", "/auth", auth=False)
    assert (refused.status, refused.text) == (401, "invalid authentication\n")
    assert "www-authenticate" not in refused.headers


@pytest.mark.parametrize("path", ["/", "/racks", "/racks?", "/nope", "//apps", "/apps/", "/%ff"])
def test_an_unknown_route_is_an_empty_404(server, path):
    answer = ask(server, "GET", path)

    assert (answer.status, answer.body) == (404, b"")


@pytest.mark.parametrize(
    ("method", "path"),
    [("PUT", "/apps"), ("HEAD", "/apps"), ("OPTIONS", "/apps/web"), ("GET", "/apps/web/logs")],
)
def test_a_wrong_method_is_an_empty_405(server, method, path):
    answer = ask(server, method, path)

    assert (answer.status, answer.body) == (405, b"")


@pytest.mark.parametrize("path", ["/apps", "/nope", "/apps/nobody", "/check"])
def test_every_answer_has_a_request_id_and_no_library_name(server, path):
    headers = ask(server, "GET", path).headers

    assert re.fullmatch(r"[0-9a-f]{12}", headers["request-id"])
    assert headers["server"] == "convox"


def test_a_bare_question_mark_is_no_query(server):
    assert ask(server, "GET", "/apps?").json[0]["name"] == "web"


def test_an_answer_is_json_and_no_result_is_ok(server):
    assert ask(server, "GET", "/apps/web").headers["content-type"] == "application/json"
    answer = ask(server, "PUT", "/apps/web")
    assert (answer.status, answer.text) == (200, "ok\n")
    assert answer.headers["content-type"].startswith("text/plain")


def test_an_error_is_one_line_of_text(server):
    answer = ask(server, "GET", "/apps/nobody")

    assert (answer.status, answer.text) == (404, "app not found: nobody\n")
    assert answer.headers["content-type"].startswith("text/plain")


def test_an_operation_that_the_rack_lacks_is_a_404_with_a_sentence(server):
    answer = ask(server, "POST", "/instances/keyroll")

    assert answer.status == 404
    assert answer.text.startswith("this rack does not support instance_keyroll yet")


def test_percent_signs_are_doubled_for_the_client_that_formats_them_and_no_other(server):
    plain = ask(server, "GET", "/apps/50%25s")
    doubled = ask(server, "GET", "/apps/50%25s", headers={"User-Agent": "convox.go/dev"})

    assert plain.text == "app not found: 50%s\n"
    assert doubled.text == "app not found: 50%%s\n"


def test_slashes_in_front_of_a_key_do_not_redirect(server):
    ask(server, "POST", "/apps/web/objects/tmp/x", body=b"data")

    answer = ask(server, "GET", "/apps/web/objects//tmp/x")

    assert (answer.status, answer.body) == (200, b"data")


def test_head_tells_whether_an_object_is_there(server):
    ask(server, "POST", "/apps/web/objects/tmp/h", body=b"data")

    there, absent = (ask(server, "HEAD", f"/apps/web/objects/tmp/{k}") for k in ("h", "no"))

    assert [(a.status, a.body) for a in (there, absent)] == [(200, b""), (404, b"")]


def test_an_upgrade_of_a_plain_route_is_ignored(server):
    answer = ask(server, "GET", "/apps", headers={"Upgrade": "websocket", "Connection": "Upgrade"})

    assert answer.status == 200


@pytest.mark.parametrize("limit", ["ten", "1.5", "9" * 30])
def test_a_bad_number_is_refused_with_its_name(server, limit):
    answer = ask(server, "GET", f"/apps/web/builds?limit={limit}")

    assert answer.status == 500
    assert answer.text.startswith("invalid value for limit: ")


def test_multipart_forms_are_refused_plainly(server):
    headers = {"Content-Type": "multipart/form-data; boundary=x"}

    answer = ask(server, "POST", "/apps", body=b"--x--\r\n", headers=headers)

    assert (answer.status, "multipart" in answer.text) == (500, True)


def test_an_env_of_four_mebibytes_is_taken(server, rack):
    answer = post_form(server, "/apps/web/releases", "env=A%3D" + "x" * (4 << 20))

    assert answer.status == 200
    assert len(rack.release_get("web", answer.json["id"]).env) == (4 << 20) + 2


def test_a_form_beyond_the_limit_is_refused(server):
    answer = post_form(server, "/apps/web/releases", "env=" + "x" * (9 << 20))

    assert (answer.status, answer.text) == (500, "the form is larger than 8388608 bytes\n")


@pytest.mark.parametrize("text", ["name=%ff", "name=\udcff"])
def test_a_form_that_is_not_utf8_is_refused(server, text):
    headers = {"Content-Type": "application/x-www-form-urlencoded"}
    body = text.encode("utf-8", "surrogateescape")

    answer = ask(server, "POST", "/apps", body=body, headers=headers)

    assert (answer.status, "UTF-8" in answer.text) == (500, True)


def test_headers_may_be_long():
    recorder = Recorder()
    environment = "A=" + "x" * 100_000
    with serving(recorder) as server:
        path = "/apps/web/services/web/processes"
        answer = ask(server, "POST", path, headers={"Environment": environment})

    assert answer.status == 200
    assert recorder.asked[0].options.environment == {"A": "x" * 100_000}


def test_nonsense_is_a_400(server):
    with connected(server, b"\x16\x03\x01 not http\r\n\r\n") as carrier:
        assert b" 400 " in carrier.recv(4096).split(b"\r\n")[0]


def test_a_request_that_asks_to_continue_is_told_to(server):
    asking = head("POST", "/apps/web/objects/tmp/c", Content_Length=4, Expect="100-continue")
    with connected(server, asking) as carrier:
        assert b"100 Continue" in carrier.recv(4096)
        carrier.sendall(b"data")
        assert b"200 OK" in carrier.recv(4096)


def test_it_listens_on_a_socket_file(rack, tmp_path):
    path = tmp_path / "api.sock"
    path.write_text("left by one that was killed")

    with serving(rack, path=path):
        http = Http(Endpoint(f"unix://{path}"))
        mode = path.stat().st_mode & 0o777
        text = http.request("GET", "/check").text()
        http.close()

    assert (text, mode) == ("ok\n", 0o660)


def test_stopping_ends_open_sockets_at_once(rack):
    with serving(rack) as server:
        stream = open_socket(server, "/apps/web/logs", {"Follow": "true"})
        started = time.monotonic()
    took = time.monotonic() - started
    stream.close()

    assert took < 4


def test_lists_come_sorted():
    class Unsorted(Recorder):
        def app_list(self):
            return (types.App(name="b"), types.App(name="a"))

    with serving(Unsorted()) as server:
        assert [app["name"] for app in ask(server, "GET", "/apps").json] == ["a", "b"]


def test_what_nobody_expected_is_a_500_that_tells_nothing(caplog):
    class Broken(Recorder):
        def app_list(self):
            raise RuntimeError("PASSWORD=hunter2")

    with serving(Broken()) as server:
        answer = ask(server, "GET", "/apps")

    assert answer.status == 500
    assert answer.headers["request-id"] in answer.text
    assert "hunter2" not in answer.text


def test_a_provider_may_refuse_in_any_words():
    class Wordy(Recorder):
        def app_list(self):
            raise InvalidError("a\udcffb \u2028 c", why="é")

    with serving(Wordy()) as server:
        answer = ask(server, "GET", "/apps")

    assert (answer.status, answer.text) == (500, "a?b \u2028 c: é\n")
