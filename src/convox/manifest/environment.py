"""Which environment variables reach a service, and how names become prefixes of variables.

Only declared variables reach a process. `KEY` needs a value, `KEY=default` takes one or the
default, `*` takes everything; later declarations win.

Source: manifest.md section 6.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from convox.core.errors import InvalidError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from convox.manifest.model import Manifest


def service_environment(
    manifest: Manifest, service_name: str, env: Mapping[str, str]
) -> dict[str, str]:
    """Return what of `env` and of the defaults one service's processes get.

    Raises:
        NotFoundError: there is no such service.
        InvalidError: a required variable has no value.
    """
    declarations = manifest.service(service_name).environment
    missing = missing_names(declarations, env)
    if missing:
        names = ", ".join(missing)
        raise InvalidError(f"required env: {names}", fix="convox env set NAME=VALUE")
    effective: dict[str, str] = {}
    for declaration in declarations:
        name, given, default = declaration.partition("=")
        if not given and name == "*":
            effective.update(env)
        else:
            effective[name] = env.get(name, default)
    return effective


def missing_names(declarations: Iterable[str], env: Mapping[str, str]) -> list[str]:
    """Return the names that need a value and have none, sorted, once for each declaration."""
    required = (name for name in declarations if "=" not in name and name != "*")
    return sorted(name for name in required if name not in env)


def env_prefix(name: str) -> str:
    """Return the prefix of the variables of a link or resource: `my-db` gives `MY_DB`."""
    return name.upper().replace("-", "_")
