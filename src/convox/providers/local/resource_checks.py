"""What keeps a release from being promoted because of its resources, before anything is touched.

Above all: data is never given to a server that cannot read it. What the rules here let through
and the data directory still refuses fails the promote, and the old server goes on.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from convox.core.errors import ConflictError, InvalidError
from convox.manifest import Manifest
from convox.manifest.model import Resource
from convox.providers.local.resource_options import ResourceOptions, parse_options, type_of
from convox.providers.local.resource_types import ResourceType
from convox.providers.local.store.resources import ResourceRow

_NAME = re.compile(r"[a-z][a-z0-9-]{0,39}")


def check_resources(manifest: Manifest, rows: Mapping[str, ResourceRow]) -> None:
    """Refuse resources that cannot be made, or whose data would not be read.

    Args:
        manifest: of the release that shall run.
        rows: the resources that the app has, by name.

    Raises:
        InvalidError: a name, a type, an option or a version cannot be; the valid ones are named.
        ConflictError: a resource of that name has another type, or is being deleted.
    """
    for resource in manifest.resources:
        if not _NAME.fullmatch(resource.name):
            raise InvalidError(
                f'resource name "{resource.name}" invalid, must contain only lowercase'
                " alphanumeric and dashes, at most 40"
            )
        kind = type_of(resource.name, resource.type)
        options = parse_options(resource.name, kind, resource.options)
        row = rows.get(resource.name)
        if row is not None:
            _check_kept(resource, kind, options, row)


def _check_kept(
    resource: Resource, kind: ResourceType, options: ResourceOptions, row: ResourceRow
) -> None:
    name = row.name
    if row.deleting:
        raise ConflictError(f"resource {name} is being deleted", fix="try again in a moment")
    if row.type != kind.name:
        raise ConflictError(
            f"resource {name} is a {row.type}, not a {kind.name}",
            why="its data is kept; use another name, or delete it when no release lists it:"
            f" convox resources delete {name}",
        )
    before = parse_options(name, kind, row.options) if row.settled else options
    if not reads(kind, before, options):
        raise InvalidError(
            f"resource {name} holds data of {kind.name} {before.version}, which {kind.name}"
            f" {options.version} does not read",
            why=f"nothing was changed; to move, add a resource of another name with version"
            f" {options.version} and carry the data over: convox resources export {name}"
            f" -f FILE, convox resources import OTHER -f FILE",
        )


def reads(kind: ResourceType, data: ResourceOptions, server: ResourceOptions) -> bool:
    """Tell whether a server of one version reads the data of another; what is unknown may."""
    old, new = _comparable(data.major, server.major)
    if kind.upgrades == "same":
        # Until 9.6 a major version of PostgreSQL had two numbers.
        count = 2 if old[:1] < (10,) else 1
        return old[:count] == new[:count]
    return kind.upgrades == "any" or new >= old


def _comparable(old: tuple[int, ...], new: tuple[int, ...]) -> tuple[tuple[int, ...], ...]:
    count = min(len(old), len(new), 2)
    return old[:count], new[:count]
