"""Services of an app: listed, scaled, restarted."""

from __future__ import annotations

from convox.core.errors import InvalidError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from convox.cli.context import Context


def list_all(ctx: Context) -> None:
    """Print services with their domains and ports."""
    ctx.system()
    services = ctx.call("service_list", ctx.app()) or []
    if ctx.json(services):
        return
    headers = ["SERVICE", "DOMAIN", "PORTS"]
    rows = [[s["name"], s["domain"], " ".join(map(_port, s["ports"] or []))] for s in services]
    if any(service.get("nlb") for service in services):
        headers.append("NLB PORTS")
        for row, service in zip(rows, services, strict=True):
            row.append(" ".join(map(_nlb_port, service.get("nlb") or [])))
    ctx.out.table(headers, rows)


def restart(ctx: Context) -> None:
    """Restart one service."""
    _restart(ctx, ctx.app(), ctx.arg())


def restart_all(ctx: Context) -> None:
    """Restart every service of an app, by name."""
    app = ctx.app()
    for service in sorted(ctx.call("service_list", app) or [], key=lambda item: item["name"]):
        _restart(ctx, app, service["name"])


def scale(ctx: Context) -> None:
    """Change the scale of a service, or print the scale of all."""
    wanted = {name: ctx.number(name) for name in ("count", "cpu", "memory")}
    if all(value is None for value in wanted.values()):
        _show_scale(ctx)
        return
    if not ctx.arg():
        raise InvalidError("service name required")
    app = ctx.app()
    ctx.out.start(f"Scaling {ctx.arg()}")
    ctx.system()
    ctx.do("service_update", app, ctx.arg(), **wanted)
    if ctx.on("wait"):
        from convox.cli.waits import app_running

        ctx.out.line("")
        app_running(ctx, app, logs=True)
    ctx.out.ok()


def _show_scale(ctx: Context) -> None:
    if ctx.args:
        raise InvalidError("no more than 0 args expected", fix="give --count, --cpu or --memory")
    app = ctx.app()
    ctx.system()
    services = ctx.call("service_list", app) or []
    processes = ctx.call("process_list", app) or []
    for service in services:
        service["running"] = sum(
            process["name"] == service["name"] and process.get("status") != "stopping"
            for process in processes
        )
    if ctx.json(services):
        return
    rows = [
        [s["name"], *(str(s[key]) for key in ("count", "running", "cpu", "memory"))]
        for s in sorted(services, key=lambda item: item["name"])
    ]
    ctx.out.table(("SERVICE", "DESIRED", "RUNNING", "CPU", "MEMORY"), rows)


def _restart(ctx: Context, app: str, service: str) -> None:
    ctx.out.start(f"Restarting {service}")
    ctx.do("service_restart", app, service)
    ctx.out.ok()


def _port(port: dict[str, Any]) -> str:
    return f"{port['balancer']}:{port['container']}" if port["container"] else str(port["balancer"])


def _nlb_port(port: dict[str, Any]) -> str:
    text = f"{port['port']}:{port['container-port']}"
    if port.get("protocol") == "tls":
        text += "/tls"
    if port.get("scheme") == "internal":
        text += " (internal)"
    attributes = []
    if port.get("cross-zone") is not None:
        attributes.append(f"cz={str(port['cross-zone']).lower()}")
    if port.get("allow-cidr"):
        attributes.append(f"allow={len(port['allow-cidr'])}")
    if port.get("preserve-client-ip") is not None:
        attributes.append(f"pcip={str(port['preserve-client-ip']).lower()}")
    return f"{text} [{' '.join(attributes)}]" if attributes else text
