"""Replace the password of a rack without a moment in which it is lost or the rack is shut.

The new one is proposed, written into the settings, and only then confirmed with itself; cut short
at any point, the settings hold a password that opens the rack.
"""

from __future__ import annotations

from convox.core.errors import InvalidError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from convox.cli.context import Context


def rotate(ctx: Context) -> None:
    """Make a new password, have the rack take it, remember it, and end the one before."""
    from convox.core.passwords import generate

    rack = ctx.rack()
    host = ctx.settings.map("self-managed").get(rack) or ctx.host()
    _refuse_other_sources(ctx, rack)
    ctx.system()
    password = generate()
    ctx.out.start("Rotating password")
    ctx.do("system_password_rotate", password=password)
    ctx.settings.put_entry("auth", host, password)
    ctx.renew(ctx.endpoint_with(host, password, rack))
    ctx.do("system_password_confirm", password=password)
    ctx.out.ok()


def _refuse_other_sources(ctx: Context, rack: str) -> None:
    """Refuse where the password that is used is not the one in the settings."""
    for name in ("RACK_URL", "CONVOX_PASSWORD"):
        if ctx.environ.get(name):
            raise InvalidError(
                f"{name} is set: the new password could not be kept",
                fix=f"unset {name} and log in: convox login HOST",
            )
    if "/" in rack:
        raise InvalidError(
            f"the rack {rack} is reached through a console, which keeps its password",
            fix="log in to the rack itself: convox login HOST",
        )
