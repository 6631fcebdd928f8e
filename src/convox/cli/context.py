"""What a command works with: its words, the rack and the app they mean, and one door to the rack.

Chooses rack, host, credentials and trust in the documented order and fills in rows of
requests.py. It prints nothing but the warning of `--insecure`. Commands are in `nouns/`.
Source: wire.md section 2, "How the CLI finds host, password, rack".
"""

from __future__ import annotations

import os
import sys

from convox.cli.requests import CONSOLE, REQUESTS
from convox.core.errors import UnauthenticatedError, UnavailableError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any, BinaryIO

    from convox.cli.flags import Value
    from convox.cli.output import Output
    from convox.cli.settings import Settings
    from convox.client.endpoint import Endpoint
    from convox.client.http import Http, Response
    from convox.client.request import Body
    from convox.client.socket import Socket
    from convox.core.clock import Clock

    Parameter = str | int | bool | list[str] | dict[str, str] | None


class Context:
    """One run of one command."""

    def __init__(  # noqa: PLR0913  what main has made, each by name
        self,
        *,
        args: list[str],
        flags: dict[str, Value],
        out: Output,
        settings: Settings,
        environ: Mapping[str, str],
        clock: Clock | None = None,
        stdin: BinaryIO | None = None,
    ) -> None:
        self.args = args
        self.flags = flags
        self.out = out
        self.settings = settings
        self.environ = environ
        self._clock = clock
        self._stdin = stdin
        self.changed_at = ""
        """When the rack last did what was asked, by its own clock, as its `Date` header has it."""
        self._http: Http | None = None
        self._clients: list[Http] = []
        self._system: dict[str, Any] | None = None

    def text(self, flag: str) -> str:
        """Return a string flag, "" if it was not given."""
        return str(self.flags.get(flag, ""))

    def number(self, flag: str) -> int | None:
        """Return an integer flag, None if it was not given."""
        value = self.flags.get(flag)
        return value if isinstance(value, int) else None

    def on(self, flag: str) -> bool:
        """Return a boolean flag."""
        return self.flags.get(flag) is True

    def arg(self, position: int = 0) -> str:
        """Return an argument, "" if there are not so many."""
        return self.args[position] if position < len(self.args) else ""

    def app(self, named: str = "") -> str:
        """Return the app: `named`, --app, `.convox2/app`, or the name of the directory."""
        found = named or self.text("app") or self.settings.local("app")
        return found or os.path.basename(os.getcwd())

    def json(self, value: Any) -> bool:
        """Print `value` if JSON was asked for; tell whether it was."""
        if self.on("json"):
            self.out.json(value)
        return self.on("json")

    @property
    def clock(self) -> Clock:
        """The clock that waits use."""
        if self._clock is None:
            from convox.core.clock import SystemClock

            self._clock = SystemClock()
        return self._clock

    @property
    def stdin(self) -> BinaryIO:
        """Standard input, as bytes."""
        return self._stdin or sys.stdin.buffer

    def host(self) -> str:
        """Return the current host, "" if there is none."""
        return self.environ.get("CONVOX_HOST") or self.settings.get("host")

    def rack(self) -> str:
        """Return the current rack's name, "" if there is none."""
        return (
            self.text("rack")
            or self.environ.get("CONVOX_RACK")
            or self.settings.local("rack")
            or self.settings.map("racks").get(self.host())
            or self.settings.get("rack")
        )

    def find_endpoint(self) -> Endpoint | None:
        """Return where the rack is, None if no rack is known.

        Raises:
            UnauthenticatedError: a host is known and no password for it.
        """
        rack = self.rack()
        url = self.environ.get("RACK_URL")
        if url:
            return self._endpoint(url, rack)
        if rack.startswith("local/"):
            return self._endpoint("https://rack." + rack.removeprefix("local/"), rack)
        host = self._self_managed() or self.host()
        return self.endpoint_of(host, rack) if host else None

    def endpoint_of(self, host: str, rack: str = "") -> Endpoint:
        """Return the endpoint of a host that somebody has logged in to."""
        password = self.environ.get("CONVOX_PASSWORD")
        if password is None:
            password = self.settings.map("auth").get(host)
        if password is None:
            raise UnauthenticatedError(
                f"not logged in to {host}", fix=f"log in: convox login {host}"
            )
        return self.endpoint_with(host, password, rack)

    def endpoint_with(self, host: str, password: str, rack: str = "") -> Endpoint:
        """Return the endpoint of `host` with `password`, trusted as the settings say."""
        from convox.client.endpoint import quote

        return self._endpoint(f"https://convox:{quote(password.replace(' ', '+'))}@{host}", rack)

    @property
    def http(self) -> Http:
        """The connection to the current rack.

        Raises:
            UnavailableError: no rack is known.
        """
        if self._http is None:
            endpoint = self.find_endpoint()
            if endpoint is None:
                raise UnavailableError("no racks found, try `convox login`")
            self._http = self.connect(endpoint)
        return self._http

    def connect(self, endpoint: Endpoint) -> Http:
        """Return a client of `endpoint` that keeps sessions granted by it."""
        from convox.client.http import Http  # a command that asks no rack does without

        if endpoint.insecure:
            self.out.note(f"WARNING: the certificate of {endpoint.name} is not verified")
        name = endpoint.name
        client = Http(endpoint, lambda session: self.settings.put_entry("session", name, session))
        self._clients.append(client)
        return client

    def renew(self, endpoint: Endpoint) -> None:
        """Ask the rack through `endpoint` from now on."""
        self._http = self.connect(endpoint)

    def close(self) -> None:
        """Close the connections that the command left open."""
        for client in self._clients:
            client.close()

    def call(self, request: str, /, *path: str, **parameters: Parameter) -> Any:
        """Send a request of the table and return its JSON answer."""
        return self.send(request, *path, **parameters).json()

    def do(self, request: str, /, *path: str, **parameters: Parameter) -> None:
        """Send a request of the table whose answer says nothing."""
        self.send(request, *path, **parameters).content()

    def send(self, request: str, /, *path: str, **parameters: Parameter) -> Response:
        """Send a request of the table and return its answer, unread."""
        method, pattern, carrier, names = REQUESTS[request]
        fields = encode(names, parameters)
        response = self.http.request(
            method,
            pattern.format(*path),
            query=fields if carrier == "query" else None,
            form=fields if carrier == "form" else None,
            headers=fields if carrier == "header" else None,
        )
        if method != "GET":
            self.changed_at = response.headers.get("date", "")
        return response

    def upload(
        self, request: str, /, *path: str, body: Body, length: int | None = None
    ) -> Response:
        """Send a request of the table with a body; without `length` it travels in chunks."""
        method, pattern, _, _ = REQUESTS[request]
        return self.http.request(method, pattern.format(*path), body=body, length=length)

    def system(self) -> dict[str, Any]:
        """Return what the rack says of itself, asked once."""
        if self._system is None:
            self._system = self.call("system_get")
        return self._system

    def quick(self) -> bool:
        """Tell whether a state that the rack reports is already true of what was just asked.

        Ours write the wish before they answer. The incumbent's answer from a cache of five
        seconds, so that a first look after a change says nothing.
        """
        return str(self.system()["version"]).startswith("3.")

    def console(self, request: str, /, *path: str, **parameters: Parameter) -> Response:
        """Send a request that only consoles answer, without naming a rack."""
        method, pattern, _, names = CONSOLE[request]
        endpoint = self.http.endpoint
        rack, endpoint.rack = endpoint.rack, ""
        try:
            return self.http.request(
                method, pattern.format(*path), form=encode(names, parameters) or None
            )
        finally:
            endpoint.rack = rack

    def open(self, request: str, /, *path: str, **parameters: Parameter) -> Socket:
        """Open a socket of the table; the caller closes it."""
        from convox.client.socket import connect  # streams only

        _, pattern, _, names = REQUESTS[request]
        return connect(self.http, pattern.format(*path), encode(names, parameters))

    def _self_managed(self) -> str:
        """Return the host of a rack of one's own that was named for this command, or ""."""
        named = self.text("rack") or self.environ.get("CONVOX_RACK", "")
        return self.settings.map("self-managed").get(named, "") if named else ""

    def _endpoint(self, url: str, rack: str) -> Endpoint:
        from convox.client.endpoint import Endpoint

        endpoint = Endpoint(url, rack)
        name = endpoint.name
        endpoint.session = self.settings.map("session").get(name, "")
        endpoint.pin = self.settings.map("certificates").get(name, "")
        endpoint.insecure = name in self.settings.map("insecure")
        return endpoint


def encode(names: tuple[str, ...], parameters: Mapping[str, Parameter]) -> dict[str, str]:
    """Return `parameters` under the wire's names and in its texts, those that are None left out.

    `build_args` is `build-args`, `command` is `Command`. Source: wire.md section 3.
    """
    wire = {name.lower().replace("-", "_"): name for name in names}
    given = {wire[key.lower()]: value for key, value in parameters.items() if value is not None}
    return {name: _text(value) for name, value in given.items()}


def _text(value: str | int | bool | list[str] | dict[str, str]) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, list):
        return ",".join(value)
    if isinstance(value, dict):
        from convox.client.endpoint import form

        return form(value)
    return str(value)
