"""Timers of an app: listed, their runs, run by hand."""

from __future__ import annotations

from convox.cli.times import elapsed, relative

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from convox.cli.context import Context

_GOOD = ("complete", "running", "pending")


def list_all(ctx: Context) -> None:
    """Print timers, when each comes next and how its last run went."""
    timers = ctx.call("timer_list", ctx.app()) or []
    if ctx.json(timers):
        return
    rows = [
        (t["name"], t["service"], t["schedule"], relative(t["next"]), _last(t["last"]))
        for t in timers
    ]
    ctx.out.table(("TIMER", "SERVICE", "SCHEDULE", "NEXT", "LAST"), rows)
    for timer in timers:
        last = timer["last"]
        if last and last["status"] not in _GOOD and last["reason"]:
            ctx.out.note(f"{timer['name']}: {last['reason']}")


def runs(ctx: Context) -> None:
    """Print the runs of a timer, newest first."""
    found = ctx.call("timer_runs", ctx.app(), ctx.arg(), limit=ctx.number("limit")) or []
    if ctx.json(found):
        return
    rows = [
        (
            str(r["id"]),
            _status(r),
            relative(r["due"]),
            elapsed(r["started"], r["ended"]),
            r["process"],
            r["release"],
            r["reason"],
        )
        for r in found
    ]
    headers = ("RUN", "STATUS", "DUE", "ELAPSED", "PROCESS", "RELEASE", "REASON")
    ctx.out.table(headers, rows)


def run(ctx: Context) -> int:
    """Run a timer now; with `--wait` until its end, whose exit status is answered."""
    app = ctx.app()
    ctx.out.start(f"Running {ctx.arg()}")
    found = ctx.call("timer_run", app, ctx.arg())
    ctx.out.ok(found["process"])
    if ctx.on("wait"):
        found = _ended(ctx, app, found)
        ctx.out.line(f"{found['timer']}: {_status(found)}")
    if found["status"] == "failed":
        ctx.out.note(found["reason"] or f"its log: convox logs -a {app}")
        return int(found["exit-code"] or 1)
    return 0


def _ended(ctx: Context, app: str, run: dict[str, Any]) -> dict[str, Any]:
    from threading import Event

    never, pause = Event(), 0.25
    found = run
    while found["status"] in ("pending", "running"):
        ctx.clock.wait(never, pause)
        pause = min(2.0, pause * 1.5)
        latest: list[dict[str, Any]] = ctx.call("timer_runs", app, run["timer"], limit=50) or []
        found = next((item for item in latest if item["id"] == run["id"]), found)
    return found


def _last(run: dict[str, Any] | None) -> str:
    return f"{_status(run)} {relative(run['due'])}" if run else ""


def _status(run: dict[str, Any]) -> str:
    if run["status"] == "failed" and run["exit-code"] is not None:
        return f"failed ({run['exit-code']})"
    return str(run["status"])
