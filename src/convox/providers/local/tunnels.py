"""Connections from a person's machine to a resource or a process of this rack, and to no other.

The names are those in addresses of resources, which only their networks know; the numbers are
those of containers that bear the rack's label. Everything else that this machine can reach,
itself included, is refused: a rack is no way into the networks around it.
"""

from __future__ import annotations

import socket
from collections.abc import Callable
from threading import Thread

from convox.core.errors import InvalidError, NotFoundError, UnavailableError
from convox.core.stream import Stream
from convox.providers.local.engine import Engine
from convox.providers.local.layout import LABEL_KIND, LABEL_RACK, LABEL_RESOURCE, Layout
from convox.providers.local.store import Store

_DIAL_S = 5.0
_PIECE = 1 << 16
_KINDS = ("service", "resource", "oneoff", "timer")

Dial = Callable[[tuple[str, int], float], socket.socket]


class Tunnels:
    """Opens them."""

    def __init__(
        self,
        engine: Engine,
        store: Store,
        layout: Layout,
        dial: Dial = socket.create_connection,
    ) -> None:
        self._engine = engine
        self._store = store
        self._layout = layout
        self._dial = dial

    def proxy(self, host: str, port: str, stream: Stream) -> None:
        """Carry bytes until either side ends.

        Raises:
            InvalidError: the port is no number from 1 to 65535.
            NotFoundError: the host is nothing of this rack.
            UnavailableError: nothing answers there.
        """
        if not (port.isdecimal() and 0 < int(port) < 65536):
            raise InvalidError(f"invalid port: {port}")
        address = self._address(host.lower())
        try:
            connection = self._dial((address, int(port)), _DIAL_S)
        except OSError as error:
            reason = "timed out" if isinstance(error, TimeoutError) else error.strerror or ""
            raise UnavailableError(
                f"cannot connect to {host}:{port}", why=reason.lower()
            ) from error
        connection.settimeout(None)
        with connection:
            carry(connection, stream)

    def _address(self, host: str) -> str:
        for container in self._engine.containers({LABEL_RACK: self._layout.rack}, all=False):
            if container.labels.get(LABEL_KIND) in _KINDS and host in container.addresses.values():
                return host
        for row in self._store.apps.all():
            for name in self._store.resources.of(row.name):
                if host == self._layout.resource_host(row.name, name):
                    return self._resource(row.name, name)
        raise NotFoundError(
            f"host not found: {host}",
            why="a local rack proxies to its resources and processes only",
            fix="convox resources",
        )

    def _resource(self, app: str, name: str) -> str:
        labels = {**self._layout.labels("resource", app), LABEL_RESOURCE: name}
        network = self._layout.resource_network(app, name)
        for container in self._engine.containers(labels, all=False):
            if container.addresses.get(network):
                return container.addresses[network]
        raise UnavailableError(f"resource {name} of {app} does not run")


def carry(connection: socket.socket, stream: Stream) -> None:
    """Carry bytes both ways; an end of one direction is passed on and the other goes on."""
    thread = Thread(target=_carry_in, args=(connection, stream), name="convox-proxy", daemon=True)
    thread.start()
    try:
        while data := connection.recv(_PIECE):
            stream.write(data)
    except OSError:
        return  # either side is gone: the connection is over


def _carry_in(connection: socket.socket, stream: Stream) -> None:
    try:
        while data := stream.read():
            connection.sendall(data)
        if stream.gone:
            connection.shutdown(socket.SHUT_RDWR)
        else:
            connection.shutdown(socket.SHUT_WR)
    except OSError:
        return
