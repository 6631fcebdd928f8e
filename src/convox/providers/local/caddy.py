"""What the router serves, as Caddy's configuration: a pure function from routes to JSON.

An upstream's address is not in the configuration: each route has a few slots, files that Caddy
reads at each request, so that replacing the processes behind a host (a deploy, a restart, a
scale) is a rename of small files and not a reload. A reload is needed only for a new or a removed
host; it closes idle keep-alive connections, and by `stream_close_delay` nothing that is open.
Sticky routes name their addresses, because their cookie is made of them.
router.py writes and loads what this makes.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Literal

Json = dict[str, object]
Scheme = Literal["http", "https", "grpc", "secure-grpc"]

HTTPS, HTTP, LINKS, API = 443, 8080, 80, 5443
"""Ports inside the router; the options say at which of the host the first two and the last are."""
INSIDE = "/convox"
"""Where the router sees its folder."""
INTERNAL_SUFFIX = ".convox"
"""Hosts that end so are for links between services: plain HTTP, from inside the rack only."""
UPSTREAMS = "upstreams"
"""Folder of the slots."""
_SLOTS = 12
"""Divisible by 1, 2, 3, 4 and 6, so that few upstreams share a route's slots evenly."""
_FOR_EVER = "8760h"
_RETRY = {
    "try_duration": "3s",
    "try_interval": "50ms",
    "retry_match": [{"method": ["GET", "HEAD", "OPTIONS"]}],
}
"""A failed connection is tried again for any method; a broken answer only for these."""


@dataclass(frozen=True)
class Route:
    """Hosts, and the processes that answer for them."""

    hosts: tuple[str, ...]
    """Names, or `*.` and a name."""
    upstreams: tuple[str, ...]
    """`ip:port` each."""
    scheme: Scheme = "http"
    sticky: bool = False
    owner: str = ""
    """APP/SERVICE, for people."""
    sources: tuple[str, ...] = ()
    """Ranges from which hosts ending in `.convox` may be reached; empty is the rack's own."""

    @property
    def key(self) -> str:
        """A name for the slots that stays as long as the hosts do."""
        text = "\n".join((self.owner, self.scheme, *self.hosts))
        return hashlib.sha256(text.encode()).hexdigest()[:16]


@dataclass(frozen=True)
class Frontage:
    """What of the rack's options the router's configuration depends on."""

    rack: str
    port: int
    api_port: int
    cidr: str
    router_subnet: str
    listens: bool = False
    """Whether ports are published on more than loopback."""

    @property
    def wildcard(self) -> str:
        """The name whose one certificate serves the hosts of every app."""
        return f"*.{self.rack}.localhost"


def slots(routes: Iterable[Route]) -> dict[str, str]:
    """Return the slot files that the configuration of `routes` reads, by name."""
    files = {}
    for route in routes:
        for number in range(_width(route)):
            files[f"{route.key}.{number}"] = route.upstreams[number % len(route.upstreams)]
    return files


def configuration(frontage: Frontage, routes: Iterable[Route]) -> Json:
    """Return Caddy's whole configuration; equal routes in any order give equal JSON."""
    ordered = sorted(_single(routes), key=_most_specific_first)
    public = [r for r in ordered if not r.hosts[0].endswith(INTERNAL_SUFFIX)]
    internal = [r for r in ordered if r.hosts[0].endswith(INTERNAL_SUFFIX)]
    servers = {
        "https": _https(frontage, public),
        "http": _server(HTTP, [_redirect(frontage.port)], ["h1"]),
        "links": _server(LINKS, [*(_link(frontage, r) for r in internal), _UNKNOWN], ["h1", "h2c"]),
        "api": _api(frontage),
    }
    return {
        "admin": {"listen": f"unix/{INSIDE}/admin.sock", "config": {"persist": False}},
        "logging": {"logs": {"default": {"level": "WARN"}}},
        "storage": {"module": "file_system", "root": f"{INSIDE}/data"},
        "apps": {
            "http": {"http_port": HTTP, "https_port": HTTPS, "servers": servers},
            "tls": _tls(frontage, public),
            "pki": {"certificate_authorities": {"local": _authority(frontage.rack)}},
        },
    }


def domains(frontage: Frontage, routes: Iterable[Route]) -> list[str]:
    """Return the public hosts that the rack's wildcard certificate does not serve."""
    hosts = {host for route in routes for host in route.hosts}
    return sorted(h for h in hosts if not _covered(frontage, h))


def _covered(frontage: Frontage, host: str) -> bool:
    label, _, rest = host.partition(".")
    own = rest == frontage.wildcard.removeprefix("*.") and label != "*"
    return own or host.endswith(INTERNAL_SUFFIX)


def _single(routes: Iterable[Route]) -> Iterable[_Host]:
    return (_Host(route, host) for route in routes for host in sorted(route.hosts))


@dataclass(frozen=True)
class _Host:
    """One host of a route; hosts are served apart because exact names come before wildcards."""

    route: Route
    host: str

    @property
    def hosts(self) -> tuple[str]:
        return (self.host,)


def _most_specific_first(entry: _Host) -> tuple[bool, int, str]:
    return entry.host.startswith("*."), -entry.host.count("."), entry.host


