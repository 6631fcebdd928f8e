"""The settings that the `convox` command keeps, as the demo reads and tidies them.

Written apart from the product's own reader on purpose: this must run before the product is
installed and after it is gone. Layout: docs/architecture.md, "Settings".
"""

from __future__ import annotations

import json
import os
from pathlib import Path

from script.support.steps import StopError

KEYED_BY_HOST = ("auth", "certificates", "insecure", "racks", "session")


def folder() -> Path:
    """Where the settings are."""
    own = os.environ.get("CONVOX_CONFIG")
    home = os.environ.get("XDG_CONFIG_HOME") or Path.home() / ".config"
    return Path(own) if own else Path(home) / "convox2"


def host() -> str:
    """The host that commands talk to when none is named."""
    try:
        return (folder() / "host").read_text().strip()
    except OSError:
        return ""


def entries(name: str) -> dict[str, str]:
    """One of the maps; empty when there is none.

    Raises:
        StopError: when the file is not a JSON object.
    """
    path = folder() / name
    try:
        found = json.loads(path.read_text())
    except OSError:
        return {}
    except ValueError as e:
        raise StopError(f"{path} is not JSON: mend it or remove it") from e
    return {str(key): str(value) for key, value in found.items()}


def host_of(rack: str) -> str:
    """Host of a rack of one's own, "" when it is not known."""
    return entries("self-managed").get(rack, "")


def authority_of(rack: str) -> str:
    """The certificate, in PEM, of the authority that signs for a local rack's apps.

    Raises:
        StopError: when there is none; nothing is ever fetched unverified instead.
    """
    path = state_of(rack) / "router" / "pki" / "root.crt"
    try:
        return path.read_text()
    except OSError as e:
        raise StopError(f"the certificate of the rack {rack} cannot be read: {e}") from e


def state_of(rack: str) -> Path:
    """Folder of a local rack, whether it exists or not."""
    own = os.environ.get("CONVOX_STATE")
    if own or os.geteuid() == 0:
        return Path(own or "/var/lib/convox") / "racks" / rack
    data = os.environ.get("XDG_DATA_HOME") or Path.home() / ".local" / "share"
    return Path(data) / "convox" / "racks" / rack


def forget(rack: str, address: str) -> None:
    """Remove what names a rack or its host, and the folders that are empty then."""
    _drop("self-managed", rack)
    for name in KEYED_BY_HOST:
        _drop(name, address)
    if address and host() == address:
        (folder() / "host").unlink()
    for empty in (folder(), folder().parent):
        if empty.is_dir() and not any(empty.iterdir()):
            empty.rmdir()


def _drop(name: str, key: str) -> None:
    found = entries(name)
    if key not in found:
        return
    del found[key]
    path = folder() / name
    if not found:
        path.unlink()
        return
    draft = path.with_name(f"{name}.draft")
    draft.touch(mode=0o600)
    draft.write_text(json.dumps(found, indent=2))
    draft.replace(path)
