"""Running the tests that a manifest names, each in a new process of a release."""

from __future__ import annotations

from convox.cli.nouns.builds import make
from convox.cli.nouns.releases import parse_env
from convox.cli.nouns.shells import run_once
from convox.core.errors import FailedError, InvalidError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from convox.cli.context import Context


def test(ctx: Context) -> None:
    """Build for development unless a release is named, then run `test` of each service."""
    from convox.manifest import check

    app = ctx.app()
    release_id = ctx.text("test-release") or make(ctx, development=True)["release"]
    release = ctx.call("release_get", app, release_id)
    checked = check(release["manifest"], parse_env(release["env"] or ""), filename="convox.yml")
    if checked.manifest is None:
        raise InvalidError("invalid manifest", why="; ".join(map(str, checked.findings)))
    for service in checked.manifest.services:
        if service.test:
            ctx.out.line(f"Running {service.test} on {service.name}")
            code = run_once(ctx, app, service.name, release_id, service.test)
            if code:
                raise FailedError(f"exit {code}")
