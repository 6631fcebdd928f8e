"""The contract's operations on builds. build_queue.py runs them, build_job.py is what one does.

A build's row says `running` before its creation is answered, and its log is open by then.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import replace
from threading import Event

from convox.api.types import (
    Build,
    BuildCreateOptions,
    BuildUpdateOptions,
    ListOptions,
    LogsOptions,
    Release,
)
from convox.core.clock import Clock
from convox.core.errors import ConflictError, NotFoundError
from convox.core.ids import build_id
from convox.core.stream import Chunks, LogFeed
from convox.providers.local.build_archive import export_build, import_images
from convox.providers.local.build_images import BuildImages
from convox.providers.local.build_job import Job, Tools
from convox.providers.local.build_queue import BuildLogs, BuildQueue
from convox.providers.local.builder import Builder, choose
from convox.providers.local.engine import Engine
from convox.providers.local.layout import Layout
from convox.providers.local.objects import Objects
from convox.providers.local.registries import Registries
from convox.providers.local.store import Store

RETENTION = 10
_DEFAULT_LIMIT = 10


class Builds:
    """The builds of every app of a rack."""

    def __init__(  # noqa: PLR0913, PLR0917  the parts of a rack that a build touches
        self,
        engine: Engine,
        store: Store,
        layout: Layout,
        logs: BuildLogs,
        objects: Objects,
        registries: Registries,
        clock: Clock,
        releases_hook: Callable[[Release], None] = lambda _: None,
        *,
        builder: Callable[[], Builder] | None = None,
        retention: int = RETENTION,
    ) -> None:
        """Join the parts; nothing runs before `start`.

        `releases_hook` is told of each new release, after it is stored. `builder` chooses what
        makes images, by default the best of this machine. Images of the newest `retention` builds
        of an app are kept, those that run apart.
        """
        self._tools = Tools(engine, store, layout, objects, registries, clock)
        self._images = BuildImages(engine, store, layout, retention)
        self._logs = logs
        self._queue = BuildQueue(
            self._tools,
            logs,
            self._images,
            releases_hook,
            builder or (lambda: choose(engine, os.environ)),
        )

    # Life

    def recover(self) -> None:
        """Mark what a kill of the rack cut short, and remove its halves; before `start`."""
        self._queue.recover()

    def start(self) -> None:
        """Look for the best builder meanwhile, so that the first build does not wait for it."""
        self._queue.start()

    def stop(self) -> None:
        """End every build, as failed; returns when they have ended."""
        self._queue.stop()

    def sweep(self, retention: int) -> None:
        """Remove the images of old builds; `retention` of each app are kept from now on."""
        self._images.prune_all(retention)

    def forget(self, app: str) -> None:
        """End the builds of an app, remove its images and logs; before its rows are deleted."""
        self._queue.cancel(app)
        self._images.remove_app(app)
        for build in self._tools.store.builds.latest(app, -1):
            self._logs.forget_build(build.id)

    # The contract

    def build_create(self, app: str, opts: BuildCreateOptions) -> Build:
        """Start a build; the status answered is already `running`."""
        self._require_app(app)
        key = self._tools.objects.key_of(app, opts.url)
        if not self._tools.objects.object_exists(app, key):
            raise NotFoundError(f"object not found: {key}")
        build = Build(
            id=build_id(),
            app=app,
            description=opts.description or "",
            git_sha=opts.git_sha or "",
            status="running",
            started=self._tools.clock.now(),
            wildcard_domain=bool(opts.wildcard_domain),
        )
        self._queue.launch(self._job(build, opts))
        return build

    def build_list(self, app: str, opts: ListOptions) -> tuple[Build, ...]:
        """Return builds, newest first."""
        self._require_app(app)
        limit = _DEFAULT_LIMIT if opts.limit is None else max(0, opts.limit)
        return tuple(self._tools.store.builds.latest(app, limit))

    def build_get(self, app: str, id: str) -> Build:
        """Return a build."""
        self._require_app(app)
        build = self._tools.store.builds.find(app, id)
        if build is None:
            raise NotFoundError(f"build not found: {id}")
        return build

    def build_update(self, app: str, id: str, opts: BuildUpdateOptions) -> Build:
        """Record what a build worker reports; what is not given stays. Logs go to the log."""
        build = self.build_get(app, id)
        changed = replace(
            build,
            ended=opts.ended or build.ended,
            entrypoint=build.entrypoint if opts.entrypoint is None else opts.entrypoint,
            manifest=build.manifest if opts.manifest is None else opts.manifest,
            release=build.release if opts.release is None else opts.release,
            started=opts.started or build.started,
            status=build.status if opts.status is None else opts.status,
        )
        self._tools.store.builds.update(changed)
        return changed

    def build_logs(self, app: str, id: str, opts: LogsOptions) -> LogFeed:
        """Return the log of a build from its beginning; it ends with the build."""
        return self._logs.build_feed(self.build_get(app, id).id, opts)

    def build_export(self, app: str, id: str) -> Chunks:
        """Return a build as a gzip tar; the caller closes it."""
        build = self.build_get(app, id)
        if build.status != "complete":
            raise ConflictError(f"cannot export build {id}", why=f"it is {build.status}")
        return export_build(
            self._tools.engine, self._tools.layout, build, self._images.names(build)
        )

    def build_import(self, app: str, body: Chunks) -> Build:
        """Import an exported build; answers it, complete, with its new release."""
        self._require_app(app)
        started = self._tools.clock.now()
        build = Build(id=build_id(), app=app, status="running", started=started)
        job = self._job(build, BuildCreateOptions())
        self._queue.attend(job, lambda: self._import(job, body))
        return self.build_get(app, build.id)

    def _import(self, job: Job, body: Chunks) -> Release:
        exported = import_images(job, body)
        build = replace(
            job.build,
            description=exported.description,
            git_sha=exported.git_sha,
            entrypoint=exported.entrypoint,
        )
        return replace(job, build=build).record(exported.manifest)

    def _job(self, build: Build, opts: BuildCreateOptions) -> Job:
        return Job(self._tools, build, opts, self._logs.build(build.id), Event())

    def _require_app(self, app: str) -> None:
        if self._tools.store.apps.find(app) is None:
            raise NotFoundError(f"app not found: {app}")
