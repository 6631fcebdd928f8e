"""Processes of apps: list, run, exec, stop, their logs and files. One-offs are reaped.

What exists is what the engine reports under the rack's labels; nothing is remembered here, so a
rack that was killed goes on where it was. A service's process that is stopped is replaced by the
reconciler. Stopping may take as long as a process likes, so it goes on after the answer.
Read oneoff.py, process_view.py, shell.py and files.py for the parts.
"""

from __future__ import annotations

import logging
import secrets
from collections.abc import Callable
from concurrent.futures import Future
from concurrent.futures import TimeoutError as StillRunningError
from threading import Event, Thread

from convox.api.types import (
    FilesDeleteOptions,
    FilesDownloadOptions,
    LogsOptions,
    Process,
    ProcessExecOptions,
    ProcessListOptions,
    ProcessRunOptions,
)
from convox.core.clock import Clock
from convox.core.errors import ConflictError, ConvoxError, InvalidError, NotFoundError
from convox.core.stream import Chunks, LogFeed, Stream
from convox.providers.local import files
from convox.providers.local.containers import Container, ContainerSpec, Mount
from convox.providers.local.desired import DesiredService
from convox.providers.local.engine import Engine
from convox.providers.local.layout import (
    LABEL_APP,
    LABEL_GRACE,
    LABEL_KIND,
    LABEL_RACK,
    Layout,
)
from convox.providers.local.logs import Logs
from convox.providers.local.oneoff import GRACE_S, OneOff, is_due, is_late, oneoff_spec
from convox.providers.local.process_view import KINDS, ONCE, process_of
from convox.providers.local.shell import carry
from convox.providers.local.store import Store
from convox.providers.local.wishes import Wishes

log = logging.getLogger(__name__)
_REAP_EVERY_S = 5.0
_ACCEPTED_S = 0.3


