"""Debian packages: install what is missing, and say which archives this machine uses.

May not remove a package. Archives are never named here: they are the machine's own.
"""

from __future__ import annotations

import os
import shutil

from script.support.steps import StopError, answer, run, step

QUIET = {"DEBIAN_FRONTEND": "noninteractive", "NEEDRESTART_SUSPEND": "1"}


def install(*packages: str) -> None:
    """Install Debian packages, with a refresh of the lists first.

    Raises:
        StopError: when this is not a Debian machine, we are not root, or apt fails.
    """
    names = " ".join(packages)
    if shutil.which("apt-get") is None:
        raise StopError(f"this needs {names}; install them by hand: there is no apt-get here")
    if os.geteuid() != 0:
        raise StopError(f"this needs {names}: run it as root, or apt-get install {names}")
    with step(f"Installing {names} with apt-get"):
        run(["apt-get", "update", "-q"], env=QUIET, quiet=True)
        run(
            ["apt-get", "install", "-q", "-y", "--no-install-recommends", *packages],
            env=QUIET,
            quiet=True,
        )


def need(command: str, *packages: str) -> None:
    """Make a command available, from the packages given, when it is not there yet."""
    if shutil.which(command) is None:
        install(*packages)


def archives(suite: str = "bookworm") -> list[str]:
    """This machine's Debian archives of one release, as lines of a sources list.

    Empty when the machine has none of that release; mmdebstrap then uses its own default.
    """
    wanted = "$(REPO_URI)|$(RELEASE)|$(COMPONENT)|$(ORIGIN)"
    ask = ["apt-get", "indextargets", "--format", wanted, "Identifier: Packages"]
    _, out, _ = answer(ask)
    lines = []
    for row in out.splitlines():
        uri, release, component, origin = row.split("|")
        if origin in ("Debian", "$(ORIGIN)") and release.startswith(suite):
            lines.append(f"deb {uri} {release} {component}")
    return sorted(set(lines))
