"""The address of a resource and the variables that carry it to a service. Pure.

The host is a name that the engine answers in the resource's own network, and that the rack knows
when it is asked to proxy there. Source of the shapes: manifest.md sections 6 and 7. PORT is a
number for every type, where the incumbent's has a path behind it for redis.
"""

from __future__ import annotations

from convox.manifest import env_prefix
from convox.providers.local.layout import Layout
from convox.providers.local.resource_types import TYPES, USER
from convox.providers.local.store.resources import ResourceRow


def url_of(layout: Layout, row: ResourceRow) -> str:
    """Return the address of a resource, password included."""
    kind = TYPES[row.type]
    place = f"{layout.resource_host(row.app, row.name)}:{kind.port}"
    if kind.has_user:
        return f"{kind.scheme}://{USER}:{row.password}@{place}/{USER}"
    return f"{kind.scheme}://{place}/0" if kind.scheme else place


def resource_env(layout: Layout, row: ResourceRow) -> dict[str, str]:
    """Return the variables that a service gets for a resource that it lists."""
    kind, prefix = TYPES[row.type], env_prefix(row.name)
    values = {
        "URL": url_of(layout, row),
        "USER": USER if kind.has_user else "",
        "PASS": row.password if kind.has_user else "",
        "HOST": layout.resource_host(row.app, row.name),
        "PORT": str(kind.port),
        "NAME": USER if kind.has_user else "",
    }
    return {f"{prefix}_{suffix}": value for suffix, value in values.items()}
