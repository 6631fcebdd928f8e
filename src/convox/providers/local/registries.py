"""Credentials of image registries: stored, listed without their passwords, given to pulls.

Passwords leave this module only for the engine and the builder; they are never logged.
"""

from __future__ import annotations

import base64
import json

from convox.api.types import Registry, RegistryAddOptions
from convox.core.errors import InvalidError, NotFoundError
from convox.providers.local.store import Store

_PREFIX = "registry:"
_HUB = "docker.io"
_HUB_KEY = "https://index.docker.io/v1/"
"""The name under which Docker's own configuration keeps credentials of the hub."""
_HUB_NAMES = frozenset({_HUB, "index.docker.io", "registry-1.docker.io", "hub.docker.com"})


class Registries:
    """The registries that a rack knows."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def registry_add(self, opts: RegistryAddOptions) -> Registry:
        """Store credentials of a registry, replacing those it had."""
        server = opts.server.strip()
        if not _host(server):
            raise InvalidError("registry server can not be blank")
        if not opts.username:
            raise InvalidError(f"username of registry {server} can not be blank")
        kept = json.dumps({"username": opts.username, "password": opts.password})
        self._store.settings.put(_PREFIX + server, kept)
        return Registry(server=server, username=opts.username)

    def registry_list(self) -> tuple[Registry, ...]:
        """Return registries, by server, without passwords."""
        return tuple(
            Registry(server=server, username=json.loads(kept)["username"])
            for server, kept in sorted(self._kept().items())
        )

    def registry_remove(self, server: str) -> None:
        """Forget credentials of a registry."""
        if not self._store.settings.delete(_PREFIX + server):
            raise NotFoundError(f"registry not found: {server}")

    def auth_for(self, ref: str) -> dict[str, str] | None:
        """Return `username` and `password` for the registry of an image, if known."""
        wanted = registry_of(ref)
        for server, kept in self._kept().items():
            if _host(server) == wanted:
                return dict(json.loads(kept))
        return None

    def auths(self) -> dict[str, dict[str, str]]:
        """Return all credentials in the form of the engine: `username`, `password` by server."""
        return {
            _docker_key(server): dict(json.loads(kept)) for server, kept in self._kept().items()
        }

    def docker_config(self) -> dict[str, object]:
        """Return all credentials in the form of Docker's `config.json`."""
        return {
            "auths": {
                server: {"auth": _basic(auth["username"], auth["password"])}
                for server, auth in self.auths().items()
            }
        }

    def _kept(self) -> dict[str, str]:
        return self._store.settings.with_prefix(_PREFIX)


def registry_of(ref: str) -> str:
    """Return the host of the registry that an image's name points to.

    Source: Docker, "docker image tag": without a dot, a colon or `localhost` in its first part,
    a name belongs to docker.io.
    """
    first, slash, _ = ref.partition("/")
    is_host = bool(slash) and ("." in first or ":" in first or first == "localhost")
    return _host(first) if is_host else _HUB


def _host(server: str) -> str:
    host = server.removeprefix("https://").removeprefix("http://").partition("/")[0].lower()
    return _HUB if host in _HUB_NAMES else host


def _docker_key(server: str) -> str:
    host = _host(server)
    return _HUB_KEY if host == _HUB else host


def _basic(username: str, password: str) -> str:
    return base64.b64encode(f"{username}:{password}".encode()).decode()
