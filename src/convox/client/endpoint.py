"""Where a rack is and how to prove who asks: an address, credentials, the rack's name, trust.

Parses `RACK_URL`-like addresses and builds the `Authorization` header exactly as the existing
client does. It reads no file and opens no connection; `transport.py` dials what this describes.
"""

from __future__ import annotations

from convox.core.errors import InvalidError

_UNRESERVED = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~"
_PORTS = {"http": 80, "https": 443}


class Endpoint:
    """One rack or console, parsed.

    Attributes:
        scheme: `https`, `http` or `unix`.
        host: name or address without brackets; the socket's path for `unix`.
        port: TCP port, 0 for `unix`.
        prefix: path under which the API lives, without a trailing slash.
        authorization: value of the Authorization header, "" without credentials.
        rack: value of the `Rack` header, "" for none.
        session: value of the `Session` header; sent even when empty, as the existing client does.
        pin: PEM of the certificate or authority to trust instead of the system's store, or "".
        insecure: do not verify the certificate at all.
    """

    __slots__ = (
        "authorization",
        "host",
        "insecure",
        "pin",
        "port",
        "prefix",
        "rack",
        "scheme",
        "session",
    )

    def __init__(
        self, url: str, rack: str = "", session: str = "", pin: str = "", *, insecure: bool = False
    ) -> None:
        """Parse `url`: `https://[user[:password]@]host[:port][/prefix]`, or `unix:///path`.

        Raises:
            InvalidError: the address has no known scheme, no host, or a port that is no number.
        """
        scheme, mark, rest = url.partition("://")
        if not mark or scheme not in ("http", "https", "unix"):
            raise InvalidError("invalid rack address", why="expected https://HOST or http://HOST")
        self.scheme = scheme
        self.rack = rack
        self.session = session
        self.pin = pin
        self.insecure = insecure
        rest = rest.partition("?")[0].partition("#")[0]
        if scheme == "unix":
            self.host, self.port, self.prefix, self.authorization = rest, 0, "", ""
            return
        authority, slash, path = rest.partition("/")
        self.prefix = (slash + path).rstrip("/")
        userinfo, _, address = authority.rpartition("@")
        self.host, self.port = _address(address, _PORTS[scheme])
        self.authorization = _basic(userinfo) if userinfo else ""

    @property
    def name(self) -> str:
        """The host, with its port when that is not the scheme's own; for messages and headers."""
        if self.scheme == "unix":
            return "localhost"
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.port == _PORTS[self.scheme] else f"{host}:{self.port}"

    @property
    def where(self) -> str:
        """What a person is told: the host, or the path of the socket."""
        return self.host if self.scheme == "unix" else self.name


def quote(text: str, safe: str = "") -> str:
    """Percent-encode every byte of `text` that is neither unreserved nor in `safe`."""
    keep = _UNRESERVED + safe.encode()
    data = text.encode(errors="surrogateescape")
    return "".join(chr(b) if b in keep else f"%{b:02X}" for b in data)


def unquote(text: str) -> str:
    """Undo percent-encoding; what is no encoding stays as it is; `+` is a plus."""
    head, *rest = text.encode().split(b"%")
    out = bytearray(head)
    for part in rest:
        try:
            out.append(int(part[:2], 16) if part[:2].isalnum() and len(part) > 1 else -1)
            out += part[2:]
        except ValueError:
            out += b"%" + part
    return out.decode(errors="replace")


def form(fields: dict[str, str]) -> str:
    """Encode `fields` as a form or a query, keys sorted."""
    return "&".join(f"{_plus(key)}={_plus(fields[key])}" for key in sorted(fields))


def _plus(text: str) -> str:
    return quote(text, " ").replace(" ", "+")


def _address(address: str, default: int) -> tuple[str, int]:
    if address.startswith("["):
        host, _, rest = address[1:].partition("]")
        port = rest.removeprefix(":")
    else:
        host, _, port = address.partition(":")
    if not host or (port and not port.isdecimal()):
        raise InvalidError(f"invalid rack address: {address}", why="expected HOST or HOST:PORT")
    return host, int(port or default)


def _basic(userinfo: str) -> str:
    """Encode credentials as Go's url.Userinfo does: the escaped text, not the text, in base64."""
    from binascii import b2a_base64  # a shared library: not loaded where nobody logs in

    user, colon, password = userinfo.partition(":")
    text = quote(unquote(user), "$&+,;=") + colon + quote(unquote(password), "$&+,;=")
    return "Basic " + b2a_base64(text.encode(), newline=False).decode()
