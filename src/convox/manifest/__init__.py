"""convox.yml as a typed value: parse it, check it, and say what is wrong and where.

`load.py` is the pipeline and the place to start reading. Nothing here reads a file, a socket or
the process's environment: text and environment come in, a `Manifest` or findings go out. Names
are resolved on first use, so that importing `convox.manifest.envtext` alone stays cheap.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from convox.manifest.environment import env_prefix, service_environment
    from convox.manifest.findings import Finding, ManifestError
    from convox.manifest.load import Check, check, parse, read_text
    from convox.manifest.model import Manifest, Resource, Service, Timer

__all__ = [
    "Check",
    "Finding",
    "Manifest",
    "ManifestError",
    "Resource",
    "Service",
    "Timer",
    "check",
    "env_prefix",
    "parse",
    "read_text",
    "service_environment",
]

_HOMES = {
    "environment": ("env_prefix", "service_environment"),
    "findings": ("Finding", "ManifestError"),
    "load": ("Check", "check", "parse", "read_text"),
    "model": ("Manifest", "Resource", "Service", "Timer"),
}


def __getattr__(name: str) -> object:
    for home, names in _HOMES.items():
        if name in names:
            return getattr(import_module(f"convox.manifest.{home}"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
