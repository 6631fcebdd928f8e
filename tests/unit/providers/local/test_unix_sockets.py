"""Unix sockets in folders of any depth."""

from __future__ import annotations

import socket
from pathlib import Path

import pytest

from convox.providers.local.unix_sockets import bind, connect


@pytest.mark.parametrize("depth", [0, 12])
def test_a_socket_is_reached_however_deep_its_folder_is(tmp_path: Path, depth: int):
    folder = tmp_path.joinpath(*["a-long-name-of-a-folder"] * depth)
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / "s.sock"

    with socket.socket(socket.AF_UNIX) as server, socket.socket(socket.AF_UNIX) as client:
        bind(server, path)
        server.listen()
        connect(client, path)
        accepted, _ = server.accept()
        accepted.close()

    assert path.is_socket()


def test_nobody_there_is_an_os_error(tmp_path: Path):
    with socket.socket(socket.AF_UNIX) as client, pytest.raises(FileNotFoundError):
        connect(client, tmp_path / "missing.sock")
