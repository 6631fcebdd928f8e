"""`script/demo --clean`: take away all that the demo made, and say what stays.

In an order in which each step still has what it needs: the rack by its own command, what that
left behind in the engine, the stand-ins, an engine that we started, the environment last.
May not remove what bears no label of the demo's rack. Debian packages stay.
"""

from __future__ import annotations

import shutil
from pathlib import Path

from script.support import engine, images, settings, venv
from script.support.steps import CACHE, ROOT, StopError, answer, run, say, step

CONVOX = venv.VENV / "bin" / "convox"
KINDS = (
    ("container", ("ps", "-aq"), ("rm", "-fv")),
    ("network", ("network", "ls", "-q"), ("network", "rm")),
    ("volume", ("volume", "ls", "-q"), ("volume", "rm", "-f")),
)
"""What to look for in the engine: its name, how to list it, how to remove it."""


def everything(rack: str) -> None:
    """Remove the rack, its traces, the stand-ins, our engine and the environment."""
    address = settings.host_of(rack)
    known = bool(address) or settings.state_of(rack).exists()
    if known and not engine.answers():
        engine.ensure()
    uninstall(rack, known=known)
    if engine.answers():
        with step("Removing what is left in the engine, and the stand-in images"):
            sweep(rack)
            images.remove()
            if engine.is_ours():
                answer(["docker", "builder", "prune", "--all", "--force"])
    shutil.rmtree(CACHE, ignore_errors=True)
    engine.stop()
    settings.forget(rack, address)
    forget_builder()
    with step("Removing .venv"):
        shutil.rmtree(venv.VENV, ignore_errors=True)
        for cache in ROOT.glob("src/**/__pycache__"):
            shutil.rmtree(cache, ignore_errors=True)
    say("Gone. Debian packages that were installed stay: remove them with apt-get, if you wish.")


def uninstall(rack: str, *, known: bool) -> None:
    """Have the rack removed by its own command.

    Raises:
        StopError: when that command fails; nothing else is removed then, so it can be tried again.
    """
    if not known:
        return
    venv.ensure(venv.RUNTIME)
    with step(f"Uninstalling the rack {rack}"):
        try:
            run([CONVOX, "rack", "uninstall", "local", rack, "--force"])
        except StopError as e:
            raise StopError(f"{e}; mend that and run script/demo --clean again") from e


def forget_builder() -> None:
    """Remove the docker command's folder when it holds nothing but the name that builds gave it."""
    folder = Path.home() / ".docker"
    if folder.is_dir() and {path.name for path in folder.iterdir()} <= {".buildNodeID"}:
        shutil.rmtree(folder)


def sweep(rack: str) -> None:
    """Remove what bears the rack's label or is an image of its apps."""
    for kind, listing, removal in KINDS:
        left = _lines([*listing, "--filter", f"label=convox.rack={rack}"])
        if left:
            say(f"    {len(left)} {kind}(s) of the rack were left")
            answer(["docker", *removal, *left])
    names = ["image", "ls", "--format", "{{.Repository}}:{{.Tag}}", "--filter"]
    left = _lines([*names, f"reference=convox/{rack}/*"])
    left += _lines(["image", "ls", "-q", "--filter", f"label=convox.rack={rack}"])
    if left:
        answer(["docker", "image", "rm", "--force", *left])


def _lines(words: list[str]) -> list[str]:
    return sorted(set(answer(["docker", *words])[1].split()))
