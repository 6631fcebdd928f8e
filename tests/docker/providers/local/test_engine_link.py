from __future__ import annotations

import pytest

from convox.core.errors import NotFoundError, UnavailableError
from convox.providers.local.engine_link import Link, label_filters, pieces
from tests.fakes.engine import Body

pytestmark = pytest.mark.docker

ADDRESS = "unix:///var/run/docker.sock"


def test_speaks_the_version_that_the_engine_speaks(engine):
    link = Link(ADDRESS, 10)

    client = link.client()

    assert engine
    assert client.version()["ApiVersion"] >= client.api_version
    assert link.client() is client
    assert link.client(patient=True) is not client


def test_an_engine_that_comes_later_is_found(tmp_path):
    socket = tmp_path / "engine.sock"
    link = Link(f"unix://{socket}", 10)
    with pytest.raises(UnavailableError), link.translated("reach it"):
        link.client()

    socket.symlink_to("/var/run/docker.sock")

    with link.translated("reach it"):
        assert link.client().ping()


def test_a_stream_that_is_refused_says_what_was_asked():
    with pytest.raises(NotFoundError) as refused:
        Link(ADDRESS, 10).open("GET /containers/convox-none/archive", "read /x", {"path": "/x"})

    assert refused.value.wire == "cannot read /x: no such container: convox-none"


def test_labels_select_by_value_or_by_name():
    assert label_filters({"a": "1", "b": ""}) == {"label": ["a=1", "b"]}
    assert label_filters({}) == {}


def test_pieces_end_with_the_body():
    assert b"".join(pieces(Body(b"x" * 100_000))) == b"x" * 100_000
