from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from convox.providers.local import engine_parse as parse
from convox.providers.local.containers import ContainerSpec, Mount, PublishedPort

SPEC = ContainerSpec(name="c", image="i", labels={"a": "1"})
INSPECTED = {
    "Id": "f" * 64,
    "Name": "/convox.dev.app.web.1",
    "Image": "sha256:1",
    "Created": "2026-01-02T03:04:05.123456789Z",
    "Path": "sh",
    "Args": ["-c", "sleep 1"],
    "Config": {"Labels": {"a": "1"}, "Tty": True},
    "State": {
        "Status": "exited",
        "ExitCode": 137,
        "OOMKilled": True,
        "Error": "boom",
        "StartedAt": "2026-01-02T03:04:06Z",
        "FinishedAt": "0001-01-01T00:00:00Z",
        "Health": {"Status": "unhealthy"},
    },
    "NetworkSettings": {"Networks": {"net": {"IPAddress": "10.0.0.2"}}},
}
LISTED = {
    "Id": "f" * 64,
    "Names": ["/convox.dev.app.web.1"],
    "State": "exited",
    "Status": "Exited (137) 2 minutes ago (unhealthy)",
    "NetworkSettings": {"Networks": {"net": {"IPAddress": "10.0.0.2"}}},
}


def host(**changes):
    return parse.container_config(replace(SPEC, **changes))["HostConfig"]


def test_every_container_is_bounded_whatever_its_spec_says():
    config = host(privileged=True, restart_always=True)

    assert config["SecurityOpt"] == ["no-new-privileges"]
    assert config["PidsLimit"] == 4096
    assert config["LogConfig"]["Type"] == "local"
    assert config["LogConfig"]["Config"].keys() >= {"max-size", "max-file"}


def test_without_a_network_there_is_none_at_all():
    config = parse.container_config(SPEC)

    assert config["HostConfig"]["NetworkMode"] == "none"
    assert "NetworkingConfig" not in config


def test_the_network_is_joined_with_its_aliases():
    config = parse.container_config(replace(SPEC, network="net", aliases=("a", "b")))

    assert config["HostConfig"]["NetworkMode"] == "net"
    assert config["NetworkingConfig"] == {"EndpointsConfig": {"net": {"Aliases": ["a", "b"]}}}


def test_memory_is_a_limit_with_swap_included():
    config = host(memory_mib=512)

    assert config["Memory"] == config["MemorySwap"] == 512 * 1024 * 1024


@pytest.mark.parametrize(
    ("units", "shares", "quota"), [(1024, 1024, 1_000_000), (256, 256, 250_000), (1, 2, 1000)]
)
def test_cpu_is_a_share_and_a_quota(units, shares, quota):
    config = host(cpu_units=units)

    assert (config["CpuShares"], config["CpuQuota"]) == (shares, quota)
    assert config["CpuPeriod"] == 1_000_000


def test_no_limit_is_asked_for_where_none_is_given():
    assert parse.limits_config(0, 0) == {}


@pytest.mark.parametrize(("entrypoint", "sent"), [(("a", "b"), ["a", "b"]), ((), [""])])
def test_an_entry_point_is_replaced_or_cleared(entrypoint, sent):
    assert parse.container_config(replace(SPEC, entrypoint=entrypoint))["Entrypoint"] == sent


def test_the_images_own_command_and_entry_point_are_kept():
    config = parse.container_config(SPEC)

    assert "Cmd" not in config
    assert "Entrypoint" not in config


def test_mounts_are_volumes_or_folders_of_the_host():
    mounts = host(mounts=(Mount("data", "/data"), Mount("/etc/x", "/x", read_only=True)))["Mounts"]

    assert mounts == [
        {"Type": "volume", "Source": "data", "Target": "/data", "ReadOnly": False},
        {"Type": "bind", "Source": "/etc/x", "Target": "/x", "ReadOnly": True},
    ]


def test_published_ports_are_bound_to_the_address_given():
    ports = (PublishedPort("127.0.0.1", 8443, 443), PublishedPort("::1", 8443, 443))

    config = parse.container_config(replace(SPEC, published=ports))

    assert config["ExposedPorts"] == {"443/tcp": {}}
    assert config["HostConfig"]["PortBindings"] == {
        "443/tcp": [
            {"HostIp": "127.0.0.1", "HostPort": "8443"},
            {"HostIp": "::1", "HostPort": "8443"},
        ]
    }


