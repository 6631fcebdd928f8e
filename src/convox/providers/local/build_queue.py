"""Runs builds, each on a thread of its own, a few at a time; all end complete or failed.

When a build ends, its status is recorded before its log is closed: a client that has read the
log to its end finds the status. A kill of the rack is made good by `recover` at the next start.
"""

from __future__ import annotations

import logging
import shutil
from collections.abc import Callable
from dataclasses import replace
from threading import BoundedSemaphore, Lock, Thread
from typing import Protocol

from convox.api.types import Build, LogsOptions, Release
from convox.core.errors import ConvoxError, FailedError, NotFoundError, UnavailableError
from convox.core.stream import LogFeed
from convox.providers.local.build_images import BuildImages
from convox.providers.local.build_job import Job, Log, Tools
from convox.providers.local.builder import Builder
from convox.providers.local.objects import TEMPORARY

_log = logging.getLogger(__name__)

AT_A_TIME = 2
MOST = 100
"""Builds that run or wait; more are refused."""
CUT_SHORT = "the rack stopped while it was building"
_STOP_S = 15.0


class BuildLogs(Protocol):
    """What is needed of the logs; `Logs` has it."""

    def build(self, build_id: str) -> Log:
        """Open the log of a build for writing."""
        ...

    def build_feed(self, build_id: str, options: LogsOptions) -> LogFeed:
        """Return the log of a build from its beginning."""
        ...

    def forget_build(self, build_id: str) -> None:
        """Delete the log of a build."""
        ...


class BuildQueue:
    """The builds that run or wait."""

    def __init__(
        self,
        tools: Tools,
        logs: BuildLogs,
        images: BuildImages,
        hook: Callable[[Release], None],
        find_builder: Callable[[], Builder],
    ) -> None:
        self._tools = tools
        self._logs = logs
        self._images = images
        self._hook = hook
        self._find_builder = find_builder
        self._builder: Builder | None = None
        self._choosing = Lock()
        self._turns = BoundedSemaphore(AT_A_TIME)
        self._lock = Lock()
        self._running: dict[str, tuple[Job, Thread]] = {}
        self._stopping = False

    def recover(self) -> None:
        """Fail the builds that a kill cut short, and remove their files and images."""
        for build in self._tools.store.builds.with_status("running"):
            log = self._logs.build(build.id)
            try:
                self._fail(build, FailedError(CUT_SHORT), log)
            finally:
                log.close()
        shutil.rmtree(self._tools.layout.work, ignore_errors=True)
        self._tools.objects.recover()
        self._images.remove_orphans()

    def start(self) -> None:
        """Choose the builder in the background."""
        Thread(target=self._chosen, name="choose-builder", daemon=True).start()

    def stop(self) -> None:
        """Take no more builds, and end those under way."""
        with self._lock:
            self._stopping = True
            running = list(self._running.values())
        _end(running)

    def cancel(self, app: str) -> None:
        """End the builds of an app."""
        with self._lock:
            running = [entry for entry in self._running.values() if entry[0].build.app == app]
        _end(running)

    def launch(self, job: Job) -> None:
        """Record a build as running and begin it.

        Raises:
            UnavailableError: too many wait already, or the rack is stopping.
        """
        thread = Thread(target=self._work, args=(job,), name=f"build-{job.build.id}")
        with self._lock:
            if self._stopping or len(self._running) >= MOST:
                job.log.close()
                self._logs.forget_build(job.build.id)
                why = "the rack is stopping" if self._stopping else f"{MOST} builds wait already"
                raise UnavailableError("cannot build now", why=why)
            self._tools.store.builds.insert(job.build)
            self._running[job.build.id] = (job, thread)
        thread.start()

    def attend(self, job: Job, make: Callable[[], Release]) -> None:
        """Record a build as running and let `make` complete it, on this thread.

        Raises:
            ConvoxError: why it failed; that is recorded too.
        """
        self._tools.store.builds.insert(job.build)
        error = self._conclude(job, make)
        if error is not None:
            raise error

    def _work(self, job: Job) -> None:
        try:
            self._conclude(job, lambda: self._build(job))
        finally:
            with self._lock:
                del self._running[job.build.id]

    def _build(self, job: Job) -> Release:
        if not self._turns.acquire(blocking=False):
            job.say(f"Waiting: {AT_A_TIME} builds are running")
            while not self._turns.acquire(timeout=0.5):
                if job.cancelled.is_set():
                    raise FailedError("the build was stopped")
        try:
            builder = self._chosen()
            if builder.notice:
                job.say(builder.notice)
            return job.run(builder)
        finally:
            self._turns.release()

    def _conclude(self, job: Job, make: Callable[[], Release]) -> ConvoxError | None:
        """Record how a build ends, close its log, clean up; returns why it failed, if it did."""
        try:
            error = self._attempt(job, make)
            if error is not None:
                self._fail(job.build, error, job.log)
        finally:
            job.log.close()
        self._clean(job, failed=error is not None)
        return error

    def _attempt(self, job: Job, make: Callable[[], Release]) -> ConvoxError | None:
        try:
            self._hook(make())
        except ConvoxError as error:
            if not job.cancelled.is_set():
                return error
            return FailedError(CUT_SHORT if self._stopping else "the app is being deleted")
        except Exception as error:  # noqa: BLE001  a worker: logged, and the build must end
            _log.exception("build broke", extra={"build": job.build.id, "app": job.build.app})
            return FailedError("the rack has a fault", why=f"{type(error).__name__}, see its log")
        return None

    def _fail(self, build: Build, error: ConvoxError, log: Log) -> None:
        log.write(f"ERROR: {error.wire}\n".encode())
        known = self._tools.store.builds.find(build.app, build.id)
        if known is not None:
            ended = self._tools.clock.now()
            self._tools.store.builds.update(
                replace(known, status="failed", reason=error.wire, ended=ended)
            )

    def _clean(self, job: Job, *, failed: bool) -> None:
        """Remove what a build leaves; what cannot be removed now, the next start removes."""
        shutil.rmtree(job.work, ignore_errors=True)
        try:
            self._delete_source(job)
            if failed:
                self._images.remove(job.build)
            else:
                self._images.prune(job.build.app)
        except ConvoxError as error:
            extra = {"build": job.build.id, "why": error.wire}
            _log.warning("build not cleaned up", extra=extra)

    def _delete_source(self, job: Job) -> None:
        if not job.options.url:
            return
        objects, app = self._tools.objects, job.build.app
        key = objects.key_of(app, job.options.url)
        if key.startswith(TEMPORARY):
            try:
                objects.object_delete(app, key)
            except NotFoundError:
                return

    def _chosen(self) -> Builder:
        with self._choosing:
            if self._builder is None:
                self._builder = self._find_builder()
                _log.info("builder chosen", extra={"builder": self._builder.description})
            return self._builder


def _end(running: list[tuple[Job, Thread]]) -> None:
    for job, _ in running:
        job.cancelled.set()
    for _, thread in running:
        thread.join(_STOP_S)
