"""Ports: free or not, and who holds one."""

from __future__ import annotations

import os
import socket

from script.support import demo, ports


def test_a_port_that_somebody_listens_on_is_busy_and_its_holder_is_named() -> None:
    with socket.socket() as server:
        server.bind(("127.0.0.1", 0))
        server.listen()
        port = server.getsockname()[1]

        assert not ports.is_free(port)
        assert ports.holder(port).endswith(f"(pid {os.getpid()})")
        assert ports.first_free(port, set()) > port
    assert ports.is_free(port)


def test_a_port_already_promised_to_another_option_is_passed_over() -> None:
    free = ports.first_free(20000, set())

    assert ports.first_free(free, {free}) > free


def test_busy_defaults_become_options_with_different_ports(monkeypatch) -> None:
    with socket.socket() as server:
        server.bind(("127.0.0.1", 0))
        server.listen()
        busy = server.getsockname()[1]
        free = ports.first_free(21000, set())
        table = {"Port": (busy, 22000), "HttpPort": (busy, 22000), "ApiPort": (free, 23000)}
        monkeypatch.setattr(demo, "PORTS", table)

        options = dict(option.split("=") for option in demo.free_ports())

    assert sorted(options) == ["HttpPort", "Port"]
    assert len(set(options.values())) == 2
