"""The typed client where the contract suite does not reach: odd answers and broken streams."""

from __future__ import annotations

from contextlib import contextmanager

import pytest

from convox.api import types
from convox.client.endpoint import Endpoint
from convox.client.http import Http
from convox.client.rack import connect
from convox.core.errors import FailedError, InvalidError, NotFoundError, UnauthenticatedError
from tests.contract.acts import Reader, Terminal
from tests.fakes.recorder import Recorder
from tests.fakes.serving import serving


@pytest.fixture
def recorder():
    return Recorder()


@contextmanager
def reach(server, url=None):
    http = Http(Endpoint(url or server.url))
    try:
        yield connect(http)
    finally:
        http.close()


@pytest.fixture
def rack(recorder):
    with serving(recorder) as server, reach(server) as rack:
        yield rack


def test_arguments_may_be_named(rack, recorder):
    rack.build_get(app="web", id="B1")
    rack.build_list("web", opts=types.ListOptions(limit=3))

    assert [str(a) for a in recorder.asked] == [
        "build_get('web', 'B1')",
        "build_list('web', ListOptions(limit=3))",
    ]


def test_what_is_no_operation_is_no_attribute(rack):
    with pytest.raises(AttributeError, match="app_explode"):
        rack.app_explode()


def test_a_wrong_number_of_arguments_is_refused_here(rack, recorder):
    with pytest.raises(TypeError):
        rack.app_get()

    assert recorder.asked == []


@pytest.mark.parametrize("name", ["", "a/b", "../system"])
def test_a_name_that_would_be_another_route_is_never_sent(rack, recorder, name):
    with pytest.raises(InvalidError, match="invalid name"):
        rack.app_get(name)

    assert recorder.asked == []


def test_an_answer_of_another_shape_is_refused():
    class Wrong(Recorder):
        def build_get(self, app, id):
            return ("a",)

        def build_list(self, app, opts):
            return types.Build()

    with serving(Wrong()) as server, reach(server) as rack:
        with pytest.raises(InvalidError, match="want an object, got a list"):
            rack.build_get("web", "B1")
        with pytest.raises(InvalidError, match="want a list, got an object"):
            rack.build_list("web", types.ListOptions())


def test_a_wrong_password_is_an_error_of_its_kind(recorder):
    with serving(recorder) as server, reach(server, f"http://x:wrong@{server.bare}") as rack:
        with pytest.raises(UnauthenticatedError, match="invalid authentication"):
            rack.app_list()
        with pytest.raises(FailedError, match="invalid authentication"):
            rack.process_exec("a", "p", Terminal(), types.ProcessExecOptions(command="sh"))

    assert recorder.asked == []


def test_an_operation_that_the_rack_lacks_is_not_found():
    class Small:
        _keys = None

    with (
        serving(Small()) as server,
        reach(server) as rack,
        pytest.raises(NotFoundError, match="does not support app_list yet"),
    ):
        rack.app_list()


def test_a_rack_that_stops_ends_a_log():
    reader = Reader()

    class Endless(Recorder):
        def app_logs(self, name, opts):
            class Feed:
                def attach(self, sink):
                    sink(b"first\n")
                    return lambda: None

            return Feed()

    with serving(Endless()) as server, reach(server) as rack:
        detach = rack.app_logs("web", types.LogsOptions()).attach(reader)
        reader.until("first")

    assert reader.until(None) == "first\n"
    detach()
