"""Auditing a rack: so far, by trying what its apps must not reach on this machine."""

from __future__ import annotations

from convox.core.errors import InvalidError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from convox.cli.context import Context
    from convox.providers.local.audit import Tried


def rack(ctx: Context) -> int:
    """Try what no app may reach; the answer is 1 if something was reached."""
    if not ctx.on("local-probe"):
        raise InvalidError(
            "nothing to audit",
            why="racks of this machine are audited by trying",
            fix="convox rack audit --local-probe",
        )
    from convox.providers.local.audit import audit

    name = ctx.arg() or _only_rack(ctx)
    found = audit(name, ctx.out.note)
    holes = [tried for tried in found if tried.is_hole]
    if not ctx.json({"rack": name, "holes": len(holes), "tries": [_plain(t) for t in found]}):
        _show(ctx, name, found, holes)
    return 1 if holes else 0


def _show(ctx: Context, name: str, found: list[Tried], holes: list[Tried]) -> None:
    rows = [(t.app, t.what, t.target, _result(t)) for t in found]
    ctx.out.table(("FROM APP", "TRIED", "ADDRESS", "RESULT"), rows)
    exposed = sorted({f"{t.what}, {t.target}" for t in found if t.open and t.means == "exposed"})
    for line in exposed:
        ctx.out.note(f"exposed: apps reach {line}: bind it to loopback if they should not")
    for tried in holes:
        ctx.out.note(f"HOLE: app {tried.app} reaches {tried.what} at {tried.target}: {tried.said}")
    ctx.out.line(f"{name}: {len(found)} tries, {len(holes)} holes, {len(exposed)} exposed")


def _result(tried: Tried) -> str:
    if not tried.open:
        return "closed"
    return {"hole": "OPEN", "exposed": "exposed", "control": "open, as it must be"}[tried.means]


def _plain(tried: Tried) -> dict[str, Any]:
    return {
        "app": tried.app,
        "what": tried.what,
        "target": tried.target,
        "open": tried.open,
        "means": str(tried.means),
        "hole": tried.is_hole,
        "said": tried.said,
    }


def _only_rack(ctx: Context) -> str:
    import os

    from convox.providers.local.layout import racks_root

    folder = os.path.join(racks_root(dict(ctx.environ)), "racks")
    names = sorted(os.listdir(folder)) if os.path.isdir(folder) else []
    if len(names) == 1:
        return names[0]
    known = ", ".join(names) or "none"
    raise InvalidError(
        "which rack",
        why=f"racks on this machine: {known}",
        fix="convox rack audit --local-probe NAME",
    )
