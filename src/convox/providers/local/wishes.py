"""Read what an app shall be from the store. Manifests are parsed once for each release.

The store is the only source, so that a killed rack finds the same wish again. Read desired.py
for what a wish means.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta
from threading import Lock

from convox.api.types import Build, Release
from convox.core.errors import NotFoundError
from convox.manifest import Manifest, parse
from convox.manifest.envtext import parse_env
from convox.providers.local.desired import DesiredApp, DesiredService, Target, Wish, target_of
from convox.providers.local.layout import Layout
from convox.providers.local.resource_target import desired_resources
from convox.providers.local.store import Store
from convox.providers.local.store.apps import AppRow

MANIFEST = "convox.yml"
_KEPT = 256


class Wishes:
    """What the apps of a rack shall be; any thread may ask."""

    def __init__(self, store: Store, layout: Layout) -> None:
        self._store = store
        self._layout = layout
        self._lock = Lock()
        self._manifests: OrderedDict[str, Manifest] = OrderedDict()

    def desired(self, row: AppRow) -> DesiredApp:
        """Return what an app shall be."""
        pending = self._whole(row.name, row.pending, is_pending=True) if row.pending else None
        app = DesiredApp(
            name=row.name,
            network=self._layout.network(row.name),
            active=self._whole(row.name, row.release) if row.release else None,
            pending=_with_options(pending, row) if pending else None,
            cidr=row.network_cidr,
            doomed=self._doomed(row.name),
        )
        seconds = int(row.pending_options.get("timeout", 0))
        if row.pending_since is None or seconds <= 0:
            return app
        return replace(app, deadline=row.pending_since + timedelta(seconds=seconds))

    def target(self, app: str, release: str) -> Target:
        """Return the services that a release means, without its resources.

        Raises:
            NotFoundError: there is no such release.
        """
        return target_of(self._layout, self.wish(app, release))

    def wish(self, app: str, release: str) -> Wish:
        """Return all that the store says of a release of an app.

        Raises:
            NotFoundError: there is no such release.
            InvalidError: its manifest cannot be read with its env.
        """
        found = self._store.releases.find(app, release)
        if found is None:
            raise NotFoundError(f"release not found: {release}")
        build = self._store.builds.find(app, found.build) or Build(id=found.build, app=app)
        scales = self._store.apps.services(app)
        resources = self._store.resources.of(app)
        return Wish(app, found, build, self.manifest(found), scales, resources)

    def _whole(self, app: str, release: str, *, is_pending: bool = False) -> Target:
        """Return what a release means with its resources, and those that are kept besides."""
        wish = self.wish(app, release)
        resources = desired_resources(self._layout, wish, is_pending=is_pending)
        return Target(release, (*resources, *target_of(self._layout, wish).services))

    def _doomed(self, app: str) -> tuple[str, ...]:
        rows = self._store.resources.of(app).values()
        return tuple(row.name for row in rows if row.deleting)

    def manifest(self, release: Release) -> Manifest:
        """Return the manifest of a release, with its env filled in.

        Raises:
            InvalidError: it cannot be read.
        """
        with self._lock:
            known = self._manifests.get(release.id)
            if known is not None:
                self._manifests.move_to_end(release.id)
                return known
        parsed = parse(release.manifest, parse_env(release.env), filename=MANIFEST)
        with self._lock:
            self._manifests[release.id] = parsed
            if len(self._manifests) > _KEPT:
                self._manifests.popitem(last=False)
        return parsed


def _with_options(target: Target, row: AppRow) -> Target:
    """Apply what the promote asked for beyond the manifest."""
    options = row.pending_options
    return Target(target.release, tuple(_with(service, options) for service in target.services))


def _with(service: DesiredService, options: Mapping[str, int | bool | str]) -> DesiredService:
    timeout = int(options.get("timeout", 0))
    if service.resource is not None:
        return service
    return replace(
        service,
        minimum=int(options.get("min", service.minimum)),
        maximum=int(options.get("max", service.maximum)),
        start_limit_s=max(timeout, service.start_limit_s) if timeout > 0 else service.start_limit_s,
    )
