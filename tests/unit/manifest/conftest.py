from collections.abc import Callable

import pytest

from convox.manifest import Service, check, parse


@pytest.fixture
def said() -> Callable[..., list[str]]:
    """Findings as `LINE:COLUMN SEVERITY MESSAGE`, for manifests written in a test."""

    def said(text, env=()):
        found = check(text, None if env is None else dict(env)).findings
        return [f"{f.line}:{f.column} {f.severity} {f.message}" for f in found]

    return said


@pytest.fixture
def web() -> Callable[..., Service]:
    """The service `web` of a manifest that holds only these lines for it."""

    def web(*lines, env=()):
        text = "services:\n  web:\n" + "".join(f"    {line}\n" for line in lines)
        return parse(text, dict(env)).service("web")

    return web
