"""Where a local rack keeps its files, and how it names what it makes in Docker.

One folder a rack, so that uninstalling is removing it. Names in Docker join rack, app and service
with dots, which none of them may contain, so no two racks or apps can collide; ownership is
always decided by labels, never by a name. Nothing here touches the disk or the engine.
"""

from __future__ import annotations

import hashlib
import os
from dataclasses import dataclass
from pathlib import Path

LABEL_RACK = "convox.rack"
LABEL_APP = "convox.app"
LABEL_KIND = "convox.kind"
"""service, oneoff, timer, build, router, network, image, volume,
resource, resource-network"""
LABEL_SERVICE = "convox.service"
LABEL_RESOURCE = "convox.resource"
LABEL_RELEASE = "convox.release"
LABEL_BUILD = "convox.build"
LABEL_SPEC = "convox.spec"
"""Digest of everything that a running service container depends on."""
LABEL_DEADLINE = "convox.deadline"
"""Unix seconds after which a one-off process is reaped."""
LABEL_TIMER = "convox.timer"
"""The timer that a process is a run of."""
LABEL_RUN = "convox.run"
"""The number of the run."""
LABEL_DRAIN = "convox.drain"
"""Seconds that a service container goes on answering after it left the route."""
LABEL_GRACE = "convox.grace"
"""Seconds between asking a container to end and killing it."""
LABEL_SIGNAL = "convox.signal"
"""The signal that asks the container to end."""


@dataclass(frozen=True)
class Layout:
    """The folder of one rack and the names it gives."""

    root: Path
    """The rack's own folder, mode 0700."""
    rack: str

    @property
    def database(self) -> Path:
        """SQLite file of the rack's state."""
        return self.root / "rack.db"

    @property
    def lock(self) -> Path:
        """Held by the one running rack process; contains its pid."""
        return self.root / "rack.lock"

    @property
    def daemon_log(self) -> Path:
        """What the rack process logs where no service manager keeps it; rotated."""
        return self.root / "daemon.log"

    @property
    def router(self) -> Path:
        """Mounted at /convox in the router: sockets, configuration, certificates, storage."""
        return self.root / "router"

    @property
    def api_socket(self) -> Path:
        """Where the rack's API listens; only the router and this machine's root reach it."""
        return self.router / "api.sock"

    @property
    def admin_socket(self) -> Path:
        """Caddy's admin API."""
        return self.router / "admin.sock"

    @property
    def logs(self) -> Path:
        """Logs of apps and of the rack, one folder for each."""
        return self.root / "logs"

    @property
    def build_logs(self) -> Path:
        """One file for each build."""
        return self.root / "builds"

    @property
    def objects(self) -> Path:
        """Objects of apps, one folder for each app."""
        return self.root / "objects"

    @property
    def work(self) -> Path:
        """Scratch space of builds; emptied at start."""
        return self.root / "work"

    def network(self, app: str) -> str:
        """Return the name of an app's network."""
        return f"convox.{self.rack}.{app}"

    def container(self, app: str, service: str, suffix: str) -> str:
        """Return the name of a container of a service."""
        return f"convox.{self.rack}.{app}.{service}.{suffix}"

    def image(self, app: str, service: str, build: str) -> str:
        """Return the image that a build makes for a service, as REPOSITORY:TAG."""
        return f"convox/{self.rack}/{app}:{service}.{build}"

    def host(self, app: str, service: str) -> str:
        """Return the name at which the router answers for a service."""
        return f"{app}-{service}.{self.rack}.localhost"

    def link_host(self, app: str, service: str) -> str:
        """Return the name at which the router answers for a service inside the app's network."""
        return f"{service}.{app}.{self.rack}.convox"

    def volume(self, app: str, path: str) -> str:
        """Return the name of the volume that holds a path of an app."""
        return f"convox.{self.rack}.{app}.{hashlib.sha256(path.encode()).hexdigest()[:12]}"

    def resource_network(self, app: str, name: str) -> str:
        """Return the name of a resource's network."""
        return f"convox.{self.rack}.{app}.{name}"

    def resource_container(self, app: str, name: str) -> str:
        """Return the one name of a resource's container: two of them never share a volume."""
        return f"convox.{self.rack}.{app}.resource.{name}.0"

    def resource_volume(self, app: str, name: str) -> str:
        """Return the name of the volume that holds a resource's data."""
        return f"convox.{self.rack}.{app}.resource.{name}"

    def resource_host(self, app: str, name: str) -> str:
        """Return the name at which a resource answers inside its network."""
        return f"{name}.resource.{app}.{self.rack}.convox"

    def labels(self, kind: str, app: str = "") -> dict[str, str]:
        """Return the labels that mark a thing as this rack's."""
        labels = {LABEL_RACK: self.rack, LABEL_KIND: kind}
        return {**labels, LABEL_APP: app} if app else labels


def racks_root(environ: dict[str, str] | None = None) -> Path:
    """Return the folder that holds every local rack of this user.

    `CONVOX_STATE` if set, /var/lib/convox for root, else the XDG data folder.
    """
    env = dict(os.environ) if environ is None else environ
    if env.get("CONVOX_STATE"):
        return Path(env["CONVOX_STATE"])
    if os.geteuid() == 0:
        return Path("/var/lib/convox")
    data = env.get("XDG_DATA_HOME") or str(Path.home() / ".local" / "share")
    return Path(data) / "convox"


def layout_of(rack: str, environ: dict[str, str] | None = None) -> Layout:
    """Return the layout of the rack with this name."""
    return Layout(racks_root(environ) / "racks" / rack, rack)
