"""Installing and removing racks, and what that leaves in the settings."""

from __future__ import annotations

from convox.core.errors import InvalidError, UnavailableError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from convox.cli.context import Context
    from convox.cli.settings import Settings
    from convox.providers.local.install import Installed


def install(ctx: Context) -> None:
    """Install a rack on this machine, or show what one on AWS will be."""
    from convox.cli.nouns import aws
    from convox.cli.nouns.apps import key_values

    if ctx.arg() == "aws":
        aws.install(ctx)
        return
    _check_type(ctx.arg())
    aws.refuse_flags(ctx)
    parameters = key_values(ctx.args[1:])
    from convox.providers.local.install import install as install_local

    made = install_local(ctx.text("name") or "local", parameters, ctx.out.note)
    current = remember(ctx.settings, made)
    ctx.out.line(f"Installed {made.name} at {made.url}")
    if not current:
        ctx.out.note(f"the current host stays {ctx.settings.get('host')}")
        ctx.out.note(f"use the new rack: convox switch {made.name}")


def start(ctx: Context) -> None:
    """Start a rack of this machine that is installed and stopped; fine if it runs."""
    _check_type(ctx.arg(0))
    from convox.providers.local.install import start as start_local

    start_local(ctx.arg(1), ctx.out.note)
    ctx.out.line(f"Started {ctx.arg(1)}")


def uninstall(ctx: Context) -> None:
    """Remove a rack of this machine and what it owns."""
    _check_type(ctx.arg(0))
    name = ctx.arg(1)
    if not ctx.on("force"):
        _ask(ctx, name)
    from convox.providers.local.install import uninstall as uninstall_local

    uninstall_local(name, ctx.out.note)
    forget(ctx.settings, name)
    ctx.out.line(f"Uninstalled {name}")


def remember(settings: Settings, made: Installed) -> bool:
    """Write how to reach a rack; tell whether it is now the current one."""
    settings.put_entry("auth", made.host, made.password)
    settings.put_entry("certificates", made.host, made.certificate_pem)
    settings.put_entry("self-managed", made.name, made.host)
    if not settings.get("host"):
        settings.put("host", made.host)
    return settings.get("host") == made.host


def forget(settings: Settings, name: str) -> None:
    """Take out exactly what belongs to a rack."""
    host = settings.map("self-managed").get(name)
    settings.put_entry("self-managed", name, None)
    if host is None:
        return
    for setting in ("auth", "certificates", "racks", "session"):
        settings.put_entry(setting, host, None)
    if settings.get("host") == host:
        settings.delete("host")


def _check_type(kind: str) -> None:
    if kind == "aws":
        raise UnavailableError(
            "racks on AWS cannot be installed yet", fix="try one here: convox rack install local"
        )
    if kind != "local":
        raise InvalidError(f"unknown provider: {kind}", fix="the only one for now is: local")


def _ask(ctx: Context, name: str) -> None:
    if not ctx.stdin.isatty():
        raise InvalidError("must use --force for non-interactive uninstall")
    ctx.out.note(f"This deletes the rack {name}, its apps, their images and their data.")
    ctx.out.ask("Delete everything? [y/N]: ")
    if ctx.stdin.readline().strip() != b"y":
        raise InvalidError("aborting")
