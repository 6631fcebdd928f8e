"""A Docker engine in memory, with the public methods of `Engine` and knobs for tests.

Knobs: `add_image`, `pullable`, `down`, `failures` (method name to the error it raises), `finish`
(a process ends), `set_health`, `write` (a container's output), `on_exec` (what a command answers),
`on_build`. Everything asked is in `calls`, as (method, first argument).
"""

from __future__ import annotations

import io
import json
import tarfile
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from threading import Condition, Event

from convox.core.errors import (
    ConflictError,
    ConvoxError,
    FailedError,
    NotFoundError,
    UnavailableError,
)
from convox.core.stream import Chunks
from convox.providers.local.containers import Container, ContainerSpec
from convox.providers.local.engine_values import (
    EngineEvent,
    EngineInfo,
    Image,
    ImageSummary,
    LogEntry,
    Network,
    Volume,
)


class Body:
    """Bytes as `Chunks`."""

    def __init__(self, data: bytes) -> None:
        self._file = io.BytesIO(data)
        self.closed = False

    def read(self, size: int = 65536, /) -> bytes:
        return self._file.read(size)

    def close(self) -> None:
        self.closed = True


class FakeLogReader:
    """What was written when it was made; with follow, also what comes until the process ends."""

    def __init__(self, engine: FakeEngine, id: str, start: int, *, follow: bool) -> None:
        self._engine = engine
        self._id = id
        self._next = start
        self._follow = follow
        self.closed = False

    def __iter__(self) -> Iterator[LogEntry]:
        while (entry := self._engine.next_entry(self._id, self._next, self)) is not None:
            self._next += 1
            yield entry

    def wants_more(self) -> bool:
        return self._follow and not self.closed

    def close(self) -> None:
        self.closed = True
        self._engine.notify()


class FakeExec:
    """A command: it reads its input to the end if it has any, then `on_exec` answers it."""

    def __init__(
        self,
        command: tuple[str, ...],
        answer: Callable[[tuple[str, ...], bytes], tuple[bytes, int]],
        *,
        stdin: bool,
    ) -> None:
        self.command = command
        self.input = b""
        self.size: tuple[int, int] | None = None
        self.closed = Event()
        self._answer = answer
        self._ready = Event()
        self._read = False
        if not stdin:
            self._ready.set()

    def read(self) -> bytes:
        self._ready.wait(10)
        if self._read or self.closed.is_set():
            return b""
        self._read = True
        return self._answer(self.command, self.input)[0]

    def write(self, data: bytes) -> None:
        if self.closed.is_set():
            raise BrokenPipeError("closed")
        self.input += data

    def end_input(self) -> None:
        self._ready.set()

    def hang_up(self) -> None:
        self._ready.set()

    def close(self) -> None:
        self.closed.set()
        self._ready.set()

    def exit_code(self) -> int:
        return self._answer(self.command, self.input)[1]

    def resize(self, height: int, width: int) -> None:
        self.size = (height, width)


@dataclass
class Inside:
    """What the fake knows of a container beyond its report."""

    spec: ContainerSpec
    log: list[LogEntry] = field(default_factory=list)
    files: dict[str, bytes] = field(default_factory=dict)
    aliases: dict[str, tuple[str, ...]] = field(default_factory=dict)


