"""Certificates of the rack, and which service shows which."""

from __future__ import annotations

from convox.cli.times import relative
from convox.core.errors import InvalidError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from convox.cli.context import Context


def list_all(ctx: Context) -> None:
    """Print certificates."""
    found = ctx.call("certificate_list") or []
    if not ctx.json(found):
        rows = [(item["id"], item["domain"], relative(item["expiration"])) for item in found]
        ctx.out.table(("ID", "DOMAIN", "EXPIRES"), rows)


def delete(ctx: Context) -> None:
    """Delete a certificate."""
    ctx.out.start(f"Deleting certificate {ctx.arg()}")
    ctx.do("certificate_delete", ctx.arg())
    ctx.out.ok()


def generate(ctx: Context) -> None:
    """Ask for a certificate for names."""
    ctx.out.start("Generating certificate")
    made = ctx.call("certificate_generate", domains=ctx.args)
    ctx.out.ok(made["id"])
    ctx.out.id(made["id"])


def import_pair(ctx: Context) -> None:
    """Import a certificate and its key from files."""
    pub, key = _read(ctx.arg(0)), _read(ctx.arg(1))
    chain = _read(ctx.text("chain")) if ctx.text("chain") else None
    ctx.system()
    ctx.out.start("Importing certificate")
    made = ctx.call("certificate_create", pub=pub, key=key, chain=chain)
    ctx.out.ok(made["id"])
    ctx.out.id(made["id"])


def ssl(ctx: Context) -> None:
    """Print which ports of an app show which certificate."""
    ctx.system()
    services = ctx.call("service_list", ctx.app()) or []
    known = {item["id"]: item for item in ctx.call("certificate_list") or []}
    shown = [
        (service["name"], port["balancer"], known[port["certificate"]])
        for service in services
        for port in service["ports"] or []
        if port.get("certificate") in known
    ]
    rows = [
        (f"{name}:{port}", cert["id"], cert["domain"], relative(cert["expiration"]))
        for name, port, cert in shown
    ]
    if not ctx.json(
        [{"endpoint": row[0], "certificate": row[1], "domain": row[2]} for row in rows]
    ):
        ctx.out.table(("ENDPOINT", "CERTIFICATE", "DOMAIN", "EXPIRES"), rows)


def ssl_update(ctx: Context) -> None:
    """Show another certificate on a port of a generation 1 app."""
    app = ctx.app()
    if ctx.call("app_get", app).get("generation") == "2":
        raise InvalidError("command not valid for generation 2 applications")
    process, colon, port = ctx.arg(0).partition(":")
    if not colon or not port:
        raise InvalidError("process:port required as first argument")
    ctx.out.start("Updating certificate")
    ctx.do("certificate_apply", app, process, port, id=ctx.arg(1))
    if ctx.on("wait"):
        from convox.cli.waits import app_running

        app_running(ctx, app)
    ctx.out.ok()


def _read(path: str) -> str:
    with open(path, encoding="utf-8") as file:
        return file.read()
