"""The only door to Docker: one engine, typed values in and out, errors that users understand.

Control calls go through the SDK's low-level client, bounded in time; streams through
engine_streams.py, unbounded. Any number of threads may use one `Engine`. Nothing here decides
anything: what to create and when is the reconciler's and the builder's business.

Read containers.py and engine_values.py for the values, engine_parse.py for what every container
gets whatever its spec says.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from datetime import datetime
from threading import Event
from typing import Any
from urllib.parse import quote

from convox.core.errors import ConflictError, ConvoxError, FailedError, NotFoundError
from convox.core.stream import Chunks
from convox.providers.local import engine_parse as parse
from convox.providers.local.containers import Container, ContainerSpec
from convox.providers.local.engine_exec import attach_to, start_command
from convox.providers.local.engine_images import Images
from convox.providers.local.engine_link import Link, label_filters, pieces
from convox.providers.local.engine_streams import ExecSession, LogReader, json_lines
from convox.providers.local.engine_values import (
    EngineEvent,
    EngineInfo,
    Image,
    ImageSummary,
    Network,
    Volume,
)

_EVENTS = ("start", "die", "health_status", "oom", "destroy")
_KNOWN_LIMIT = 4096


class Engine:
    """A Docker engine behind a unix socket; connects at the first use.

    Every method raises UnavailableError when the engine does not answer.
    """

    def __init__(
        self, base_url: str = "unix:///var/run/docker.sock", *, timeout_s: int = 60
    ) -> None:
        self.address = base_url
        self._link = Link(base_url, timeout_s)
        self._images = Images(self._link)
        self._known: dict[str, Container] = {}

    # The engine itself

    @property
    def socket_path(self) -> str:
        """Path of the engine's socket, for the one reader that multiplexes many streams."""
        return self._link.path

    def ping(self) -> None:
        """Return if the engine answers."""
        with self._link.translated("reach the Docker engine"):
            self._link.client().ping()

    def info(self) -> EngineInfo:
        """Return what the engine and its machine are."""
        with self._link.translated("ask the Docker engine what it is"):
            client = self._link.client()
            info = client.info()
            return EngineInfo(
                version=info["ServerVersion"],
                api_version=client.api_version,
                cpus=info["NCPU"],
                memory_mib=info["MemTotal"] // (1024 * 1024),
                name=info["Name"],
            )

    def events(self, labels: Mapping[str, str], stop: Event) -> Iterator[EngineEvent]:
        """Yield what happens to containers with these labels, until `stop` or the engine ends."""
        filters = {**label_filters(labels), "type": ["container"], "event": list(_EVENTS)}
        raw = self._link.open("GET /events", "follow events", {"filters": json.dumps(filters)})
        for data in json_lines(raw, stop):
            event = parse.event_of(data)
            self._known.pop(event.id, None)
            yield event

    # Containers

    def create(self, spec: ContainerSpec) -> str:
        """Create a container and return its id; its image must be there."""
        with self._link.translated(f"create container {spec.name}"):
            answer = self._link.client().create_container_from_config(
                parse.container_config(spec), spec.name
            )
            id = str(answer["Id"])
        for network in spec.networks:
            try:
                self.connect(network, id)
            except ConvoxError:
                self.remove(id)
                raise
        return id

    def start(self, id: str) -> None:
        """Start a container; fine if it runs."""
        with self._changing(id, "start"):
            self._link.client().start(id)

    def stop(self, id: str, grace_s: int) -> None:
        """Ask a container to end and kill it after `grace_s`; blocks; fine if it has ended."""
        with self._changing(id, "stop"):
            self._link.client().stop(id, timeout=grace_s)

    def kill(self, id: str, signal: str = "KILL") -> None:
        """Send a signal; fine if the container has ended."""
        try:
            with self._changing(id, "kill"):
                self._link.client().kill(id, signal)
        except ConflictError:
            return

    def remove(self, id: str) -> None:
        """Remove a container, running or not, with its anonymous volumes; missing is fine."""
        try:
            with self._changing(id, "remove"):
                self._link.client(patient=True).remove_container(id, v=True, force=True)
        except (NotFoundError, ConflictError):
            # A conflict here is another removal already under way.
            return

    def inspect(self, id: str) -> Container:
        """Return a container by id or name."""
        with self._link.translated(f"inspect container {_short(id)}"):
            container = parse.inspected(self._link.client().inspect_container(id))
        if len(self._known) >= _KNOWN_LIMIT:
            self._known.clear()
        self._known[container.id] = container
        return container

    def containers(self, labels: Mapping[str, str], *, all: bool = True) -> list[Container]:
        """Return the containers with these labels; `all` includes those that do not run.

        One call, and one more for each container that changed since it was last seen here.
        """
        found = []
        for row in self._listed(labels, all=all):
            known = self._known.get(row["Id"])
            if known is None or not parse.still_holds(known, row):
                known = self._find(row["Id"])
            if known is not None:
                found.append(known)
        return found

    def wait(self, id: str, timeout_s: int) -> int:
        """Wait for the end of a container and return its exit code.

        Raises:
            UnavailableError: it did not end in time.
        """
        with self._link.translated(f"wait for container {_short(id)} for {timeout_s} s"):
            return int(self._link.client().wait(id, timeout=timeout_s)["StatusCode"])

    def update_limits(self, id: str, *, memory_mib: int = 0, cpu_units: int = 0) -> None:
        """Change the limits of a container in place; 0 leaves one as it is."""
        limits = parse.limits_config(memory_mib, cpu_units)
        with self._link.translated(f"limit container {_short(id)}"):
            self._link.client().update_container(
                id,
                mem_limit=limits.get("Memory"),
                memswap_limit=limits.get("MemorySwap"),
                cpu_shares=limits.get("CpuShares"),
                cpu_period=limits.get("CpuPeriod"),
                cpu_quota=limits.get("CpuQuota"),
            )

    def rename(self, id: str, name: str) -> None:
        """Give a container another name."""
        with self._changing(id, "rename"):
            self._link.client().rename(id, name)

    # Streams of containers

    def logs(
        self,
        id: str,
        *,
        since: datetime | None = None,
        follow: bool = False,
        tail: int | None = None,
    ) -> LogReader:
        """Return a reader of what a container wrote, oldest first; the caller closes it.

        `since` is inclusive, to the microsecond. A reader that follows ends with the container.
        """
        tty = self._is_terminal(id)
        query = {
            "stdout": "1",
            "stderr": "1",
            "timestamps": "1",
            "follow": "1" if follow else "0",
            "tail": "all" if tail is None else str(tail),
        }
        if since is not None:
            query["since"] = f"{since.timestamp():.6f}"
        request = f"GET /containers/{quote(id)}/logs"
        raw = self._link.open(request, f"read logs of {_short(id)}", query)
        return LogReader(raw, tty=tty)

    def exec_start(
        self,
        id: str,
        command: Sequence[str],
        *,
        tty: bool = False,
        stdin: bool = False,
        env: Mapping[str, str] | None = None,
        size: tuple[int, int] | None = None,
    ) -> ExecSession:
        """Run a command in a running container; the caller closes the session.

        Args:
            id: the container.
            command: program and arguments; no shell is added.
            tty: give it a terminal; its output is then one stream.
            stdin: whether it can be written to.
            env: more variables, by name.
            size: height and width of the terminal.
        """
        return start_command(
            self._link, id, command, tty=tty, stdin=stdin, env=env or {}, size=size
        )

    def attach(self, id: str, *, stdin: bool = False) -> ExecSession:
        """Return the streams of a container's own first process, from now on."""
        return attach_to(self._link, id, tty=self._is_terminal(id), stdin=stdin)

    def archive_get(self, id: str, path: str) -> Chunks:
        """Return a path of a container as an uncompressed tar; the caller closes it."""
        request = f"GET /containers/{quote(id)}/archive"
        return self._link.open(request, f"read {path} of {_short(id)}", {"path": path})

    def archive_put(self, id: str, path: str, body: Chunks) -> None:
        """Extract an uncompressed tar under a folder of a container."""
        with self._link.translated(f"write to {path} of {_short(id)}"):
            self._link.client(patient=True).put_archive(id, path, pieces(body))

    # Networks and volumes

    def connect(
        self, network: str, id: str, aliases: tuple[str, ...] = (), *, address: str = ""
    ) -> None:
        """Join a container to a network, at `address` if one is given."""
        with self._changing(id, f"join {network} to"):
            self._link.client().connect_container_to_network(
                id, network, aliases=list(aliases), ipv4_address=address or None
            )

    def disconnect(self, network: str, id: str) -> None:
        """Take a container out of a network; fine if it is not in it."""
        try:
            with self._changing(id, f"take out of {network}"):
                self._link.client().disconnect_container_from_network(id, network, force=True)
        except NotFoundError:
            return
        except FailedError as error:
            if "is not connected" not in error.why:
                raise

    def network_create(
        self, name: str, cidr: str, labels: Mapping[str, str], *, internal: bool = False
    ) -> str:
        """Create a bridge network and return its id; a name that is taken is a conflict."""
        subnets = [{"Subnet": cidr}] if cidr else []
        with self._link.translated(f"create network {name}"):
            answer = self._link.client().create_network(
                name,
                driver="bridge",
                ipam={"Driver": "default", "Config": subnets},
                check_duplicate=True,
                internal=internal,
                labels=dict(labels),
            )
            return str(answer["Id"])

    def network_remove(self, name: str) -> None:
        """Remove a network that no container is in; missing is fine."""
        try:
            with self._link.translated(f"remove network {name}"):
                self._link.client().remove_network(name)
        except NotFoundError:
            return

    def networks(self, labels: Mapping[str, str]) -> list[Network]:
        """Return the networks with these labels and the running containers in each."""
        with self._link.translated("list networks"):
            rows = self._link.client().networks(filters=label_filters(labels))
        running = self._listed({}, all=False) if rows else []
        return [parse.network_of(row, running) for row in rows]

    def volume_create(self, name: str, labels: Mapping[str, str]) -> None:
        """Create a volume; fine if it exists."""
        with self._link.translated(f"create volume {name}"):
            self._link.client().create_volume(name, labels=dict(labels))

    def volume_remove(self, name: str) -> None:
        """Remove a volume that no container uses; missing is fine."""
        try:
            with self._link.translated(f"remove volume {name}"):
                self._link.client(patient=True).remove_volume(name)
        except NotFoundError:
            return

    def volumes(self, labels: Mapping[str, str]) -> list[Volume]:
        """Return the volumes with these labels."""
        with self._link.translated("list volumes"):
            rows = self._link.client().volumes(filters=label_filters(labels))["Volumes"] or []
        return [Volume(row["Name"], row["Labels"] or {}) for row in rows]

    # Images

    def image_find(self, ref: str) -> Image | None:
        """Return an image that is here, or None."""
        return self._images.find(ref)

    def image_tag(self, source: str, ref: str) -> None:
        """Give an image one more name, REPOSITORY:TAG."""
        self._images.tag(source, ref)

    def image_remove(self, ref: str, *, force: bool = False) -> None:
        """Remove a name of an image, and the image with its last name; missing is fine."""
        self._images.remove(ref, force=force)

    def images(self, labels: Mapping[str, str]) -> list[ImageSummary]:
        """Return the images with these labels."""
        return self._images.listed(labels)

    def image_save(self, refs: Sequence[str]) -> Chunks:
        """Return images as one uncompressed tar; the caller closes it."""
        return self._images.save(refs)

    def image_load(self, body: Chunks) -> tuple[str, ...]:
        """Load images from a tar and return the names that it brought."""
        return self._images.load(body)

    def pull(self, ref: str, auth: Mapping[str, str] | None = None) -> Iterator[str]:
        """Pull an image, yielding lines of progress.

        Args:
            ref: name of the image; without a tag or digest it means `latest`.
            auth: `username` and `password`; None uses what `docker login` left on this machine.
        """
        return self._images.pull(ref, auth)

    def build(
        self, context: Iterable[bytes], options: Mapping[str, object], auths: Mapping[str, object]
    ) -> Iterator[str]:
        """Build with the engine's classic builder, yielding pieces of its output as they come.

        Args:
            context: a tar of the build's folder.
            options: parameters of "Build an image"; what is not text is sent as JSON.
            auths: credentials by registry.
        """
        return self._images.build(context, options, auths)

    # Inside

    def _changing(self, id: str, verb: str) -> AbstractContextManager[None]:
        self._known.pop(id, None)
        return self._link.translated(f"{verb} container {_short(id)}")

    def _listed(self, labels: Mapping[str, str], *, all: bool) -> list[dict[str, Any]]:
        with self._link.translated("list containers"):
            return list(self._link.client().containers(all=all, filters=label_filters(labels)))

    def _find(self, id: str) -> Container | None:
        try:
            return self.inspect(id)
        except NotFoundError:
            return None

    def _is_terminal(self, id: str) -> bool:
        return (self._known.get(id) or self.inspect(id)).tty


def _short(id: str) -> str:
    return id[:12] if len(id) == 64 else id
