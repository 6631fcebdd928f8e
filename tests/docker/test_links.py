"""Links between services of an app: who is reached, by whom, and what a deploy does to callers."""

from __future__ import annotations

import json
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from convox.api.types import ProcessRunOptions, ServiceUpdateOptions
from tests.docker.conftest import docker
from tests.docker.providers.local.rack_rig import Bench, bench, manifest, wait_for

pytestmark = [pytest.mark.docker, pytest.mark.xdist_group("links")]

_CALL = """
import json, os, time, urllib.request
asked, failed, releases = 0, [], []
while not os.path.exists("/tmp/enough"):
    asked += 1
    try:
        with urllib.request.urlopen(os.environ["API_URL"] + PATH, timeout=20) as answer:
            release = answer.read().decode().split()[0]
            if release not in releases:
                releases.append(release)
    except Exception as e:
        failed.append(repr(e))
    time.sleep(0.01)
print(json.dumps([asked, failed, releases]))
"""
TEXT = manifest(
    {"web": {"links": ["api"]}, "api": {"internal": True, "drain": 5}, "other": {"links": []}}
)


@pytest.fixture(scope="module")
def rig(tmp_path_factory) -> Iterator[Bench]:
    with bench(tmp_path_factory.mktemp("links")) as made:
        made.create("app")
        yield made


def pid(rig: Bench, service: str) -> str:
    release = rig.rack.app_get("app").release
    found = [p.id for p in rig.ps("app") if (p.name, p.release) == (service, release)]
    return found[0]


@contextmanager
def one_off(rig: Bench) -> Iterator[str]:
    """A process that no deploy replaces, with the env and the network of `web`."""

    process = rig.rack.process_run("app", "web", ProcessRunOptions(command="sleep 300"))
    yield process.id
    docker("rm", "-f", process.id)


@pytest.mark.parametrize("path", ["/", "/slow?s=1"])
def test_a_caller_of_a_link_loses_no_request_while_what_it_calls_is_deployed(rig, path):
    first = rig.deploy("app", TEXT)
    with one_off(rig) as caller:
        code = f"PATH = {path!r}\n{_CALL}"
        call = subprocess.Popen(
            ["docker", "exec", caller, "python3", "-c", code], stdout=subprocess.PIPE, text=True
        )
        time.sleep(1)
        releases = [first, *(rig.deploy("app", TEXT, env=f"TEXT={n}") for n in range(3))]
        time.sleep(2)
        docker("exec", caller, "touch", "/tmp/enough")
        asked, failed, seen = json.loads(call.communicate(timeout=30)[0])

    assert failed == []
    assert asked > 5
    assert seen[0] == first.id
    assert seen[-1] == releases[-1].id


def test_an_internal_service_answers_inside_and_not_outside(rig):
    release = rig.deploy("app", TEXT)
    ask = "import os,urllib.request as u; print(u.urlopen(os.environ['API_URL']).read().decode())"

    assert docker("exec", pid(rig, "web"), "python3", "-c", ask).startswith(release.id)
    assert rig.get("app", service="api")[0] == 404


def test_a_link_is_where_the_env_says_and_only_for_those_that_ask(rig):
    rig.deploy("app", TEXT)

    web = docker("exec", pid(rig, "web"), "env").splitlines()
    other = docker("exec", pid(rig, "other"), "env").splitlines()

    assert f"API_URL=http://api.app.{rig.layout.rack}.convox" in web
    assert not [line for line in other if line.startswith("API_URL")]


def test_a_link_to_what_does_not_run_answers_503_and_not_nothing(rig):

    rig.deploy("app", TEXT)
    rig.rack.service_update("app", "api", ServiceUpdateOptions(count=0))
    status = (
        "import os,urllib.request as u,urllib.error as e\n"
        "try: print(u.urlopen(os.environ['API_URL']).status)\n"
        "except e.HTTPError as x: print(x.code)"
    )

    wait_for(lambda: docker("exec", pid(rig, "web"), "python3", "-c", status) == "503")
