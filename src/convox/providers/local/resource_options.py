"""Options of a resource in a convox.yml: which a type has, and what they mean on this machine.

What only a cloud can do is accepted, so that one file serves everywhere, and said once at each
promote; what would silently give other data than asked for is refused. Pure.
Source: manifest.md section 7.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from convox.core.errors import InvalidError
from convox.providers.local.resource_types import TYPES, ResourceType

_MIB = {
    "nano": 512,
    "micro": 1024,
    "small": 2048,
    "medium": 4096,
    "large": 8192,
    "xlarge": 16384,
}
_CLASS = re.compile(r"(?:db|cache)\.[a-z0-9-]+\.(\d*)([a-z]+)")
_VERSION = re.compile(r"[0-9][0-9A-Za-z._-]{0,60}")
_FLAGS = {"true": True, "yes": True, "false": False, "no": False}
_WORDS = ("preferredBackupWindow", "parameterGroupName")
_NUMBERS = ("storage", "iops", "backupRetentionPeriod", "nodes")
_BOOLEANS = ("durable", "encrypted", "deletionProtection", "autoMinorVersionUpgrade")
_WITHOUT_EFFECT = ("storage", "iops", "encrypted", "nodes", "parameterGroupName")
"""Options whose absence on a rack somebody might miss."""
_REFUSED = {
    "snapshot": "import its data instead: convox resources import NAME -f FILE",
    "readSourceDB": "link the services to its source, which is as near",
}


@dataclass(frozen=True)
class ResourceOptions:
    """What holds for one resource."""

    version: str
    memory_mib: int = 1024
    durable: bool = False
    protected: bool = False
    ignored: tuple[str, ...] = ()
    """Options that have no effect here, and that somebody might miss."""

    @property
    def major(self) -> tuple[int, ...]:
        """The version's leading numbers: of `10.11.6` it is (10, 11, 6)."""
        numbers = (re.match(r"\d+", part) for part in self.version.split("."))
        return tuple(int(found.group()) for found in numbers if found)


def type_of(name: str, kind: str) -> ResourceType:
    """Return a type by its name in a manifest.

    Raises:
        InvalidError: there is none such; the valid ones are named.
    """
    found = TYPES.get(kind)
    if found is None:
        raise InvalidError(
            f'resource {name}: unknown type "{kind}"',
            why=f"a local rack has {', '.join(TYPES)}",
        )
    return found


def parse_options(name: str, kind: ResourceType, given: Mapping[str, str]) -> ResourceOptions:
    """Return what the options of a resource mean.

    Raises:
        InvalidError: an option is unknown, or its value cannot be; the valid ones are named.
    """
    options = {_spelled(name, kind, key): value for key, value in given.items()}
    for option, value in options.items():
        _check(name, option, value)
    if kind.name == "redis" and options.get("engine") == "valkey":
        raise InvalidError(
            f"resource {name}: engine valkey is a type of its own", fix="write type: valkey"
        )
    return ResourceOptions(
        version=options.get("version") or kind.version,
        memory_mib=_memory(name, options.get("class", "")),
        durable=_FLAGS[options.get("durable", "no").lower()],
        protected=_FLAGS[options.get("deletionProtection", "no").lower()],
        ignored=tuple(option for option in options if _is_missed(option, options[option])),
    )


def _spelled(name: str, kind: ResourceType, key: str) -> str:
    """Return an option as its type spells it; `backup-retention-period` and so on are fine."""
    wanted = key.replace("-", "").replace("_", "").lower()
    known = (*kind.options, "engine") if kind.name == "redis" else kind.options
    found = next((option for option in known if option.lower() == wanted), None)
    if found is None:
        raise InvalidError(
            f'resource {name}: unknown option "{key}"',
            why=f"a {kind.name} has {', '.join(kind.options)}",
        )
    return found


def _check(name: str, option: str, value: str) -> None:
    if option in _REFUSED and value:
        raise InvalidError(f"resource {name}: a local rack has no {option}", fix=_REFUSED[option])
    if option in _BOOLEANS and value.lower() not in _FLAGS:
        raise InvalidError(f'resource {name}: {option} must be true or false, not "{value}"')
    if option in _NUMBERS and not (value.isdecimal() and len(value) < 9):
        raise InvalidError(f'resource {name}: {option} must be a number, not "{value}"')
    if option == "version" and not _VERSION.fullmatch(value):
        raise InvalidError(f'resource {name}: "{value}" is not a version')


def _memory(name: str, words: str) -> int:
    if not words:
        return _MIB["micro"]
    found = _CLASS.fullmatch(words)
    if found is None or found.group(2) not in _MIB:
        sizes = ", ".join(_MIB)
        raise InvalidError(
            f'resource {name}: unknown class "{words}"',
            why=f"it is such as db.t3.micro or cache.m5.2xlarge, with one of {sizes}",
        )
    return _MIB[found.group(2)] * int(found.group(1) or 1)


def _is_missed(option: str, value: str) -> bool:
    is_default = (option == "nodes" and value == "1") or value.lower() in ("no", "false", "")
    return option in _WITHOUT_EFFECT and not is_default
