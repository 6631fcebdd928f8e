"""Who holds a port, from a /proc of the test's own."""

from __future__ import annotations

import os
import socket
from pathlib import Path

import pytest

from convox.core.errors import ConflictError
from convox.providers.local.listeners import Listener, check_free, holder, listeners
from convox.providers.local.options import RackOptions

HEAD = "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid\n"


def row(address: str, port: int, inode: int, state: str = "0A") -> str:
    rest = "00000000:0000 {state} 00000000:00000000 00:00000000 00000000 0 0 {inode} 1"
    return f"   0: {address}:{port:04X} " + rest.format(state=state, inode=inode) + "\n"


def proc(folder: Path, *rows: str, tcp6: str = "") -> Path:
    (folder / "net").mkdir()
    (folder / "net" / "tcp").write_text(HEAD + "".join(rows))
    (folder / "net" / "tcp6").write_text(HEAD + tcp6)
    return folder


def process(folder: Path, pid: int, command: str, inode: int) -> None:
    (folder / str(pid) / "fd").mkdir(parents=True)
    (folder / str(pid) / "comm").write_text(f"{command}\n")
    (folder / str(pid) / "fd" / "3").symlink_to(f"socket:[{inode}]")


def test_listeners_of_both_families_are_read(tmp_path: Path):
    mapped = row("0000000000000000FFFF00000100007F", 8080, 3)
    loopback = row("00000000000000000000000001000000", 443, 4)
    root = proc(tmp_path, row("0100007F", 80, 1), row("00000000", 443, 2), tcp6=mapped + loopback)

    assert list(listeners(root)) == [
        Listener("127.0.0.1", 80, "1"),
        Listener("0.0.0.0", 443, "2"),
        Listener("127.0.0.1", 8080, "3"),
        Listener("::1", 443, "4"),
    ]


def test_connections_are_not_listeners(tmp_path: Path):
    root = proc(tmp_path, row("0100007F", 443, 1, state="01"))

    assert list(listeners(root)) == []


def test_a_free_machine_is_fine(tmp_path: Path):
    check_free(RackOptions(), proc(tmp_path, row("0100007F", 8443, 1)))


@pytest.mark.parametrize("address", ["0100007F", "00000000"])
def test_a_taken_port_names_its_holder_and_the_option(tmp_path: Path, address: str):
    root = proc(tmp_path, row(address, 443, 77))
    process(root, 12, "other", 5)
    process(root, 123, "nginx", 77)

    with pytest.raises(ConflictError, match="port 443 is taken") as caught:
        check_free(RackOptions(), root)

    assert "nginx (process 123) listens on" in caught.value.why
    assert caught.value.fix.endswith("Port=8443")


@pytest.mark.parametrize(
    ("port", "option"), [(80, "HttpPort=8080"), (5443, "ApiPort=5444"), (443, "Port=8443")]
)
def test_each_port_has_its_option(tmp_path: Path, port: int, option: str):
    with pytest.raises(ConflictError) as caught:
        check_free(RackOptions(), proc(tmp_path, row("0100007F", port, 1)))

    assert option in caught.value.fix


def test_the_port_that_is_suggested_is_free(tmp_path: Path):
    rows = [row("0100007F", number, number) for number in (443, 8443, 8444)]

    with pytest.raises(ConflictError) as caught:
        check_free(RackOptions(), proc(tmp_path, *rows))

    assert caught.value.fix.endswith("Port=8445")


def test_another_address_of_the_machine_is_not_in_the_way(tmp_path: Path):
    check_free(RackOptions(), proc(tmp_path, row("0501A8C0", 443, 1)))


def test_any_address_of_ipv6_is_in_the_way(tmp_path: Path):
    with pytest.raises(ConflictError, match="port 443"):
        check_free(RackOptions(), proc(tmp_path, tcp6=row("0" * 32, 443, 1)))


def test_a_holder_that_may_not_be_seen_is_said_so(tmp_path: Path):
    root = proc(tmp_path, row("0100007F", 443, 77))

    assert holder(Listener("127.0.0.1", 443, "77"), root) == "a process of another user"


def test_a_port_published_by_the_engine_is_said_so(tmp_path: Path):
    process(tmp_path, 9, "docker-proxy", 77)

    found = holder(Listener("127.0.0.1", 443, "77"), tmp_path)

    assert found == "docker-proxy (process 9, for a container)"


def test_a_file_that_was_closed_meanwhile_does_not_hide_the_others(tmp_path: Path):
    process(tmp_path, 9, "busy", 77)
    (tmp_path / "9" / "fd" / "0").write_text("no link, so it cannot be read as one")

    assert holder(Listener("127.0.0.1", 443, "77"), tmp_path) == "busy (process 9)"


def test_a_real_listener_of_this_process_is_found():
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        found = next(listener for listener in listeners() if listener.port == port)

        assert f"(process {os.getpid()})" in holder(found)
