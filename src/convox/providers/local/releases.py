"""The calls about releases: made from the newest one, listed, promoted.

A promote is a wish in the store; worker.py makes it so. Source of rules and messages: wire.md
sections 5 and 8.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace

from convox.api.types import (
    Build,
    ListOptions,
    Release,
    ReleaseCreateOptions,
    ReleasePromoteOptions,
)
from convox.core import passwords
from convox.core.errors import ConflictError, InvalidError, NotFoundError
from convox.core.ids import release_id
from convox.manifest import Manifest
from convox.manifest.envtext import format_env, parse_env
from convox.providers.local import promote_checks
from convox.providers.local.apps import require_app
from convox.providers.local.layout import Layout
from convox.providers.local.options import RackOptions
from convox.providers.local.outcomes import ACTIVE, PROMOTING, SUPERSEDED
from convox.providers.local.resource_checks import check_resources
from convox.providers.local.store import Store
from convox.providers.local.wishes import Wishes

_LIMIT = 10


class Releases:
    """The releases of every app of a rack."""

    def __init__(
        self,
        store: Store,
        layout: Layout,
        wishes: Wishes,
        options: Callable[[], RackOptions],
        wake: Callable[[str], None],
    ) -> None:
        """Join the parts; `options` answers the rack's options as they are now."""
        self._store = store
        self._layout = layout
        self._wishes = wishes
        self._options = options
        self._wake = wake

    def release_create(self, app: str, opts: ReleaseCreateOptions) -> Release:
        """Create a release from the newest one and what is given."""
        require_app(self._store, app)
        with self._store.database.transaction():
            newest = next(iter(self._store.releases.latest(app, 1)), Release(app=app))
            release = replace(newest, id=release_id(), app=app, description="")
            if opts.build:
                build = self._build(app, opts.build)
                release = replace(
                    release,
                    build=build.id,
                    manifest=build.manifest,
                    description=build.description,
                )
            if opts.env is not None:
                before, after = parse_env(newest.env), parse_env(opts.env)
                description = env_description(before, after)
                release = replace(release, env=format_env(after), description=description)
            if opts.description:
                release = replace(release, description=opts.description)
            return self._store.releases.insert(release)

    def release_get(self, app: str, id: str) -> Release:
        """Return a release with its env."""
        require_app(self._store, app)
        release = self._store.releases.find(app, id)
        if release is None:
            raise NotFoundError(f"release not found: {id}")
        return release

    def release_list(self, app: str, opts: ListOptions) -> tuple[Release, ...]:
        """Return releases, newest first, without env."""
        require_app(self._store, app)
        limit = _LIMIT if opts.limit is None else opts.limit
        if limit < 0:
            raise InvalidError(f"limit can not be negative: {limit}")
        return tuple(replace(r, env="") for r in self._store.releases.latest(app, limit))

    def release_promote(self, app: str, id: str, opts: ReleasePromoteOptions) -> None:
        """Write the wish that a release runs; answers before it does.

        Raises:
            ConflictError: the app is updating and `force` was not given, or another app has one
                of its hosts.
            InvalidError: the release cannot run here.
        """
        force = bool(opts.force)
        release = self.release_get(app, id)
        # One after another, so that of two promotes at once the second sees the first.
        with self._store.database.transaction():
            row = require_app(self._store, app)
            active = self._store.releases.find(app, row.release) if row.release else None
            promote_checks.check_state(row, release, active, force=force)
            manifest = self._wishes.manifest(release)
            promote_checks.check_manifest(self._layout, app, manifest, self._options())
            promote_checks.check_timers(manifest, promote_checks.created(release))
            check_resources(manifest, self._store.resources.of(app))
            self._ensure_resources(app, manifest)
            promote_checks.check_target(self._layout, self._wishes, app, id)
            promote_checks.check_hosts(self._store, self._layout, self._wishes, app, manifest)
            if row.pending and row.pending != id:
                status = ACTIVE if row.pending == row.release else SUPERSEDED
                self._store.releases.set_status(app, row.pending, status)
            self._store.apps.set_pending(app, id, _options(opts))
            self._store.releases.set_status(app, id, PROMOTING)
        self._wake(app)

    def _ensure_resources(self, app: str, manifest: Manifest) -> None:
        for resource in manifest.resources:
            self._store.resources.ensure(app, resource.name, resource.type, passwords.generate())

    def _build(self, app: str, id: str) -> Build:
        build = self._store.builds.find(app, id)
        if build is None:
            raise NotFoundError(f"build not found: {id}")
        if build.status != "complete":
            raise ConflictError(f"build {id} is {build.status}")
        return build


def env_description(before: Mapping[str, str], after: Mapping[str, str]) -> str:
    """Return what changed between two envs, by name only."""
    words = [f"add:{name}" for name in sorted(after.keys() - before.keys())]
    words += [
        f"change:{name}"
        for name in sorted(after.keys() & before.keys())
        if before[name] != after[name]
    ]
    words += [f"remove:{name}" for name in sorted(before.keys() - after.keys())]
    return " ".join(("env", *words))


def _options(opts: ReleasePromoteOptions) -> dict[str, int | bool | str]:
    given = {"min": opts.min, "max": opts.max, "timeout": opts.timeout}
    for name, value in given.items():
        if value is not None and value < 0:
            raise InvalidError(f"{name} can not be negative: {value}")
    # The incumbent's client sends 0 for what it does not care about.
    return {name: value for name, value in given.items() if value}
