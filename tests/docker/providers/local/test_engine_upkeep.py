"""What keeping a rack asks of the engine, of a real one."""

from __future__ import annotations

import uuid

import pytest

from convox.providers.local.engine import Engine
from convox.providers.local.engine_upkeep import Upkeep
from tests.docker.conftest import docker

pytestmark = pytest.mark.docker


def status(container: str) -> str:
    return docker("inspect", "-f", "{{.State.Status}}", container)


def test_what_uses_a_volume_is_held_while_it_is_copied_and_nothing_else_is(engine_label):
    volume = f"convox-test-{uuid.uuid4().hex[:8]}"
    docker("volume", "create", "--label", engine_label, volume)
    run = ("run", "-d", "--label", engine_label)
    user = docker(*run, "-v", f"{volume}:/data", "python:3.11-slim", "sleep", "60")
    other = docker(*run, "python:3.11-slim", "sleep", "60")
    try:
        with pytest.raises(RuntimeError), Upkeep(Engine()).frozen(volume):
            assert (status(user), status(other)) == ("paused", "running")
            raise RuntimeError

        assert status(user) == "running"
    finally:
        docker("rm", "-f", user, other)


def test_the_engine_says_where_it_keeps_its_data():
    assert str(Upkeep(Engine()).folder()) == docker("info", "-f", "{{.DockerRootDir}}")


def test_build_cache_below_what_is_kept_stays():
    assert Upkeep(Engine()).prune_build_cache(1 << 50, 24 * 365) == 0