class FakeEngine:
    """An engine whose whole state is in memory; safe from any thread."""

    socket_path = "/nonexistent/docker.sock"
    """Nothing listens there; tests/fakes/log_engine.py has an engine that does."""

    def __init__(self) -> None:
        self.now = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
        self.address = "unix:///fake.sock"
        self.down = False
        self.stubborn = False
        """Whether processes ignore SIGTERM, so that stop ends them with 137."""
        self.failures: dict[str, ConvoxError] = {}
        self.calls: list[tuple[str, str]] = []
        self.pullable: set[str] = set()
        self.auths: list[Mapping[str, str] | None] = []
        self.on_exec: Callable[[tuple[str, ...], bytes], tuple[bytes, int]] = lambda c, i: (i, 0)
        self.on_build: Callable[[Mapping[str, object]], list[str]] = lambda options: ["ok\n"]
        self.sessions: list[FakeExec] = []
        self.inside: dict[str, Inside] = {}
        self._containers: dict[str, Container] = {}
        self._images: dict[str, Image] = {}
        self._networks: dict[str, Network] = {}
        self._volumes: dict[str, Volume] = {}
        self._events: list[EngineEvent] = []
        self._changed = Condition()
        self._number = 0

    # Knobs

    def add_image(self, ref: str, **facts: object) -> Image:
        """Put an image there, by name."""
        labels: Mapping[str, str] = facts.pop("labels", {})  # type: ignore[assignment]
        image = Image(id=f"sha256:{self._new_id()}", labels=labels, **facts)  # type: ignore[arg-type]
        self._images[ref] = image
        return image

    def finish(self, id: str, code: int, *, oom: bool = False) -> None:
        """Let the process of a container end by itself."""
        self._end(self._get(id), code, oom=oom)

    def set_health(self, id: str, word: str) -> None:
        """Let a HEALTHCHECK report."""
        self._put(replace(self._get(id), health=word), "health_status", word)

    def write(self, id: str, line: str, stream: str = "stdout") -> None:
        """Let a container write a line."""
        with self._changed:
            self.inside[id].log.append(LogEntry(stream, self._tick(), line.encode()))
            self._changed.notify_all()

    def image_names(self) -> set[str]:
        """Return every name that an image has."""
        return set(self._images)

    def notify(self) -> None:
        """Wake whoever waits for a change."""
        with self._changed:
            self._changed.notify_all()

    def next_entry(self, id: str, index: int, reader: FakeLogReader) -> LogEntry | None:
        """Return a line of a log, waiting for it if the reader follows a process that runs."""
        with self._changed:
            while id in self.inside:
                log = self.inside[id].log
                if index < len(log) and not reader.closed:
                    return log[index]
                if not reader.wants_more() or self._containers[id].status != "running":
                    return None
                self._changed.wait(0.2)
        return None

    # The engine itself

    def ping(self) -> None:
        self._called("ping")

    def info(self) -> EngineInfo:
        self._called("info")
        return EngineInfo("20.10.24", "1.41", cpus=2, memory_mib=4096, name="fake")

    def events(self, labels: Mapping[str, str], stop: Event) -> Iterator[EngineEvent]:
        self._called("events")
        index = len(self._events)
        while not stop.is_set() and not self.down:
            with self._changed:
                if index >= len(self._events):
                    self._changed.wait(0.05)
                fresh = self._events[index:]
                index = len(self._events)
            yield from (event for event in fresh if _matches(event.labels, labels))

    # Containers

    def create(self, spec: ContainerSpec) -> str:
        self._called("create", spec.name)
        if any(known.name == spec.name for known in self._containers.values()):
            raise ConflictError(f"cannot create container {spec.name}", why="the name is in use")
        image = self._image(spec.image)
        if image is None:
            raise NotFoundError(f"cannot create container {spec.name}", why="no such image")
        if spec.network and spec.network not in self._networks:
            raise NotFoundError(f"cannot create container {spec.name}", why="no such network")
        container = Container(
            id=self._new_id(),
            name=spec.name,
            image=image.id,
            labels={**image.labels, **spec.labels},
            status="created",
            health="",
            created=self._tick(),
            addresses={spec.network: ""} if spec.network else {},
            command=" ".join(spec.command or image.cmd),
            tty=spec.tty,
        )
        self.inside[container.id] = Inside(spec, aliases={spec.network: spec.aliases})
        self._containers[container.id] = container
        return container.id

    def start(self, id: str) -> None:
        self._called("start", id)
        container = self._get(id)
        if container.status == "running":
            return
        image = self._image(self.inside[id].spec.image)
        self._put(
            replace(
                container,
                status="running",
                started=self._tick(),
                finished=None,
                health="starting" if image and image.healthcheck else "",
                addresses={name: self._new_address() for name in container.addresses},
            ),
            "start",
        )

    def stop(self, id: str, grace_s: int) -> None:
        self._called("stop", id)
        self._end(self._get(id), 137 if self.stubborn else 143)

    def kill(self, id: str, signal: str = "KILL") -> None:
        self._called("kill", id)
        self._end(self._get(id), 137 if signal == "KILL" else 143)

    def remove(self, id: str) -> None:
        self._called("remove", id)
        found = self._find(id)
        if found is not None:
            self._end(found, 137)
            del self._containers[found.id], self.inside[found.id]
            self._say(found, "destroy")

    def inspect(self, id: str) -> Container:
        self._called("inspect", id)
        return self._get(id)

    def containers(self, labels: Mapping[str, str], *, all: bool = True) -> list[Container]:
        self._called("containers")
        return [
            container
            for container in list(self._containers.values())
            if _matches(container.labels, labels) and (all or container.status == "running")
        ]

    def wait(self, id: str, timeout_s: int) -> int:
        self._called("wait", id)
        with self._changed:
            ended = self._changed.wait_for(lambda: self._ended(id), timeout_s)
        if not ended:
            raise UnavailableError(f"cannot wait for container {id[:12]} for {timeout_s} s")
        found = self._find(id)
        return found.exit_code if found else 0

    def update_limits(self, id: str, *, memory_mib: int = 0, cpu_units: int = 0) -> None:
        self._called("update_limits", id)
        known = self.inside[self._get(id).id]
        known.spec = replace(
            known.spec,
            memory_mib=memory_mib or known.spec.memory_mib,
            cpu_units=cpu_units or known.spec.cpu_units,
        )

    def rename(self, id: str, name: str) -> None:
        self._called("rename", id)
        if any(known.name == name for known in self._containers.values()):
            raise ConflictError(f"cannot rename container {id[:12]}", why="the name is in use")
        container = self._get(id)
        self._containers[container.id] = replace(container, name=name)

    # Streams of containers

    def logs(
        self,
        id: str,
        *,
        since: datetime | None = None,
        follow: bool = False,
        tail: int | None = None,
    ) -> FakeLogReader:
        self._called("logs", id)
        log = self.inside[self._get(id).id].log
        start = 0 if since is None else sum(1 for entry in log if entry.at < since)
        if tail is not None:
            start = max(start, len(log) - tail)
        return FakeLogReader(self, id, start, follow=follow)

    def exec_start(
        self,
        id: str,
        command: Sequence[str],
        *,
        tty: bool = False,
        stdin: bool = False,
        env: Mapping[str, str] | None = None,
        size: tuple[int, int] | None = None,
    ) -> FakeExec:
        self._called("exec_start", id)
        if self._get(id).status != "running":
            raise ConflictError(f"cannot run {command[0]} in {id[:12]}", why="it is not running")
        session = FakeExec(tuple(command), self.on_exec, stdin=stdin)
        session.size = size
        self.sessions.append(session)
        return session

    def attach(self, id: str, *, stdin: bool = False) -> FakeExec:
        self._called("attach", id)
        session = FakeExec((), self.on_exec, stdin=stdin)
        self.sessions.append(session)
        return session

    def archive_get(self, id: str, path: str) -> Chunks:
        self._called("archive_get", id)
        found = {
            name: data
            for name, data in self.inside[self._get(id).id].files.items()
            if name == path or name.startswith(path.rstrip("/") + "/")
        }
        if not found:
            raise NotFoundError(f"cannot read {path} of {id[:12]}", why="no such file")
        parent = path.rstrip("/").rpartition("/")[0]
        return Body(tar_of({name[len(parent) + 1 :]: data for name, data in found.items()}))

    def archive_put(self, id: str, path: str, body: Chunks) -> None:
        self._called("archive_put", id)
        data = b"".join(iter(body.read, b""))
        files = self.inside[self._get(id).id].files
        with tarfile.open(fileobj=io.BytesIO(data)) as archive:
            for member in archive:
                if (content := archive.extractfile(member)) is not None:
                    files[f"{path.rstrip('/')}/{member.name.lstrip('/')}"] = content.read()

    # Networks and volumes

    def connect(self, network: str, id: str, aliases: tuple[str, ...] = ()) -> None:
        self._called("connect", network)
        container = self._get(id)
        if network not in self._networks:
            raise NotFoundError(f"cannot join {network}", why="no such network")
        if network in container.addresses:
            raise FailedError(f"cannot join {network}", why="it is already in it")
        address = self._new_address() if container.status == "running" else ""
        self.inside[container.id].aliases[network] = aliases
        addresses = {**container.addresses, network: address}
        self._containers[container.id] = replace(container, addresses=addresses)

    def disconnect(self, network: str, id: str) -> None:
        self._called("disconnect", network)
        found = self._find(id)
        if found is not None:
            addresses = {name: ip for name, ip in found.addresses.items() if name != network}
            self._containers[found.id] = replace(found, addresses=addresses)

    def network_create(
        self, name: str, cidr: str, labels: Mapping[str, str], *, internal: bool = False
    ) -> str:
        self._called("network_create", name)
        if name in self._networks:
            raise ConflictError(f"cannot create network {name}", why="it already exists")
        self._networks[name] = Network(name, self._new_id(), cidr, dict(labels))
        return self._networks[name].id

    def network_remove(self, name: str) -> None:
        self._called("network_remove", name)
        if self._members(name):
            raise FailedError(f"cannot remove network {name}", why="it has active endpoints")
        self._networks.pop(name, None)

    def networks(self, labels: Mapping[str, str]) -> list[Network]:
        self._called("networks")
        return [
            replace(network, containers=self._members(network.name))
            for network in self._networks.values()
            if _matches(network.labels, labels)
        ]

    def volume_create(self, name: str, labels: Mapping[str, str]) -> None:
        self._called("volume_create", name)
        self._volumes.setdefault(name, Volume(name, dict(labels)))

    def volume_remove(self, name: str) -> None:
        self._called("volume_remove", name)
        self._volumes.pop(name, None)

    def volumes(self, labels: Mapping[str, str]) -> list[Volume]:
        self._called("volumes")
        return [known for known in self._volumes.values() if _matches(known.labels, labels)]

    # Images

    def image_find(self, ref: str) -> Image | None:
        self._called("image_find", ref)
        return self._image(ref)

    def image_tag(self, source: str, ref: str) -> None:
        self._called("image_tag", ref)
        image = self._image(source)
        if image is None:
            raise NotFoundError(f"cannot tag image {source} as {ref}", why="no such image")
        self._images[ref] = image

    def image_remove(self, ref: str, *, force: bool = False) -> None:
        self._called("image_remove", ref)
        self._images.pop(ref, None)

    def images(self, labels: Mapping[str, str]) -> list[ImageSummary]:
        self._called("images")
        found: dict[str, ImageSummary] = {}
        for name, image in self._images.items():
            if _matches(image.labels, labels):
                tags = (*found[image.id].tags, name) if image.id in found else (name,)
                found[image.id] = ImageSummary(image.id, tags, image.labels)
        return list(found.values())

    def image_save(self, refs: Sequence[str]) -> Chunks:
        self._called("image_save", ",".join(refs))
        saved = {ref: [self._images[ref].id, dict(self._images[ref].labels)] for ref in refs}
        return Body(tar_of({"images.json": json.dumps(saved).encode()}))

    def image_load(self, body: Chunks) -> tuple[str, ...]:
        self._called("image_load")
        data = b"".join(iter(body.read, b""))
        with tarfile.open(fileobj=io.BytesIO(data)) as archive:
            content = archive.extractfile("images.json")
            assert content is not None
            saved = list(json.load(content).values())
            # As the engine: the last entry of a name counts.
            index = archive.extractfile("manifest.json")
            assert index is not None
            refs = [tag for entry in json.load(index) for tag in entry["RepoTags"] or ()]
        for ref, (id, labels) in zip(refs, saved, strict=True):
            self._images[ref] = Image(id=id, labels=labels)
        return tuple(refs)

    def pull(self, ref: str, auth: Mapping[str, str] | None = None) -> Iterator[str]:
        self._called("pull", ref)
        self.auths.append(auth)
        if ref not in self.pullable:
            raise FailedError(f"cannot pull {ref}", why="pull access denied")
        self.add_image(ref)
        yield f"Pulling from {ref}"

    def build(
        self, context: Iterable[bytes], options: Mapping[str, object], auths: Mapping[str, object]
    ) -> Iterator[str]:
        self._called("build")
        b"".join(context)
        yield from self.on_build(options)
        labels: dict[str, str] = options.get("labels", {})  # type: ignore[assignment]
        self.add_image(str(options["t"]), labels=labels)

    # Inside

    def _called(self, method: str, about: str = "") -> None:
        self.calls.append((method, about))
        if self.down:
            raise UnavailableError("the Docker engine does not answer at fake")
        if method in self.failures:
            raise self.failures[method]

    def _get(self, id: str) -> Container:
        found = self._find(id)
        if found is None:
            raise NotFoundError(f"cannot inspect container {id[:12]}", why="no such container")
        return found

    def _image(self, ref: str) -> Image | None:
        by_id = {image.id: image for image in self._images.values()}
        return self._images.get(ref) or self._images.get(f"{ref}:latest") or by_id.get(ref)

    def _find(self, id: str) -> Container | None:
        for container in list(self._containers.values()):
            if id in (container.id, container.name) or container.id.startswith(id):
                return container
        return None

    def _ended(self, id: str) -> bool:
        found = self._find(id)
        return found is None or found.status == "exited"

    def _end(self, container: Container, code: int, *, oom: bool = False) -> None:
        if container.status == "running":
            ended = replace(
                container,
                status="exited",
                exit_code=code,
                oom_killed=oom,
                finished=self._tick(),
                addresses=dict.fromkeys(container.addresses, ""),
            )
            self._put(ended, "die", str(code))

    def _put(self, container: Container, action: str, detail: str = "") -> None:
        self._containers[container.id] = container
        self._say(container, action, detail)

    def _say(self, container: Container, action: str, detail: str = "") -> None:
        with self._changed:
            self._events.append(
                EngineEvent(action, container.id, container.labels, self.now, detail)
            )
            self._changed.notify_all()

    def _members(self, network: str) -> tuple[str, ...]:
        return tuple(
            container.id
            for container in self._containers.values()
            if network in container.addresses and container.status == "running"
        )

    def _tick(self) -> datetime:
        self.now += timedelta(milliseconds=1)
        return self.now

    def _new_id(self) -> str:
        self._number += 1
        return f"{self._number:012x}" + "0" * 52

    def _new_address(self) -> str:
        self._number += 1
        return f"10.88.{self._number // 250}.{self._number % 250 + 2}"


def tar_of(files: Mapping[str, bytes]) -> bytes:
    """Return an uncompressed tar of these files."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as archive:
        for name, data in files.items():
            entry = tarfile.TarInfo(name)
            entry.size = len(data)
            archive.addfile(entry, io.BytesIO(data))
    return buffer.getvalue()


def _matches(labels: Mapping[str, str], wanted: Mapping[str, str]) -> bool:
    return all(name in labels and value in ("", labels[name]) for name, value in wanted.items())