def _width(route: Route) -> int:
    """Count the slots of a route; the same for any usual number of upstreams."""
    if route.sticky or not route.upstreams:
        return 0
    return -(-len(route.upstreams) // _SLOTS) * _SLOTS


def _server(port: int, routes: list[Json], protocols: list[str]) -> Json:
    return {
        "listen": [f":{port}"],
        "protocols": protocols,
        "automatic_https": {"disable": True},
        "routes": routes,
        "errors": {"routes": [{"handle": [_UNANSWERED]}]},
    }


def _https(frontage: Frontage, entries: list[_Host]) -> Json:
    # Without these, a client that sends another name, or none, gets no answer to read. The
    # certificate is looked up by the name that is in it.
    policy = {"default_sni": frontage.wildcard, "fallback_sni": frontage.wildcard}
    routes = [
        {
            "match": [{"host": [entry.host]}],
            "handle": [_handler(entry.route, frontage.port)],
            "terminal": True,
        }
        for entry in entries
    ]
    return {
        **_server(HTTPS, [*routes, _UNKNOWN], ["h1", "h2"]),
        "tls_connection_policies": [policy],
    }


def _link(frontage: Frontage, entry: _Host) -> Json:
    match: Json = {"host": [entry.host]}
    if entry.route.sources:
        match["remote_ip"] = {"ranges": sorted(entry.route.sources)}
    else:
        match["remote_ip"] = {"ranges": [frontage.cidr]}
        match["not"] = [{"remote_ip": {"ranges": [frontage.router_subnet]}}]
    return {"match": [match], "handle": [_handler(entry.route, LINKS)], "terminal": True}


def _redirect(port: int) -> Json:
    suffix = "" if port == 443 else f":{port}"
    location = f"https://{{http.request.host}}{suffix}{{http.request.uri}}"
    return {"handle": [_static(308, "", {"Location": [location]})]}


def _api(frontage: Frontage) -> Json:
    """Serve the rack's API; containers in networks of apps do not get past TLS."""
    pinned: Json = {"certificate_selection": {"any_tag": ["api"]}}
    # What is published on loopback arrives from the gateway of the router's own network.
    allowed: list[Json] = [{"ranges": [frontage.router_subnet]}]
    if frontage.listens:
        allowed.append({"not_ranges": [frontage.cidr]})
    handler: Json = {
        **_proxy(frontage.api_port),
        "upstreams": [{"dial": f"unix/{INSIDE}/api.sock"}],
        "transport": _transport("http"),
        "load_balancing": _RETRY,
    }
    server = _server(API, [{"handle": [handler]}], ["h1", "h2"])
    server["tls_connection_policies"] = [
        {**pinned, "match": {"remote_ip": ranges}} for ranges in allowed
    ]
    server["errors"] = {"routes": [{"handle": [_static(503, "the rack does not answer\n")]}]}
    return server


def _handler(route: Route, port: int) -> Json:
    if not route.upstreams:
        return _static(503, f"{route.owner} has no running process\n")
    addresses = route.upstreams if route.sticky else _placeholders(route)
    return {
        **_proxy(port),
        "upstreams": [{"dial": address} for address in addresses],
        "transport": _transport(route.scheme),
        "load_balancing": {**_RETRY, "selection_policy": _policy(route)},
    }


def _placeholders(route: Route) -> list[str]:
    folder = f"{INSIDE}/{UPSTREAMS}"
    return [f"{{file.{folder}/{route.key}.{number}}}" for number in range(_width(route))]


def _policy(route: Route) -> Json:
    if route.sticky and len(route.upstreams) > 1:
        return {"policy": "cookie", "name": "convox"}
    return {"policy": "round_robin"}


def _proxy(port: int) -> Json:
    # Not -1: it would keep asking the upstream after the client has gone. Streams of unknown
    # length are flushed at once whatever is said here.
    return {
        "handler": "reverse_proxy",
        "flush_interval": "10ms",
        "stream_close_delay": _FOR_EVER,
        "headers": {"request": {"set": {"X-Forwarded-Port": [str(port)]}}},
    }


def _transport(scheme: str) -> Json:
    transport: Json = {
        "protocol": "http",
        "compression": False,
        "dial_timeout": "1s",
        # Shorter than any server keeps an idle connection, or a request could meet its closing.
        "keep_alive": {"idle_timeout": "1s"},
    }
    if scheme in ("https", "secure-grpc"):
        transport["tls"] = {"insecure_skip_verify": True}
    if scheme in ("grpc", "secure-grpc"):
        transport["versions"] = ["h2c"] if scheme == "grpc" else ["2"]
    return transport


def _tls(frontage: Frontage, entries: list[_Host]) -> Json:
    issuer = {"module": "internal", "lifetime": "2160h"}
    own = [frontage.wildcard, *domains(frontage, (entry.route for entry in entries))]
    return {
        "certificates": {
            "automate": own,
            "load_files": [
                {
                    "certificate": f"{INSIDE}/pki/api.crt",
                    "key": f"{INSIDE}/pki/api.key",
                    "tags": ["api"],
                }
            ],
        },
        "automation": {"policies": [{"issuers": [issuer]}]},
    }


def _authority(rack: str) -> Json:
    root = {"certificate": f"{INSIDE}/pki/root.crt", "private_key": f"{INSIDE}/pki/root.key"}
    return {
        "name": f"Convox rack {rack}",
        "install_trust": False,
        "root": {**root, "format": "pem_file"},
        "intermediate_lifetime": "8760h",
    }


def _static(status: int | str, body: str, headers: Mapping[str, list[str]] | None = None) -> Json:
    text = {"Content-Type": ["text/plain; charset=utf-8"]}
    return {
        "handler": "static_response",
        "status_code": status,
        "body": body,
        "headers": {**text, **(headers or {})},
    }


_UNKNOWN: Json = {"handle": [_static(404, "no app answers at {http.request.host}\n")]}
_UNANSWERED = _static(
    "{http.error.status_code}", "the app at {http.request.host} does not answer\n"
)
