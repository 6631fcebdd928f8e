"""Checking a manifest without a rack: every finding, with its place."""

from __future__ import annotations

import os

from convox.core.errors import NotFoundError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from convox.cli.context import Context


def validate(ctx: Context) -> int:
    """Print what is wrong with convox.yml; 1 on errors, with --strict on warnings too."""
    from convox.manifest import check

    path = ctx.text("manifest") or "convox.yml"
    checked = check(_text(path, "-m"), _env(ctx), filename=path)
    worst = {finding.severity for finding in checked.findings}
    if ctx.on("json"):
        ctx.out.json(
            {
                "findings": [_plain(finding) for finding in checked.findings],
                "needed": [str(name) for name in checked.needed],
            }
        )
    else:
        for finding in checked.findings:
            ctx.out.line(str(finding))
        if checked.needed:
            ctx.out.line(f"needed: {', '.join(str(name) for name in checked.needed)}")
        if not checked.findings:
            ctx.out.line(f"{path}: OK")
    return int("error" in worst or (ctx.on("strict") and bool(worst)))


def _plain(finding: object) -> dict[str, object]:
    import dataclasses

    assert dataclasses.is_dataclass(finding) and not isinstance(finding, type)  # noqa: S101
    return dataclasses.asdict(finding)


def _text(path: str, flag: str) -> str:
    if not os.path.exists(path):
        raise NotFoundError(f"no such file: {path}", fix=f"name it with {flag} FILE")
    with open(path, encoding="utf-8", errors="replace") as file:
        return file.read()


def _env(ctx: Context) -> dict[str, str] | None:
    if not ctx.text("env"):
        return None
    from convox.cli.nouns.releases import parse_env

    return parse_env(_text(ctx.text("env"), "--env"))
