"""Logging in: decide whether to trust the host, try the password, remember both.

The certificate is looked at before any credential is sent. One that the system's store verifies is
fine; any other has to be recognised by a person or by its fingerprint, and is pinned from then on.
"""

from __future__ import annotations

import sys

from convox.core.errors import (
    ConvoxError,
    InvalidError,
    UnauthenticatedError,
    UnavailableError,
)

TYPE_CHECKING = False
if TYPE_CHECKING:
    from convox.cli.context import Context
    from convox.client.endpoint import Endpoint

_CONSOLE = "console.convox.com"


def login(ctx: Context) -> None:
    """Log in to a rack or a console and make it the current host."""
    host = ctx.arg() or _CONSOLE
    password = _password(ctx, host)
    endpoint = ctx.endpoint_with(host, password)
    _decide_trust(ctx, endpoint)
    ctx.out.start(f"Authenticating with {endpoint.name}")
    try:
        answer = ctx.connect(endpoint).request("GET", "/auth").text()
    except UnauthenticatedError as error:
        raise UnauthenticatedError("invalid login") from error
    except ConvoxError as error:
        raise UnauthenticatedError("invalid login", why=error.wire) from error
    _remember(ctx, endpoint, host, password)
    if answer.startswith("{"):
        import json

        ctx.settings.put("id", str(json.loads(answer).get("id", "")))
    ctx.out.ok()


def _remember(ctx: Context, endpoint: Endpoint, host: str, password: str) -> None:
    settings = ctx.settings
    settings.put_entry("certificates", endpoint.name, endpoint.pin or None)
    settings.put_entry("insecure", endpoint.name, "true" if endpoint.insecure else None)
    settings.put_entry("auth", host, password)
    settings.put("host", host)
    settings.delete("rack")


def _password(ctx: Context, host: str) -> str:
    given = ctx.text("password") or ctx.environ.get("CONVOX_PASSWORD")
    saved = given or ctx.settings.map("auth").get(host)
    if saved:
        return saved
    if not ctx.stdin.isatty():
        return ctx.stdin.readline().decode().rstrip("\r\n")
    import getpass

    return getpass.getpass("Password: ", sys.stderr)


def _decide_trust(ctx: Context, endpoint: Endpoint) -> None:
    """Set what `endpoint` is to be trusted by, or raise because it is not."""
    endpoint.insecure = ctx.on("insecure")
    if endpoint.scheme != "https" or endpoint.insecure:
        endpoint.pin = ""
        return
    if ctx.text("ca"):
        endpoint.pin = _read(ctx.text("ca"))
    elif ctx.text("fingerprint"):
        endpoint.pin = _recognised(endpoint, ctx.text("fingerprint"))
    elif (problem := _problem(endpoint)) is not None:
        endpoint.pin = _asked(ctx, endpoint, problem)


def _problem(endpoint: Endpoint) -> UnavailableError | None:
    """Return why the host is not trusted yet; None if it is."""
    from convox.client.transport import UntrustedError, dial

    try:
        dial(endpoint).close()
    except UntrustedError as error:
        return error
    except UnavailableError:
        return None  # it does not answer at all: said when the login is tried
    return None


def _asked(ctx: Context, endpoint: Endpoint, problem: UnavailableError) -> str:
    pem, shown = _presented(endpoint)
    if not ctx.stdin.isatty():
        raise UnavailableError(
            problem.what,
            fix=f"if this is its certificate: convox login {endpoint.name} --fingerprint {shown}\n"
            "or trust the authority that signed it: --ca FILE",
        )
    if endpoint.pin:
        ctx.out.note(f"WARNING: the certificate of {endpoint.name} is not the one that was pinned")
    ctx.out.note(problem.what)
    ctx.out.note(f"SHA-256 fingerprint: {shown}")
    ctx.out.ask("Trust this certificate from now on? [y/N]: ")
    if ctx.stdin.readline().strip().lower() not in (b"y", b"yes"):
        raise UnavailableError(f"the certificate of {endpoint.name} is not trusted")
    return pem


def _recognised(endpoint: Endpoint, fingerprint: str) -> str:
    wanted = fingerprint.replace(":", "").replace(" ", "").lower()
    if len(wanted) != 64 or not all(digit in "0123456789abcdef" for digit in wanted):
        raise InvalidError(
            f"invalid fingerprint: {fingerprint}", why="expected the 64 hex digits of a SHA-256"
        )
    pem, shown = _presented(endpoint)
    if shown.replace(":", "").lower() != wanted:
        raise UnavailableError(
            f"cannot trust the certificate of {endpoint.name}",
            why=f"its fingerprint is {shown}, not the one expected",
        )
    return pem


def _presented(endpoint: Endpoint) -> tuple[str, str]:
    """Return PEM and fingerprint of the certificate that the host presents."""
    import ssl
    from hashlib import sha256

    from convox.client.transport import fetch_certificate

    der = fetch_certificate(endpoint)
    digest = sha256(der).hexdigest().upper()
    return ssl.DER_cert_to_PEM_cert(der), ":".join(digest[i : i + 2] for i in range(0, 64, 2))


def _read(path: str) -> str:
    with open(path, encoding="ascii", errors="replace") as file:
        text = file.read()
    if "-----BEGIN CERTIFICATE-----" not in text:
        raise InvalidError(f"no certificate in {path}", why="expected PEM")
    return text
