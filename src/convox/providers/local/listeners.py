"""Who listens on a TCP port of this machine, from /proc: for an error that names the holder."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address
from pathlib import Path

from convox.core.errors import ConflictError
from convox.providers.local.options import RackOptions

PROC = Path("/proc")
_LISTEN = "0A"
_ANY = frozenset({"0.0.0.0", "::"})  # noqa: S104  compared with, not bound


@dataclass(frozen=True)
class Listener:
    """A socket that accepts connections."""

    address: str
    port: int
    inode: str


def check_free(options: RackOptions, proc: Path = PROC) -> None:
    """Return if every port that the options ask for is free.

    Raises:
        ConflictError: a port is taken; says by whom and which option to pass.
    """
    taken = list(listeners(proc))
    asked = {"Port": options.port, "HttpPort": options.http_port, "ApiPort": options.api_port}
    for option, port in asked.items():
        for address in options.addresses:
            clash = next((found for found in taken if _clashes(found, address, port)), None)
            if clash:
                raise ConflictError(
                    f"port {port} is taken",
                    why=f"{holder(clash, proc)} listens on {_spell(clash)}",
                    fix=f"stop it, or pass another port: {option}={_suggest(port, taken)}",
                )


def listeners(proc: Path = PROC) -> Iterator[Listener]:
    """Yield every TCP socket that listens, of both families."""
    for name in ("tcp", "tcp6"):
        try:
            lines = (proc / "net" / name).read_text().splitlines()[1:]
        except FileNotFoundError:
            continue
        for line in lines:
            columns = line.split()
            if columns[3] == _LISTEN:
                address, _, port = columns[1].partition(":")
                yield Listener(_address(address), int(port, 16), columns[9])


def holder(listener: Listener, proc: Path = PROC) -> str:
    """Return the command and the process id behind a listener, as far as this user may see."""
    target = f"socket:[{listener.inode}]"
    for folder in sorted(proc.glob("[0-9]*"), key=lambda path: int(path.name)):
        if _holds(folder, target):
            command = (folder / "comm").read_text(errors="replace").strip()
            note = ", for a container" if command == "docker-proxy" else ""
            return f"{command} (process {folder.name}{note})"
    return "a process of another user"


def _holds(folder: Path, target: str) -> bool:
    try:
        files = list((folder / "fd").iterdir())
    except OSError:
        # It has ended meanwhile, or is not ours to look into.
        return False
    return any(_points_at(file, target) for file in files)


def _points_at(file: Path, target: str) -> bool:
    try:
        return str(file.readlink()) == target
    except OSError:
        # A busy process closes files while we look; the others still count.
        return False


def _clashes(listener: Listener, address: str, port: int) -> bool:
    if listener.port != port:
        return False
    if address == "::" or listener.address in (address, "::"):
        return True
    same_family = (":" in listener.address) == (":" in address)
    return same_family and bool({listener.address, address} & _ANY)


def _spell(listener: Listener) -> str:
    address = f"[{listener.address}]" if ":" in listener.address else listener.address
    return f"{address}:{listener.port}"


def _suggest(port: int, taken: list[Listener]) -> int:
    """Return the port that people expect next: 8443 for 443, 8080 for 80, else the next."""
    used = {listener.port for listener in taken}
    start = {443: 8443, 80: 8080}.get(port, port + 1)
    return next(number for number in range(start, 65536) if number not in used)


def _address(text: str) -> str:
    """Undo the kernel's spelling: hexadecimal, each four bytes in the machine's order."""
    packed = b"".join(bytes.fromhex(text[i : i + 8])[::-1] for i in range(0, len(text), 8))
    if len(packed) == 4:
        return str(IPv4Address(packed))
    address = IPv6Address(packed)
    return str(address.ipv4_mapped or address)
