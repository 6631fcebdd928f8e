"""What a release means: env, hosts, limits, mounts, and the digest over what cannot change."""

import pytest

from convox.api.types import Build, Release
from convox.core.errors import InvalidError
from convox.manifest import parse
from convox.manifest.envtext import parse_env
from convox.providers.local.containers import Mount
from convox.providers.local.desired import (
    DesiredService,
    Wish,
    host_paths,
    target_of,
)
from convox.providers.local.layout import Layout
from convox.providers.local.store.apps import ServiceRow

BUILD = Build(id="BONE", description="first", git_sha="abc")


@pytest.fixture
def layout(tmp_path) -> Layout:
    return Layout(tmp_path, "rack")


def wish(text: str, env: str = "", release: str = "RONE", **scales: ServiceRow) -> Wish:
    found = Release(id=release, app="app", build="BONE", manifest=text, env=env)
    return Wish("app", found, BUILD, parse(text, parse_env(env), filename="convox.yml"), scales)


def web(layout: Layout, text: str, env: str = "", **scales: ServiceRow) -> DesiredService:
    return target_of(layout, wish(f"services:\n  web:\n{text}", env, **scales)).services[0]


def test_defaults_are_the_manifest_s(layout):
    service = web(layout, "    port: 3000\n")

    assert service.image == "convox/rack/app:web.BONE"
    assert (service.count, service.cpu_units, service.memory_mib) == (1, 256, 512)
    assert (service.minimum, service.maximum, service.stop_first) == (50, 200, False)
    assert (service.drain_s, service.grace_s, service.start_limit_s) == (30, 30, 65)
    assert (service.health.path, service.health.interval_s, service.health.timeout_s) == ("/", 5, 4)


def test_a_service_without_port_has_no_host_and_no_drain(layout):
    service = web(layout, "    drain: 20\n")

    assert (service.hosts, service.drain_s, service.port) == ((), 0, 0)


def test_hosts_are_the_default_the_domains_and_the_link(layout):
    service = web(layout, "    port: 3000\n    domain: WWW.example.org, *.example.org\n")

    assert service.hosts == (
        "app-web.rack.localhost",
        "www.example.org",
        "*.example.org",
        "web.app.rack.convox",
    )


def test_an_internal_service_answers_inside_only(layout):
    inside = web(layout, "    port: 3000\n    internal: true\n")
    both = web(layout, "    port: 3000\n    internalAndExternal: true\n")

    assert inside.hosts == ("web.app.rack.convox",)
    assert "app-web.rack.localhost" in both.hosts


def test_values_win_over_own_variables_those_over_links_those_over_defaults(layout):
    text = (
        "services:\n  web:\n    links: [api]\n"
        "    environment: [A=default, B=default, RELEASE=mine, BUILD=x, API_URL=y]\n  api:\n"
    )
    env = target_of(layout, wish(text, "B=given\nBUILD=given\nHIDDEN=1")).services[0].env

    assert env["A"] == "default"
    assert env["B"] == "given"
    assert env["RELEASE"] == "RONE"
    assert env["BUILD"] == "given"
    assert env["API_URL"] == "http://api.app.rack.convox"
    assert env["BUILD_GIT_SHA"] == "abc"
    assert env["BUILD_DESCRIPTION"] == "first"
    assert (env["APP"], env["RACK"], env["SERVICE"]) == ("app", "rack", "web")
    assert "HIDDEN" not in env
    assert "PORT" not in env


def test_a_required_variable_without_value_is_refused(layout):
    with pytest.raises(InvalidError, match="required env: NEEDED"):
        web(layout, "    environment: [NEEDED]\n")


def test_scale_is_a_person_s_word_before_the_manifest_s(layout):
    asked = ServiceRow("web", count=5, memory=64)
    service = web(layout, "    scale: {count: 2, cpu: 100, memory: 200}\n", web=asked)

    assert (service.count, service.cpu_units, service.memory_mib) == (5, 100, 64)


def test_an_agent_runs_once_and_never_beside_itself(layout):
    service = web(layout, "    agent: true\n    scale: 3\n", web=ServiceRow("web", count=3))

    assert (service.count, service.stop_first) == (1, True)
    assert (service.minimum, service.maximum) == (0, 100)


def test_volumes_belong_to_the_app_and_are_the_same_for_every_service(layout):
    text = "services:\n  web:\n    volumes: [/data, shared:/mnt]\n  api:\n    volumes: ['/data']\n"
    first, second = target_of(layout, wish(text)).services

    assert [mount.target for mount in first.mounts] == ["/data", "/mnt"]
    assert first.mounts[0] == second.mounts[0]
    assert all(mount.source.startswith("convox.rack.app.") for mount in first.mounts)


def test_only_the_listed_paths_mean_the_host(layout):
    text = "services:\n  web:\n    volumes: ['/proc/:/host/proc', '/etc:/host/etc']\n"
    found = wish(text)

    service = target_of(layout, found).services[0]
    assert service.mounts[0] == Mount("/proc/", "/host/proc")
    assert service.mounts[1].source.startswith("convox.rack.app.")
    assert host_paths(found.manifest.services[0]) == ("/proc/",)


def test_an_unknown_scheme_is_refused_with_those_that_are_known(layout):
    with pytest.raises(InvalidError, match='unknown port scheme "ftp"') as caught:
        web(layout, "    port: ftp:21\n")
    assert "secure-grpc" in caught.value.fix


@pytest.mark.parametrize(
    ("text", "env"),
    [
        ("    command: other\n", ""),
        ("    environment: [A=2]\n", ""),
        ("    environment: [A=1]\n", "A=3"),
        ("    environment: [A=1]\n    scale: {memory: 100}\n", ""),
        ("    environment: [A=1]\n    privileged: true\n", ""),
        ("    environment: [A=1]\n    volumes: [/data]\n", ""),
        ("    environment: [A=1]\n    init: true\n", ""),
    ],
)
def test_whatever_a_container_cannot_change_changes_the_digest(layout, text, env):
    before = web(layout, "    environment: [A=1]\n")

    assert web(layout, text, env).spec != before.spec


def test_a_restart_changes_the_digest_and_a_count_does_not(layout):
    before = web(layout, "    port: 3000\n")

    restarted = web(layout, "    port: 3000\n", web=ServiceRow("web", restarts=1))
    scaled = web(layout, "    port: 3000\n", web=ServiceRow("web", count=9))
    same = web(layout, "    port: 3000\n", web=ServiceRow("web", 1, 256, 512))

    assert restarted.spec != before.spec
    assert scaled.spec == same.spec == before.spec


def test_a_target_finds_its_services(layout):
    target = target_of(layout, wish("services:\n  web:\n  api:\n"))

    assert target.find("api").name == "api"
    assert target.find("nothing") is None
