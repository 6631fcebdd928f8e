"""Between values and the engine's JSON: what create sends, what inspect and lists answer. Pure.

What every container gets whatever its spec says is in `container_config`; engine.py sends it.
Source: Docker Engine API 1.41, "Create a container", "Inspect a container", "List containers".
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from convox.providers.local.containers import (
    Container,
    ContainerSpec,
    Mount,
    PublishedPort,
)
from convox.providers.local.engine_values import EngineEvent, Image, ImageSummary, Network

Json = dict[str, Any]

PIDS_LIMIT = 4096
CPU_PERIOD_US = 1_000_000
"""A second, the longest there is: a process that starts may burst, the average still holds."""
_LOG_CONFIG = {
    "Type": "local",
    "Config": {"max-size": "10m", "max-file": "3", "compress": "false"},
}
"""Keeps bytes as they are, where json-file replaces those that are no UTF-8; no spare copy."""
_MIB = 1024 * 1024
_EXITED = re.compile(r"^(?:Exited|Dead|Restarting) \((-?\d+)\)")
_HEALTH = re.compile(r"\((?:health: )?(starting|healthy|unhealthy)\)")


def container_config(spec: ContainerSpec) -> Json:
    """Return the body of a create request."""
    config: Json = {
        "Image": spec.image,
        "Labels": dict(spec.labels),
        "Env": [f"{name}={value}" for name, value in spec.env.items()],
        "Tty": spec.tty,
        "StopTimeout": spec.stop_grace_s,
        "ExposedPorts": {f"{port.container_port}/tcp": {} for port in spec.published},
        "HostConfig": _host_config(spec),
    }
    if spec.command is not None:
        config["Cmd"] = list(spec.command)
    if spec.entrypoint is not None:
        # An empty list keeps the image's entry point; one empty string clears it.
        config["Entrypoint"] = list(spec.entrypoint) or [""]
    if spec.network:
        endpoint: Json = {"Aliases": list(spec.aliases)}
        if spec.address:
            endpoint["IPAMConfig"] = {"IPv4Address": spec.address}
        config["NetworkingConfig"] = {"EndpointsConfig": {spec.network: endpoint}}
    return config


def _host_config(spec: ContainerSpec) -> Json:
    return {
        "NetworkMode": spec.network or "none",
        "SecurityOpt": ["no-new-privileges"],
        "PidsLimit": PIDS_LIMIT,
        "LogConfig": _LOG_CONFIG,
        "RestartPolicy": {"Name": "always" if spec.restart_always else "no"},
        "Init": spec.init,
        "Privileged": spec.privileged,
        "CapDrop": list(spec.cap_drop),
        "CapAdd": list(spec.cap_add),
        "ReadonlyRootfs": spec.read_only,
        "Mounts": [_mount(mount) for mount in spec.mounts],
        "PortBindings": _bindings(spec.published),
        **limits_config(spec.memory_mib, spec.cpu_units),
    }


def _bindings(published: Sequence[PublishedPort]) -> Json:
    bindings: dict[str, list[Json]] = {}
    for port in published:
        binding = {"HostIp": port.host_ip, "HostPort": str(port.host_port)}
        bindings.setdefault(f"{port.container_port}/tcp", []).append(binding)
    return bindings


def limits_config(memory_mib: int, cpu_units: int) -> Json:
    """Return the limits in the engine's units; what is 0 is left out."""
    limits: Json = {}
    if memory_mib:
        limits |= {"Memory": memory_mib * _MIB, "MemorySwap": memory_mib * _MIB}
    if cpu_units:
        # The engine refuses less than 2 shares and less than a millisecond of quota.
        quota = max(1000, cpu_units * CPU_PERIOD_US // 1024)
        shares = max(2, cpu_units)
        limits |= {"CpuShares": shares, "CpuPeriod": CPU_PERIOD_US, "CpuQuota": quota}
    return limits


def _mount(mount: Mount) -> Json:
    return {
        "Type": "bind" if mount.source.startswith("/") else "volume",
        "Source": mount.source,
        "Target": mount.target,
        "ReadOnly": mount.read_only,
    }


def inspected(data: Json) -> Container:
    """Return the container that an inspect answered."""
    state = data["State"]
    return Container(
        id=data["Id"],
        name=data["Name"].lstrip("/"),
        image=data["Image"],
        labels=data["Config"]["Labels"] or {},
        status=state["Status"],
        health=_health_word((state.get("Health") or {}).get("Status", "")),
        exit_code=state["ExitCode"],
        oom_killed=state["OOMKilled"],
        error=state["Error"],
        created=moment(data["Created"]),
        started=moment(state["StartedAt"]),
        finished=moment(state["FinishedAt"]),
        addresses=_addresses(data),
        command=" ".join([data["Path"], *(data["Args"] or ())]),
        tty=data["Config"]["Tty"],
    )


def still_holds(known: Container, listed: Json) -> bool:
    """Tell whether a row of a list says nothing that an earlier inspect did not."""
    return (
        known.status == listed["State"]
        and known.health == listed_health(listed)
        and known.addresses == _addresses(listed)
        and known.name == listed["Names"][0].lstrip("/")
        and listed_exit_code(listed) in (None, known.exit_code)
    )


def listed_health(listed: Json) -> str:
    """Return the health that the status text of a row in a list tells."""
    found = _HEALTH.search(listed["Status"])
    return found.group(1) if found else ""


def listed_exit_code(listed: Json) -> int | None:
    """Return the exit code that the status text of a row in a list tells, if any."""
    found = _EXITED.match(listed["Status"])
    return int(found.group(1)) if found else None


def _health_word(word: str) -> str:
    return "" if word == "none" else word


def _addresses(data: Json) -> dict[str, str]:
    networks = data["NetworkSettings"]["Networks"] or {}
    return {name: endpoint["IPAddress"] for name, endpoint in networks.items()}


def image_of(data: Json) -> Image:
    """Return the image that an inspect answered."""
    config = data.get("Config") or {}
    test = (config.get("Healthcheck") or {}).get("Test") or []
    return Image(
        id=data["Id"],
        labels=config.get("Labels") or {},
        tags=tuple(data.get("RepoTags") or ()),
        cmd=tuple(config.get("Cmd") or ()),
        entrypoint=tuple(config.get("Entrypoint") or ()),
        env=_pairs(config.get("Env") or ()),
        healthcheck=bool(test) and test[0] != "NONE",
        exposed=_tcp_ports(config.get("ExposedPorts") or {}),
        stop_signal=config.get("StopSignal") or "",
    )


def _tcp_ports(exposed: Mapping[str, object]) -> tuple[int, ...]:
    ports = (name.partition("/") for name in exposed)
    return tuple(sorted(int(port) for port, _, protocol in ports if protocol in ("", "tcp")))


def _pairs(env: Sequence[str]) -> dict[str, str]:
    split = (entry.partition("=") for entry in env)
    return {name: value for name, _, value in split}


def image_summary_of(data: Json) -> ImageSummary:
    """Return an image as a row of a list tells it."""
    tags = tuple(tag for tag in data.get("RepoTags") or () if tag != "<none>:<none>")
    return ImageSummary(id=data["Id"], tags=tags, labels=data.get("Labels") or {})


def network_of(data: Json, listed_containers: Sequence[Json]) -> Network:
    """Return a network of a list, with those of the containers that are in it."""
    subnets = (data.get("IPAM") or {}).get("Config") or [{}]
    members = tuple(
        row["Id"]
        for row in listed_containers
        if data["Name"] in (row["NetworkSettings"]["Networks"] or {})
    )
    return Network(
        name=data["Name"],
        id=data["Id"],
        cidr=subnets[0].get("Subnet", ""),
        labels=data.get("Labels") or {},
        containers=members,
    )


def event_of(data: Json) -> EngineEvent:
    """Return a container event; attributes of the actor are its labels and a few facts."""
    action, _, detail = data["Action"].partition(": ")
    attributes = data["Actor"]["Attributes"] or {}
    return EngineEvent(
        action=action,
        id=data["Actor"]["ID"],
        labels=attributes,
        at=datetime.fromtimestamp(data["timeNano"] / 1e9, UTC),
        detail=detail or attributes.get("exitCode", ""),
    )


def moment(text: str) -> datetime | None:
    """Return a time of the engine; its zero time, the year 1, is None."""
    return None if not text or text.startswith("0001-") else datetime.fromisoformat(text)
