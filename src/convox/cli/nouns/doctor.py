"""Say what is wrong with this machine, this rack and this app, each with what mends it.

The machine and the rack are looked at from here (providers/local/doctor.py), the settings and the
apps as any command sees them. The exit is 1 when there is a problem, 0 for warnings.
"""

from __future__ import annotations

from convox.core.errors import ConvoxError, FailedError, UnauthenticatedError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any

    from convox.cli.context import Context
    from convox.providers.local.doctor import Doctor, Finding

_CRASHED = ("crashed", "unhealthy", "failed")


def doctor(ctx: Context) -> None:
    """Look at everything, print it, and fail when there is a problem."""
    found = list(_findings(ctx, _made(ctx)))
    rows = [(f.status.upper(), f.check, f.text) for f in found]
    document = [{"check": f.check, "status": f.status, "text": f.text, "fix": f.fix} for f in found]
    if not ctx.json(document):
        ctx.out.table(("STATUS", "CHECK", "FINDING"), rows)
        for finding in found:
            if finding.fix:
                ctx.out.line(f"{finding.check}: {finding.fix}")
    problems = sum(finding.status == "problem" for finding in found)
    if problems:
        raise FailedError(f"{problems} {'problem' if problems == 1 else 'problems'} found")


def _made(ctx: Context) -> Doctor:
    """Return the doctor, after it has pruned if that was asked for."""
    from convox.core.clock import SystemClock
    from convox.providers.local.builder import choose
    from convox.providers.local.doctor import Doctor
    from convox.providers.local.engine import Engine
    from convox.providers.local.engine_upkeep import Upkeep

    engine = Engine()
    made = Doctor(engine, Upkeep(engine), SystemClock(), lambda: choose(engine, ctx.environ))
    if ctx.on("prune"):
        ctx.out.note(f"removed {made.prune() / 1e6:.1f} MB of build cache that nothing uses")
    return made


def _findings(ctx: Context, made: Doctor) -> Iterator[Finding]:
    from convox.cli.nouns.keep import rack_here
    from convox.providers.local.doctor import OK, WARNING, Finding
    from convox.providers.local.layout import layout_of

    yield from made.machine()
    try:
        name = rack_here(ctx)
    except ConvoxError as error:
        fix = error.fix if "are" in error.why else "convox rack install local"
        yield Finding("rack", WARNING, error.why, fix)
        return
    layout = layout_of(name, dict(ctx.environ))
    if layout.database.exists():
        yield Finding("rack", OK, f"{name} is installed at {layout.root}")
        yield from made.rack(layout)
    else:
        yield Finding("rack", OK, f"{name} is not on this machine")
    yield from _seen_by_client(ctx, name)


def _seen_by_client(ctx: Context, name: str) -> Iterator[Finding]:
    """Look at what every command needs, and at the apps."""
    from convox.cli.nouns.rack import disk_of
    from convox.providers.local.doctor import OK, PROBLEM, Finding

    host = ctx.settings.map("self-managed").get(name) or ctx.host()
    try:
        system = ctx.system()
        apps = ctx.call("app_list") or []
    except ConvoxError as error:
        login = f"convox login {host or 'HOST'}"
        is_known = not isinstance(error, UnauthenticatedError)
        fix = error.fix or (f"convox rack start local {name}" if is_known else login)
        yield Finding("settings", PROBLEM, error.wire, fix)
        return
    yield Finding("settings", OK, f"this user reaches {name}, version {system['version']}")
    yield from _version(system["version"], name)
    if used := disk_of(system.get("outputs") or {}):
        yield Finding("rack disk", OK, used)
    wanted = ctx.text("app")
    for app in apps:
        if wanted in ("", app["name"]):
            yield from _app(ctx, app)


def _version(running: str, name: str) -> Iterator[Finding]:
    from convox import __version__
    from convox.providers.local.doctor import WARNING, Finding

    if running != __version__:
        text = f"the rack runs version {running}, this program is {__version__}"
        fix = f"kill its process and run: convox rack start local {name}"
        yield Finding("version", WARNING, text, fix)


def _app(ctx: Context, app: dict[str, Any]) -> Iterator[Finding]:
    from convox.providers.local.doctor import OK, PROBLEM, WARNING, Finding

    name, check = app["name"], f"app {app['name']}"
    processes = ctx.call("process_list", name) or []
    bad = [process for process in processes if process["status"] in _CRASHED]
    for process in bad:
        text = f"process {process['id']} of {process['name']} is {process['status']}"
        yield Finding(check, PROBLEM, text, f"convox logs -a {name} --since 10m --no-follow")
    if app.get("reason"):
        reason = app["reason"].splitlines()[0]
        yield Finding(check, PROBLEM, reason, f"convox logs -a {name} --since 10m --no-follow")
    elif not app["release"]:
        yield Finding(check, WARNING, "nothing is promoted", f"convox deploy -a {name}")
    elif not bad:
        yield Finding(check, OK, f"{app['status']}, {len(processes)} processes")
