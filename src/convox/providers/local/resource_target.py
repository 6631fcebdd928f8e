"""What resources shall run: each as a service of one process that never runs beside itself.

So all that holds of services holds of them: they are health-checked, restarted, replaced when
what they are made of changes, and a promote fails whose resources do not get well. Pure.
A resource that no release lists any more goes on as it was last; `resources delete` ends it.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping

from convox.core.errors import InvalidError
from convox.providers.local.containers import Mount
from convox.providers.local.desired import (
    DesiredService,
    Health,
    ResourceFacts,
    Wish,
    as_service,
)
from convox.providers.local.layout import Layout
from convox.providers.local.resource_options import ResourceOptions, parse_options
from convox.providers.local.resource_types import TYPES, ResourceType
from convox.providers.local.store.resources import ResourceRow

FIRST_START_S = 120
"""How long a new resource may take to serve: it makes its data directory first."""
_NEXT_START_S = 600
_RECOVERY_S = 30 * 24 * 3600
"""One that holds data may recover for as long as it needs, for nothing is gained by ending it."""
_GRACE_S = 60
_HEALTH = Health(grace_s=FIRST_START_S, interval_s=5, timeout_s=8)


def desired_resources(
    layout: Layout, wish: Wish, *, is_pending: bool = False
) -> tuple[DesiredService, ...]:
    """Return the resources of a release, then those that are only kept."""
    declared = {resource.name: resource for resource in wish.manifest.resources}
    found = []
    for name, resource in declared.items():
        row = wish.resources.get(name)
        if row is not None and not row.deleting and row.type == resource.type:
            found.append(_resource(layout, row, resource.options, is_pending=is_pending))
    for name, row in wish.resources.items():
        if name not in declared and row.settled and not row.deleting:
            found.append(_resource(layout, row, row.options, is_pending=is_pending, kept=True))
    return tuple(found)


def _resource(
    layout: Layout,
    row: ResourceRow,
    given: Mapping[str, str],
    *,
    is_pending: bool,
    kept: bool = False,
) -> DesiredService:
    kind = TYPES[row.type]
    options = _options(row, kind, given)
    image = f"{kind.image}:{options.version}"
    command = _command(kind, options)
    env = {**kind.env, **dict.fromkeys(kind.password_names, row.password)}
    mounts = _mounts(layout, row, kind, options)
    facts = ResourceFacts(
        row.name,
        layout.resource_network(row.app, row.name),
        layout.resource_host(row.app, row.name),
        kind.speech,
        kept,
    )
    return DesiredService(
        name=as_service(row.name),
        release="",
        build="",
        image=image,
        command=command,
        env=env,
        memory_mib=options.memory_mib,
        mounts=mounts,
        port=kind.port,
        health=_HEALTH,
        grace_s=_GRACE_S,
        minimum=0,
        maximum=100,
        stop_first=True,
        start_limit_s=_start_limit(row, is_pending=is_pending),
        spec=_digest(row, image, command, options.memory_mib),
        resource=facts,
    )


def _options(row: ResourceRow, kind: ResourceType, given: Mapping[str, str]) -> ResourceOptions:
    try:
        return parse_options(row.name, kind, given)
    except InvalidError:
        # A promote refuses them; this is a release of before such a rule, or another's.
        return ResourceOptions(given.get("version") or kind.version)


def _command(kind: ResourceType, options: ResourceOptions) -> tuple[str, ...] | None:
    words = kind.command
    if kind.memory_flag:
        # The rest is for what the server needs besides its data, such as to write them out.
        flag = kind.memory_flag.format(options.memory_mib * 3 // 4)
        words = (*(words or ()), *flag.split())
    return (*(words or ()), *kind.durable_command) if options.durable else words


def _mounts(
    layout: Layout, row: ResourceRow, kind: ResourceType, options: ResourceOptions
) -> tuple[Mount, ...]:
    if not kind.data:
        return ()
    path = kind.data
    if kind.name == "postgres" and options.major >= (18,):
        # Since 18 the image keeps a folder for each major version in one volume.
        path = path.removesuffix("/data")
    return (Mount(layout.resource_volume(row.app, row.name), path),)


def _start_limit(row: ResourceRow, *, is_pending: bool) -> int:
    if not row.settled:
        return FIRST_START_S
    return _NEXT_START_S if is_pending else _RECOVERY_S


def _digest(row: ResourceRow, image: str, command: tuple[str, ...] | None, memory_mib: int) -> str:
    created = row.created.isoformat() if row.created else ""
    facts = [row.type, image, command, memory_mib, created]
    return hashlib.sha256(json.dumps(facts).encode()).hexdigest()[:32]
