"""Keeping a rack of this machine: its backup, and making it again from one."""

from __future__ import annotations

from convox.core.errors import InvalidError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from convox.cli.context import Context
    from convox.providers.local.restore import Restored


def backup(ctx: Context) -> None:
    """Write a rack of this machine into one file."""
    from pathlib import Path

    from convox.providers.local.backup import backup as back_up

    path = Path(ctx.arg())
    size = back_up(rack_here(ctx), path, ctx.out.note, images=ctx.on("images"), logs=ctx.on("logs"))
    ctx.out.line(f"Backed up to {path}, {size / 1e6:.1f} MB")
    if not ctx.on("images"):
        ctx.out.note("images are not in it: a machine without them has to build again (--images)")


def restore(ctx: Context) -> None:
    """Make a rack from a file, here, and remember how to reach it."""
    from pathlib import Path

    from convox.cli.nouns.apps import key_values
    from convox.providers.local.restore import restore as make_again

    made = make_again(Path(ctx.arg()), key_values(ctx.args[1:]), ctx.out.note)
    knows_password = _remember(ctx, made)
    ctx.out.line(f"Restored {made.name} at https://{made.host}")
    if not knows_password:
        ctx.out.note(f"log in with its password: convox login {made.host}")


def rack_here(ctx: Context) -> str:
    """Return the name of the rack of this machine that is meant.

    Raises:
        InvalidError: none is named and there is not exactly one.
    """
    from convox.providers.local.layout import racks_root

    host, known = ctx.host(), ctx.settings.map("self-managed")
    named = ctx.rack() or next((name for name in known if known[name] == host), "")
    if named:
        return named
    folder = racks_root(dict(ctx.environ)) / "racks"
    names = sorted(path.name for path in folder.iterdir()) if folder.is_dir() else []
    if len(names) == 1:
        return names[0]
    why = f"the racks here are {', '.join(names)}" if names else "no rack is installed here"
    raise InvalidError("which rack?", why=why, fix="name it: --rack NAME")


def _remember(ctx: Context, made: Restored) -> bool:
    """Write how to reach the rack; tell whether its password was known."""
    settings = ctx.settings
    known = settings.map("auth")
    passwords = filter(None, (known.get(made.host), known.get(made.former_host)))
    password = next(filter(made.opens, passwords), "")
    settings.put_entry("certificates", made.host, made.certificate_pem)
    settings.put_entry("self-managed", made.name, made.host)
    if password:
        settings.put_entry("auth", made.host, password)
        if settings.get("host") in ("", made.former_host):
            settings.put("host", made.host)
    return bool(password)