class Processes:
    """The noun of the contract, and the reaper of one-offs."""

    def __init__(  # noqa: PLR0913  each is a part that tests replace
        self,
        engine: Engine,
        store: Store,
        layout: Layout,
        logs: Logs,
        wishes: Wishes,
        clock: Clock,
        *,
        instance: str = "",
        ensure_network: Callable[[str], None] = lambda app: None,
        condition: Callable[[str, str], str] = lambda app, container: "",
    ) -> None:
        """Join the parts; nothing runs before `start`.

        Args:
            engine: runs containers.
            store: knows apps.
            layout: names things.
            logs: collects what one-offs write.
            wishes: says what a service of a release means.
            clock: time of deadlines.
            instance: id of the rack's one instance.
            ensure_network: makes an app's network if it is missing.
            condition: what the reconciler knows better of a service's process, in a word.
        """
        self._engine = engine
        self._store = store
        self._layout = layout
        self._logs = logs
        self._wishes = wishes
        self._clock = clock
        self._instance = instance
        self._ensure_network = ensure_network
        self._condition = condition
        self._stopping = Event()
        self._reaper = Thread(target=self._run, name="convox-reaper", daemon=True)

    def start(self) -> None:
        """Go on collecting the output of one-offs, and reap from now on."""
        self._reaper.start()

    def stop(self) -> None:
        """Stop reaping; stops under way are finished by the engine."""
        self._stopping.set()
        if self._reaper.ident:
            self._reaper.join()

    def process_list(self, app: str, opts: ProcessListOptions) -> tuple[Process, ...]:
        """Return the processes of an app, by name and id; one-offs only while they run."""
        self._require_app(app)
        shown = [self._view(c) for c in self._containers(app) if not _is_over(c)]
        return tuple(
            sorted(
                (
                    process
                    for process in shown
                    if opts.service in (None, "", process.name)
                    and opts.release in (None, "", process.release)
                ),
                key=lambda process: f"{process.name}-{process.id}",
            )
        )

    def process_get(self, app: str, pid: str) -> Process:
        """Return a process; an ended one-off is known for a minute."""
        return self._view(self._find(app, pid))

    def process_logs(self, app: str, pid: str, opts: LogsOptions) -> LogFeed:
        """Return the log of a process, which ends with it; known as long as it is kept."""
        self._require_app(app)
        return self._logs.feed(app, opts, pid=pid)

    def process_run(self, app: str, service: str, opts: ProcessRunOptions) -> Process:
        """Start a one-off process of a service, of the active release unless one is given."""
        if opts.image or opts.volumes:
            raise InvalidError("a local rack runs a service's own image, with its own volumes")
        desired = self._desired(app, service, opts.release or "")
        wish = OneOff(opts.command or "", opts.environment or {}, opts.memory or 0)
        spec = oneoff_spec(
            self._layout,
            app,
            desired,
            wish,
            suffix=f"run-{secrets.token_hex(5)}",
            now=self._clock.now(),
        )
        id = self.create(app, spec)
        try:
            self._engine.start(id)
        except ConvoxError:
            self._engine.remove(id)
            raise
        container = self._engine.inspect(id)
        self._logs.collect(container)
        return self._view(container)

    def create(self, app: str, spec: ContainerSpec) -> str:
        """Create the container of a process that runs once, with all that it needs; return its id.

        Raises:
            ConflictError: there is one of that name.
        """
        self._ensure_network(app)
        self._ensure_volumes(app, spec.mounts)
        return self._engine.create(spec)

    def process_exec(self, app: str, pid: str, stream: Stream, opts: ProcessExecOptions) -> int:
        """Run a command in a running process; blocks until it ends or the client is gone."""
        container = self._find(app, pid)
        if container.status != "running":
            raise ConflictError(f"process is not running: {pid}")
        image = self._engine.image_find(container.image) if opts.entrypoint else None
        command = (*(image.entrypoint if image else ()), "sh", "-c", opts.command)
        size = (opts.height, opts.width) if opts.height and opts.width else None
        tty = opts.tty is not False
        session = self._engine.exec_start(container.id, command, tty=tty, stdin=True, size=size)
        return carry(session, stream)

    def process_stop(self, app: str, pid: str) -> None:
        """Stop a process and remove it; answers when that has begun."""
        container = self._find(app, pid)
        grace = container.labels.get(LABEL_GRACE, "")
        is_oneoff = container.labels.get(LABEL_KIND) in ONCE
        grace_s = int(grace) if grace.isdigit() else GRACE_S if is_oneoff else 30
        stopping = _in_background(lambda: self._remove(container, grace_s))
        try:
            stopping.result(_ACCEPTED_S)
        except StillRunningError:
            return

    def files_download(self, app: str, pid: str, opts: FilesDownloadOptions) -> Chunks:
        """Return a path of a process as an uncompressed tar of full names."""
        id = self._find(app, pid).id
        return files.download(self._engine, id, opts.file, self._layout.work)

    def files_upload(self, app: str, pid: str, body: Chunks) -> None:
        """Extract an uncompressed tar at the root of a process."""
        files.upload(self._engine, self._find(app, pid).id, body, self._layout.work)

    def files_delete(self, app: str, pid: str, opts: FilesDeleteOptions) -> None:
        """Remove paths from a running process."""
        container = self._find(app, pid)
        if container.status != "running":
            raise ConflictError(f"process is not running: {pid}")
        files.delete(self._engine, container.id, opts.files)

    def reap(self) -> None:
        """Stop one-offs over their deadline; remove those that ended a while ago."""
        now = self._clock.now()
        for container in self._engine.containers(self._layout.labels("oneoff")):
            if not is_due(container, now):
                continue
            if is_late(container, now) and not _is_over(container):
                message = f"stopping one-off process {container.pid}: it is over its time limit"
                self._logs.system(container.labels[LABEL_APP], message)
            self._remove(container, GRACE_S)

    def _run(self) -> None:
        is_first = True
        while not self._stopping.is_set():
            try:
                if is_first:
                    for container in self._engine.containers(self._layout.labels("oneoff")):
                        self._logs.collect(container)
                self.reap()
                is_first = False
            except ConvoxError as error:
                log.warning("reaping one-off processes failed: %s", error.wire)
            self._clock.wait(self._stopping, _REAP_EVERY_S)

    def _remove(self, container: Container, grace_s: int) -> None:
        try:
            if not _is_over(container):
                self._engine.stop(container.id, grace_s)
            self._logs.settle(container.id)
        except NotFoundError:
            return  # somebody else removed it meanwhile
        if container.labels.get(LABEL_KIND) == "timer":
            return  # timer_runs.py reads its exit status first
        self._engine.remove(container.id)

    def _view(self, container: Container) -> Process:
        app = container.labels.get(LABEL_APP, "")
        word = self._condition(app, container.id)
        return process_of(self._layout, container, instance=self._instance, word=word)

    def _ensure_volumes(self, app: str, mounts: tuple[Mount, ...]) -> None:
        for mount in mounts:
            if not mount.source.startswith("/"):
                self._engine.volume_create(mount.source, self._layout.labels("volume", app))

    def _containers(self, app: str) -> list[Container]:
        labels = {LABEL_RACK: self._layout.rack, LABEL_APP: app}
        found = self._engine.containers(labels)
        return [c for c in found if c.labels.get(LABEL_KIND) in KINDS]

    def _find(self, app: str, pid: str) -> Container:
        self._require_app(app)
        for container in self._containers(app):
            if container.pid == pid:
                return container
        raise NotFoundError(f"process not found: {pid}")

    def _require_app(self, app: str) -> str:
        row = self._store.apps.find(app)
        if row is None:
            raise NotFoundError(f"app not found: {app}")
        return row.release

    def _desired(self, app: str, service: str, release: str) -> DesiredService:
        wanted = release or self._require_app(app)
        if not wanted:
            raise ConflictError(f"no release of {app} is active", fix="convox deploy")
        found = self._wishes.target(app, wanted).find(service)
        if found is None:
            raise NotFoundError(f"service not found: {service}")
        return found


def _is_over(container: Container) -> bool:
    ends = container.labels.get(LABEL_KIND) in ONCE
    return ends and container.status in ("exited", "dead")


def _in_background(work: Callable[[], None]) -> Future[None]:
    """Run on a thread that the end of the rack does not wait for: the engine finishes a stop."""
    done: Future[None] = Future()

    def run() -> None:
        try:
            work()
        except ConvoxError as error:
            log.warning("stopping a process failed: %s", error.wire)
            done.set_exception(error)
        else:
            done.set_result(None)

    Thread(target=run, name="convox-stop", daemon=True).start()
    return done
