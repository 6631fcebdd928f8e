"""The rack itself: what it is, its parameters, processes, versions, scale and access."""

from __future__ import annotations

from convox.core.errors import InvalidError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from convox.cli.context import Context

_HIDDEN = ("Password", "HttpProxy")
_GROUPS: dict[str, tuple[str, ...]] = {
    "api": ("api", "password", "domain", "certificate", "listen"),
    "build": ("build",),
    "instances": ("instance", "ami", "bootstrap", "key", "tenancy", "imds", "encryptebs", "swap",
                  "volume"),
    "logging": ("log", "syslog"),
    "meta": ("version", "release", "tag", "telemetry", "development", "client", "encryption"),
    "network": ("vpc", "subnet", "private", "internal", "internet", "router", "cidr", "whitelist",
                "existing", "natgateway", "availability", "maxavailability", "ssl", "http", "port",
                "loadbalancer", "idle", "fail2ban"),
    "nlb": ("nlb",),
    "scaling": ("autoscale", "count", "highavailability", "nohaautoscale", "schedule", "spot",
                "onlyspot", "ondemand", "nohainstance"),
    "security": ("security", "policy", "iam", "pid", "tls", "isolate", "privileged"),
    "storage": ("dynamo", "efs", "s3", "storage", "backup"),
}  # fmt: skip
"""Group -> beginnings of the names of its parameters, in lower case; the longest decides."""


def info(ctx: Context) -> None:
    """Print what the rack says of itself."""
    system = ctx.system()
    if ctx.json(_masked(ctx, system)):
        return
    outputs = system.get("outputs") or {}
    pairs = [
        ("Name", system["name"]),
        ("Provider", system["provider"]),
        ("Region", system["region"]),
        ("Router", _router(system["domain"], outputs.get("DomainInternal", ""))),
        ("NLB", _nlb(outputs)),
        ("NLB Internal", outputs.get("NLBInternalHost", "")),
        ("Status", system["status"]),
        ("Version", system["version"]),
        ("Disk", disk_of(outputs)),
    ]
    needed = ("Name", "Provider", "Status", "Version")
    ctx.out.info([(name, value) for name, value in pairs if value or name in needed])


def access(ctx: Context) -> None:
    """Print an address with a token that works for a time."""
    system = ctx.system()
    if not ctx.text("role"):
        raise InvalidError("role is required")
    hours = ctx.number("duration-in-hours")
    if not hours:
        raise InvalidError("duration is required")
    answer = ctx.call("system_jwt_token", role=ctx.text("role"), durationinhour=hours)
    ctx.out.line(f"RACK_URL=https://jwt:{answer['token']}@{system['rack-domain']}")


def access_key_rotate(ctx: Context) -> None:
    """Replace the key behind the tokens, so that all of them end."""
    ctx.do("system_jwt_rotate")
    ctx.out.ok()


def params(ctx: Context) -> None:
    """Print the parameters of the rack."""
    found: dict[str, str] = _masked(ctx, ctx.system()).get("parameters") or {}
    if ctx.text("group"):
        group = _group(ctx.text("group"))
        found = {name: value for name, value in found.items() if _group_of(name) == group}
        if not found:
            ctx.out.note(f"NOTICE: no params in group '{group}' for this rack")
            return
    if not ctx.json(found):
        ctx.out.info(sorted(found.items()))


def params_set(ctx: Context) -> None:
    """Change parameters of the rack."""
    from convox.cli.nouns.apps import key_values

    ctx.system()
    wanted = key_values(ctx.args)
    _check(wanted)
    ctx.out.start("Updating parameters")
    ctx.do("system_update", parameters=wanted)
    _finish(ctx)


def ps(ctx: Context) -> None:
    """Print the processes of the rack."""
    from convox.cli.times import relative

    processes = ctx.call("system_processes", all=True if ctx.on("all") else None) or []
    if ctx.json(processes):
        return
    names = ("id", "app", "name", "status", "release")
    rows = [(*(p[name] for name in names), relative(p["started"]), p["command"]) for p in processes]
    headers = ("ID", "APP", "SERVICE", "STATUS", "RELEASE", "STARTED", "COMMAND")
    ctx.out.table(headers, rows)


def releases(ctx: Context) -> None:
    """Print the versions that the rack has had."""
    from convox.cli.times import relative

    found = ctx.call("system_releases") or []
    if not ctx.json(found):
        rows = [(release["id"], relative(release["created"])) for release in found]
        ctx.out.table(("VERSION", "UPDATED"), rows)


def runtimes(ctx: Context) -> None:
    """Print the runtime integrations that a console offers."""
    found = ctx.console("runtime_list", ctx.rack()).json() or []
    if not ctx.json(found):
        ctx.out.table(("ID", "TITLE"), [(item["id"], item["title"]) for item in found])