def test_the_rest_of_a_spec_reaches_the_engine():
    config = parse.container_config(
        replace(
            SPEC,
            command=("run",),
            env={"A": "1=2"},
            tty=True,
            stop_grace_s=7,
            init=True,
            cap_drop=("ALL",),
            cap_add=("CHOWN",),
            read_only=True,
            restart_always=True,
        )
    )

    sent = config["HostConfig"]
    assert (config["Cmd"], config["Env"], config["Tty"]) == (["run"], ["A=1=2"], True)
    assert config["StopTimeout"] == 7
    assert (sent["Init"], sent["CapDrop"], sent["CapAdd"]) == (True, ["ALL"], ["CHOWN"])
    assert (sent["ReadonlyRootfs"], sent["RestartPolicy"]) == (True, {"Name": "always"})
    assert host()["RestartPolicy"] == {"Name": "no"}


def test_reads_what_inspect_answers():
    container = parse.inspected(INSPECTED)

    assert container.pid == "f" * 12
    assert container.name == "convox.dev.app.web.1"
    assert (container.status, container.exit_code, container.oom_killed) == ("exited", 137, True)
    assert (container.health, container.error) == ("unhealthy", "boom")
    assert container.created == datetime(2026, 1, 2, 3, 4, 5, 123456, UTC)
    assert container.started == datetime(2026, 1, 2, 3, 4, 6, tzinfo=UTC)
    assert container.finished is None
    assert container.addresses == {"net": "10.0.0.2"}
    assert (container.command, container.tty) == ("sh -c sleep 1", True)


def test_a_listing_that_says_nothing_new_needs_no_inspect():
    assert parse.still_holds(parse.inspected(INSPECTED), LISTED)


@pytest.mark.parametrize(
    "change",
    [
        {"State": "running", "Status": "Up 2 minutes (unhealthy)"},
        {"Status": "Exited (0) 2 minutes ago (unhealthy)"},
        {"Status": "Exited (137) 2 minutes ago (healthy)"},
        {"Names": ["/other"]},
        {"NetworkSettings": {"Networks": {}}},
    ],
)
def test_a_listing_that_says_something_new_does(change):
    assert not parse.still_holds(parse.inspected(INSPECTED), {**LISTED, **change})


@pytest.mark.parametrize(
    ("status", "health"),
    [
        ("Up 3 seconds (health: starting)", "starting"),
        ("Up About a minute (healthy)", "healthy"),
        ("Up 3 seconds", ""),
        ("Up 3 seconds (Paused)", ""),
    ],
)
def test_health_is_in_the_status_text(status, health):
    assert parse.listed_health({"Status": status}) == health


@pytest.mark.parametrize(
    ("test", "has"), [(["CMD", "x"], True), (["NONE"], False), ([], False), (None, False)]
)
def test_knows_whether_an_image_checks_its_health(test, has):
    image = parse.image_of({"Id": "1", "Config": {"Healthcheck": {"Test": test}}})

    assert image.healthcheck is has


def test_reads_what_an_image_says():
    image = parse.image_of(
        {
            "Id": "sha256:1",
            "RepoTags": ["a:1"],
            "Config": {
                "Labels": None,
                "Cmd": ["run"],
                "Entrypoint": None,
                "Env": ["A=1=2", "B"],
                "ExposedPorts": {"8080/tcp": {}, "53/udp": {}, "80/tcp": {}},
            },
        }
    )

    assert (image.cmd, image.entrypoint, image.labels) == (("run",), (), {})
    assert image.env == {"A": "1=2", "B": ""}
    assert image.exposed == (80, 8080)


def test_an_image_without_a_name_has_none():
    listed = {"Id": "1", "RepoTags": ["<none>:<none>"], "Labels": None}

    assert parse.image_summary_of(listed).tags == ()


def test_a_network_knows_who_is_in_it():
    network = {"Name": "net", "Id": "1", "IPAM": {"Config": [{"Subnet": "10.0.0.0/26"}]}}

    read = parse.network_of(network, [LISTED, {**LISTED, "NetworkSettings": {"Networks": None}}])

    assert (read.cidr, read.containers) == ("10.0.0.0/26", ("f" * 64,))


@pytest.mark.parametrize(
    ("action", "attributes", "name", "detail"),
    [
        ("health_status: healthy", {}, "health_status", "healthy"),
        ("die", {"exitCode": "3", "convox.app": "a"}, "die", "3"),
        ("start", {}, "start", ""),
    ],
)
def test_reads_events(action, attributes, name, detail):
    data = {
        "Action": action,
        "Actor": {"ID": "1", "Attributes": attributes},
        "timeNano": 1_600_000_000_000_000_000,
    }

    event = parse.event_of(data)

    assert (event.action, event.detail, event.labels) == (name, detail, attributes)
    assert event.at == datetime.fromtimestamp(1_600_000_000, UTC)
