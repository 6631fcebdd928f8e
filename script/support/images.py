"""The base images of demo and tests: there, pulled, or built as stand-ins from Debian packages.

`script/images [NAME...]` makes each named image (all five without a name) exist in the engine.
An image that is there is never touched. One that cannot be pulled is assembled with mmdebstrap,
kept as a tar file, and labelled `convox.standin=1`. `script/images --remove` takes away what this
made. The product itself never does any of this. The recipes are in recipes.py.
"""

from __future__ import annotations

import fcntl
import hashlib
import io
import json
import shutil
import subprocess
import tarfile
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from script.support import debian, engine
from script.support.recipes import RECIPES, Recipe
from script.support.steps import CACHE, ROOT, StopError, answer, main, run, say, step

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

LABEL = "convox.standin"
STANDINS = ROOT / "script" / "standins"
PULLED = CACHE / "pulled"
"""Names that this script pulled, one a line, so that --remove takes away those and no other."""


def ensure(names: Sequence[str]) -> None:
    """Make every named image exist in the engine; seconds when they do.

    Raises:
        StopError: for a name without a recipe, or when neither pull nor build works.
    """
    for name in names:
        if name not in RECIPES:
            raise StopError(f"no stand-in for {name!r}; there are {', '.join(sorted(RECIPES))}")
    with _alone():
        missing = [name for name in names if not present(name)]
        unpullable = [name for name in missing if not _pull(name)]
        if unpullable:
            debian.need("mmdebstrap", "mmdebstrap")
            with ThreadPoolExecutor(2) as pool:
                list(pool.map(_provide, unpullable))


def present(name: str) -> bool:
    """Tell whether the engine has an image of that name."""
    return answer(["docker", "image", "inspect", "--format", "{{.Id}}", name])[0] == 0


def remove() -> None:
    """Remove the stand-ins, what was pulled here, and the kept files."""
    if engine.answers():
        for name in [n for n in RECIPES if _is_standin(n)] + _pulled():
            code, _, err = answer(["docker", "image", "rm", name])
            say(f"    {'removed' if code == 0 else 'kept: ' + err.strip()} {name}")
    shutil.rmtree(CACHE, ignore_errors=True)


def _is_standin(name: str) -> bool:
    wanted = f'{{{{index .Config.Labels "{LABEL}"}}}}'
    return answer(["docker", "image", "inspect", "--format", wanted, name])[1].strip() == "1"


def _pulled() -> list[str]:
    return PULLED.read_text().split() if PULLED.exists() else []


@contextmanager
def _alone() -> Iterator[None]:
    """Let one run at a time build, so that two started together do the work once."""
    CACHE.mkdir(parents=True, exist_ok=True)
    with (CACHE / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _pull(name: str) -> bool:
    say(f"==> Pulling {name}")
    code, _, err = answer(["docker", "pull", "--quiet", name], timeout_s=600)
    if code == 0:
        with PULLED.open("a") as note:
            note.write(name + "\n")
        return True
    say(f"    cannot be pulled ({err.strip().splitlines()[-1] if err.strip() else 'no answer'})")
    return False


def _provide(name: str) -> None:
    recipe = RECIPES[name]
    tar = CACHE / f"{name.replace(':', '_')}-{_digest(recipe)}.tar"
    if not tar.exists():
        with step(f"Building a stand-in for {name} from Debian packages (about half a minute)"):
            _build(name, recipe, tar)
    with step(f"Loading the stand-in for {name}"):
        run(["docker", "load", "--quiet", "--input", tar], quiet=True)


def _digest(recipe: Recipe) -> str:
    """Name a recipe by its content, so that a changed one is built anew."""
    content = hashlib.sha256(repr(recipe).encode())
    for source, _, _ in recipe.files:
        content.update((STANDINS / source).read_bytes())
    return content.hexdigest()[:12]


def _build(name: str, recipe: Recipe, tar: Path) -> None:
    with tempfile.TemporaryDirectory(prefix="convox-standin-") as folder:
        layer = Path(folder) / "layer.tar"
        argv = ["mmdebstrap", "--mode=root", "--variant=minbase", "--format=tar", *_options(recipe)]
        argv += ["bookworm", str(layer), *debian.archives()]
        done = subprocess.run(
            argv, env=_environ(folder), capture_output=True, text=True, check=False
        )
        if done.returncode != 0:
            raise StopError(f"mmdebstrap failed:\n{done.stderr[-2000:]}")
        _pack(name, recipe, layer, tar)


def _pack(name: str, recipe: Recipe, layer: Path, tar: Path) -> None:
    """Wrap a file system into an archive that `docker load` takes.

    Source: the image specification v1.2 of Docker, "Combined Image JSON + Filesystem Changeset".
    `docker import` would do, but it refuses STOPSIGNAL.
    """
    with layer.open("rb") as content:
        diff = hashlib.file_digest(content, "sha256").hexdigest()
    now = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
    config = {
        "created": now,
        "architecture": answer(["dpkg", "--print-architecture"])[1].strip(),
        "os": "linux",
        "config": {**dict(recipe.config), "Labels": {LABEL: "1"}},
        "rootfs": {"type": "layers", "diff_ids": [f"sha256:{diff}"]},
        "history": [
            {"created": now, "created_by": f"stand-in for {name}, made of Debian packages"}
        ],
    }
    manifest = [{"Config": "config.json", "RepoTags": [name], "Layers": ["layer.tar"]}]
    draft = tar.with_suffix(".draft")
    with tarfile.open(draft, "w") as archive:
        for entry, value in (("config.json", config), ("manifest.json", manifest)):
            text = json.dumps(value).encode()
            member = tarfile.TarInfo(entry)
            member.size = len(text)
            archive.addfile(member, io.BytesIO(text))
        archive.add(layer, "layer.tar")
    draft.rename(tar)


def _environ(folder: str) -> dict[str, str]:
    return {"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "TMPDIR": folder, "LC_ALL": "C.UTF-8"}


def _options(recipe: Recipe) -> list[str]:
    paths = [f"--dpkgopt=path-exclude=/usr/share/{d}/*" for d in ("man", "locale", "doc", "info")]
    options = ["--dpkgopt=force-unsafe-io", *paths]
    options.append("--dpkgopt=path-include=/usr/share/doc/*/copyright")
    if recipe.packages:
        options.append("--include=" + ",".join(recipe.packages))
    options += [f"--essential-hook={hook}" for hook in recipe.before]
    for source, target, mode in recipe.files:
        place = f'install -D -m {mode} {STANDINS / source} "$1{target}"'
        options.append(f"--customize-hook={place}")
    return options + [f"--customize-hook={hook}" for hook in recipe.after]


def body(args: list[str]) -> int:
    """Carry out the command line."""
    if args == ["--remove"]:
        remove()
        return 0
    engine.ensure()
    ensure(args or sorted(RECIPES))
    return 0


if __name__ == "__main__":
    main(body)
