"""One build from its source to its release: unpack, read the manifest, make images, record.

Runs on the thread that builds.py gives it and touches nothing of other builds. Whatever goes
wrong is one ConvoxError; what was made until then is the caller's to remove.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from threading import Event
from typing import Protocol

from convox.api.types import Build, BuildCreateOptions, Release
from convox.core.clock import Clock
from convox.core.errors import FailedError, InvalidError, NotFoundError
from convox.core.ids import release_id
from convox.manifest import Manifest, Service, parse, read_text
from convox.manifest.envtext import parse_env
from convox.providers.local import dockerfile
from convox.providers.local.archive import unpack
from convox.providers.local.builder import Builder, ImageRequest, reserved
from convox.providers.local.engine import Engine
from convox.providers.local.image_copy import copy_image
from convox.providers.local.layout import LABEL_BUILD, Layout
from convox.providers.local.objects import Objects
from convox.providers.local.registries import Registries, registry_of
from convox.providers.local.store import Store

MANIFEST = "convox.yml"
_MANIFEST_LIMIT_BYTES = 1 << 20
_IMAGE_NAME = re.compile(r"[a-zA-Z0-9][\w.\-/:@]*")
_DEVELOPMENT = "development"


class Log(Protocol):
    """The log of one build."""

    def write(self, data: bytes) -> None:
        """Append bytes."""
        ...

    def close(self) -> None:
        """End it."""
        ...


@dataclass(frozen=True)
class Tools:
    """What every build works with."""

    engine: Engine
    store: Store
    layout: Layout
    objects: Objects
    registries: Registries
    clock: Clock


@dataclass(frozen=True)
class Job:
    """A build that runs, with what was asked of it."""

    tools: Tools
    build: Build
    options: BuildCreateOptions
    log: Log
    cancelled: Event

    @property
    def work(self) -> Path:
        """The folder that is this build's alone."""
        return self.tools.layout.work / self.build.id

    def run(self, builder: Builder) -> Release:
        """Do all of it; returns the new release.

        Raises:
            ConvoxError: why the build failed, as one sentence.
        """
        source = self._unpack()
        text, manifest, env = self._read_manifest(source)
        self._make_images(manifest, source, env, builder)
        return self.record(text)

    def labels(self) -> dict[str, str]:
        """Return the labels of the images of this build."""
        labels = self.tools.layout.labels("image", self.build.app)
        return {**labels, LABEL_BUILD: self.build.id}

    def say(self, line: str) -> None:
        """Write one line to the log."""
        self.log.write(f"{line}\n".encode())

    def _unpack(self) -> Path:
        objects, app = self.tools.objects, self.build.app
        folder = self.work / "source"
        folder.mkdir(parents=True, mode=0o700)
        body = objects.object_fetch(app, objects.key_of(app, self.options.url))
        try:
            unpack(body, folder)
        finally:
            body.close()
        return folder

    def _read_manifest(self, source: Path) -> tuple[str, Manifest, dict[str, str]]:
        name = self.options.manifest or MANIFEST
        path = _inside(source, name)
        if path is None or not path.is_file():
            raise NotFoundError(f"manifest not found: {name}", why="the source has no such file")
        if path.stat().st_size > _MANIFEST_LIMIT_BYTES:
            raise InvalidError(f"{name} is larger than {_MANIFEST_LIMIT_BYTES} bytes")
        text = read_text(path.read_bytes(), filename=name)
        self.tools.store.builds.update(replace(self.build, manifest=text))
        env = {**self._newest_env(), **_pairs(self.options.build_args or ())}
        manifest = parse(text, env, filename=name)
        if not manifest.services:
            raise InvalidError(f"{name} has no services, so there is nothing to build")
        return text, manifest, env

    def _newest_env(self) -> dict[str, str]:
        newest = self.tools.store.releases.latest(self.build.app, 1)
        return parse_env(newest[0].env) if newest else {}

    def _make_images(
        self, manifest: Manifest, source: Path, env: Mapping[str, str], builder: Builder
    ) -> None:
        made: dict[object, str] = {}
        for service in manifest.services:
            tag = self.tools.layout.image(self.build.app, service.name, self.build.id)
            same = service.image or service.build
            if same in made:
                self.say(f"Running: docker tag {made[same]} {tag}")
                self.tools.engine.image_tag(made[same], tag)
            elif service.image:
                self._fetch(service, tag)
            else:
                self._build(service, tag, source, env, builder)
            made.setdefault(same, tag)
            if self.cancelled.is_set():
                raise FailedError("the build was stopped")

    def _fetch(self, service: Service, tag: str) -> None:
        """Take an image made elsewhere, so that a release never needs the outside again."""
        ref = service.image
        if not _IMAGE_NAME.fullmatch(ref):
            raise InvalidError(f'service "{service.name}": "{ref}" is not the name of an image')
        if self.tools.engine.image_find(ref) is None:
            self._pull(service, ref)
        self.say(f"Running: docker tag {ref} {tag}")
        copy_image(self.tools.engine, ref, tag, self.labels())

    def _pull(self, service: Service, ref: str) -> None:
        auth = self.tools.registries.auth_for(ref)
        if auth is not None:
            self.say(f"Authenticating {registry_of(ref)}: {auth['username']}")
        self.say(f"Running: docker pull {ref}")
        try:
            for line in self.tools.engine.pull(ref, auth):
                self.say(line)
        except FailedError as error:
            what = f'service "{service.name}": cannot pull image {ref}'
            fix = f"convox registries add {registry_of(ref)} USER PASSWORD"
            raise FailedError(what, why=error.why or error.what, fix=fix) from error

    def _build(
        self, service: Service, tag: str, source: Path, env: Mapping[str, str], builder: Builder
    ) -> None:
        request = self._request(service, tag, source, env)
        self.say(f"Building: {service.build.path}")
        try:
            builder.build(request, self.log.write, self.cancelled)
        except FailedError as error:
            raise FailedError(f'service "{service.name}": {error.wire}', fix=error.fix) from error

    def _request(
        self, service: Service, tag: str, source: Path, env: Mapping[str, str]
    ) -> ImageRequest:
        context = _inside(source, service.build.path)
        if context is None or not context.is_dir():
            raise _missing(service, "folder", service.build.path)
        file = _inside(context, service.build.manifest)
        if file is None or not file.is_file():
            raise _missing(service, "Dockerfile", f"{service.build.path}/{service.build.manifest}")
        declared = dockerfile.read(file.read_text(errors="replace"))
        args = {name: env[name] for name in sorted(declared.args) if name in env}
        for name in reserved(args):
            del args[name]
            self.say(f"ARG {name} keeps its default: that name is reserved on the rack")
        wants_development = self.options.development and _DEVELOPMENT in declared.stages
        return ImageRequest(
            context=context,
            dockerfile=file,
            tag=tag,
            labels=self.labels(),
            args=args,
            target=_DEVELOPMENT if wants_development else "",
            no_cache=bool(self.options.no_cache),
            config=self._docker_config(),
            auths=self.tools.registries.auths(),
        )

    def _docker_config(self) -> Path | None:
        if not self.tools.registries.registry_list():
            return None
        folder = self.work / "docker"
        folder.mkdir(mode=0o700, exist_ok=True)
        path = folder / "config.json"
        path.touch(mode=0o600)
        path.write_text(json.dumps(self.tools.registries.docker_config()))
        return folder

    def record(self, text: str) -> Release:
        """Record release and complete build together, with the env of the newest release."""
        store, app = self.tools.store, self.build.app
        with store.database.transaction():
            if store.apps.find(app) is None:
                raise NotFoundError(f"app not found: {app}", why="it was deleted meanwhile")
            newest = store.releases.latest(app, 1)
            release = store.releases.insert(
                Release(
                    id=release_id(),
                    app=app,
                    build=self.build.id,
                    env=newest[0].env if newest else "",
                    manifest=text,
                    description=self.build.description,
                )
            )
            store.builds.update(
                replace(
                    self.build,
                    manifest=text,
                    release=release.id,
                    status="complete",
                    ended=self.tools.clock.now(),
                )
            )
        return release


def _inside(folder: Path, name: str) -> Path | None:
    """Return a path of the source, or None if it leads out of it."""
    root = folder.resolve()
    path = (folder / name.lstrip("/")).resolve()
    return path if path.is_relative_to(root) else None


def _missing(service: Service, kind: str, path: str) -> NotFoundError:
    return NotFoundError(
        f'service "{service.name}": {kind} not found: {path.removeprefix("./")}',
        why="the source has none at that path",
        fix=f'add it, or set build: of service "{service.name}" in the manifest',
    )


def _pairs(args: tuple[str, ...]) -> dict[str, str]:
    env = {}
    for arg in args:
        name, equals, value = arg.partition("=")
        if not equals or not name:
            raise InvalidError("a build argument must be NAME=VALUE", why=f"got {name[:60]!r}")
        env[name] = value
    return env