def runtime_attach(ctx: Context) -> None:
    """Attach a runtime integration of a console."""
    ctx.console("runtime_attach", ctx.rack(), runtime=ctx.arg()).content()
    ctx.out.ok()


def scale(ctx: Context) -> None:
    """Change how many instances of what type there are, or print it."""
    count, kind = ctx.number("instances"), ctx.text("type")
    system = ctx.system()
    if count is not None or kind:
        ctx.out.start("Scaling rack")
        ctx.do("system_update", count=count, type=kind or None)
        ctx.out.ok()
        return
    pairs = [
        ("Autoscale", (system.get("parameters") or {}).get("Autoscale", "")),
        ("Count", str(system["count"])),
        ("Status", system["status"]),
        ("Type", system["type"]),
    ]
    if not ctx.json({name.lower(): value for name, value in pairs}):
        ctx.out.info(pairs)


def sync(ctx: Context) -> None:
    """Tell the console the rack's address."""
    ctx.out.line("Synchronizing rack API URL...... ")
    ctx.console("rack_sync", ctx.rack()).content()
    ctx.out.ok()


def sync_instances_ip(ctx: Context) -> None:
    """Let the rack take the addresses of its instances into its own lists."""
    ctx.do("system_sync_instances_ip")
    ctx.out.ok()


def update(ctx: Context) -> None:
    """Update the rack to a version."""
    version = ctx.arg() or ("dev" if ctx.system()["version"] == "dev" else "")
    if not version:
        raise InvalidError(
            "version required",
            why="no list of versions is fetched from anybody",
            fix="convox rack update VERSION",
        )
    ctx.out.start(f"Updating to {version}")
    ctx.do("system_update", version=version)
    _finish(ctx)


def wait(ctx: Context) -> None:
    """Wait until the rack is running."""
    from convox.cli.waits import rack_running

    ctx.out.start("Waiting for rack")
    ctx.out.line("")
    rack_running(ctx)
    ctx.out.ok()


def _finish(ctx: Context) -> None:
    if ctx.on("wait"):
        from convox.cli.waits import rack_running

        ctx.out.line("")
        rack_running(ctx)
    ctx.out.ok()


def _check(wanted: dict[str, str]) -> None:
    """Refuse what the existing client refuses before it asks the rack."""
    if "HighAvailability" in wanted:
        raise InvalidError("HighAvailability can only be set when a rack is installed")
    if ("ScheduleRackScaleDown" in wanted) != ("ScheduleRackScaleUp" in wanted):
        raise InvalidError("ScheduleRackScaleDown and ScheduleRackScaleUp must be set together")
    if wanted.get("LogDriver") == "Syslog" and not wanted.get("SyslogDestination"):
        raise InvalidError("LogDriver=Syslog needs SyslogDestination")


def _masked(ctx: Context, system: dict[str, Any]) -> dict[str, Any]:
    """Return the rack with secret parameters hidden, if a person is looking."""
    if not ctx.out.terminal or ctx.on("reveal"):
        return system
    parameters = {
        name: "**********" if name in _HIDDEN and value else value
        for name, value in (system.get("parameters") or {}).items()
    }
    return {**system, "parameters": parameters}


def _group(text: str) -> str:
    found = [name for name in _GROUPS if name.startswith(text.lower())]
    if text.lower() in found:
        return text.lower()
    if len(found) != 1:
        problem = "ambiguous" if found else "unknown"
        raise InvalidError(f"{problem} group: {text}", fix=f"one of: {', '.join(sorted(_GROUPS))}")
    return found[0]


def _group_of(parameter: str) -> str:
    name = parameter.lower()
    best = max(
        ((len(start), group) for group, starts in _GROUPS.items() for start in starts
         if name.startswith(start)),
        default=(0, "meta"),
    )  # fmt: skip
    return best[1]


def disk_of(outputs: dict[str, str]) -> str:
    """Return how full the fullest disk of a rack is, "" if it does not say."""
    total, used = int(outputs.get("DiskTotal") or 0), int(outputs.get("DiskUsed") or 0)
    if not total:
        return ""
    path, percent = outputs.get("DiskPath", ""), 100 * used // total
    return f"{used / 1e9:.1f} of {total / 1e9:.1f} GB ({percent}%) at {path}"


def _router(domain: str, internal: str) -> str:
    return f"{domain} (external)\n{internal} (internal)" if internal else domain


def _nlb(outputs: dict[str, str]) -> str:
    host = outputs.get("NLBHost", "")
    addresses = [outputs[f"NLBEIP{i}"] for i in range(3) if outputs.get(f"NLBEIP{i}")]
    return f"{host} ({', '.join(addresses)})" if host and addresses else host
