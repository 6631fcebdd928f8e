"""The images that builds made: which there are, and which may go. Found by label, never by name."""

from __future__ import annotations

import logging

from convox.api.types import Build
from convox.core.errors import ConvoxError
from convox.providers.local.engine import Engine
from convox.providers.local.engine_values import ImageSummary
from convox.providers.local.layout import LABEL_APP, LABEL_BUILD, LABEL_RACK, Layout
from convox.providers.local.store import Store

_log = logging.getLogger(__name__)


class BuildImages:
    """The images of every build of a rack."""

    def __init__(self, engine: Engine, store: Store, layout: Layout, retention: int) -> None:
        self._engine = engine
        self._store = store
        self._layout = layout
        self._retention = retention

    def names(self, build: Build) -> list[str]:
        """Return the names that a build gave to images, sorted."""
        repository = self._layout.image(build.app, "", build.id).partition(":")[0]
        return sorted(
            tag
            for image in self._listed({LABEL_BUILD: build.id})
            for tag in image.tags
            if tag.startswith(f"{repository}:") and tag.endswith(f".{build.id}")
        )

    def remove(self, build: Build) -> None:
        """Remove the images of one build."""
        self._remove(self._listed({LABEL_BUILD: build.id}))

    def remove_app(self, app: str) -> None:
        """Remove the images of every build of an app."""
        self._remove(self._listed({LABEL_APP: app, LABEL_BUILD: ""}))

    def remove_orphans(self) -> None:
        """Remove images of builds that did not complete or are not known; before any runs."""
        orphans = []
        for image in self._listed({LABEL_BUILD: ""}):
            app, build = image.labels.get(LABEL_APP, ""), image.labels[LABEL_BUILD]
            known = self._store.builds.find(app, build)
            if known is None or known.status != "complete":
                orphans.append(image)
        self._remove(orphans)

    def prune_all(self, retention: int) -> None:
        """Remove the images of old builds of every app; keep `retention` of each from now on."""
        self._retention = retention
        for row in self._store.apps.all():
            self.prune(row.name)

    def prune(self, app: str) -> None:
        """Remove the images of old builds that no wish and no running release needs."""
        builds = self._store.builds.latest(app, -1)
        kept = {build.id for build in builds if build.status == "running"}
        complete = [build.id for build in builds if build.status == "complete"]
        kept.update(complete[: self._retention], self._wanted(app))
        images = self._listed({LABEL_APP: app, LABEL_BUILD: ""})
        self._remove([image for image in images if image.labels[LABEL_BUILD] not in kept])

    def _wanted(self, app: str) -> set[str]:
        row = self._store.apps.find(app)
        ids = {row.release, row.pending} if row else set()
        releases = self._store.releases.latest(app, -1)
        wanted = {release.build for release in releases if release.id in ids}
        # The one to which a person would go back, however many builds were made since.
        previous = [r.build for r in releases if r.status == "superseded" and r.build not in wanted]
        return wanted | set(previous[:1])

    def _listed(self, labels: dict[str, str]) -> list[ImageSummary]:
        return self._engine.images({LABEL_RACK: self._layout.rack, **labels})

    def _remove(self, images: list[ImageSummary]) -> None:
        for image in images:
            for name in image.tags or (image.id,):
                try:
                    self._engine.image_remove(name)
                except ConvoxError as error:
                    # In use, or the engine is down: the next start removes it.
                    _log.warning("image stays", extra={"image": name, "why": error.wire})
