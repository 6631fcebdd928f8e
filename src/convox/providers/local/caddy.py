"""What the router serves, as Caddy's configuration: a pure function from routes to JSON.

An upstream's address is not in the configuration but in slots (slots.py), so that replacing the
processes behind a host (a deploy, a restart, a scale) is a rename of small files and not a reload.
Spare entries take new hosts the same way (spares.py). A reload cuts nothing that is open, by
`stream_close_delay`, but it drops a request that has just arrived on a connection, one in some
ten thousand under load: so it is kept for what needs one, such as a domain's certificate.
router.py writes and loads what this makes.
"""

from __future__ import annotations

import hashlib
import ipaddress
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Literal

from convox.providers.local.slots import (
    GONE,
    INSIDE,
    NONE,
    SPARES,
    STICKY,
    placeholder,
    spare,
    width,
)

Json = dict[str, object]
Scheme = Literal["http", "https", "grpc", "secure-grpc"]

HTTPS, HTTP, LINKS, API = 443, 8080, 80, 5443
"""Ports inside the router; the options say at which of the host the first two and the last are."""
INTERNAL_SUFFIX = ".convox"
"""Hosts that end so are for links between services: plain HTTP, from inside the rack only."""
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

    @property
    def shape(self) -> str:
        """Everything of it that a configuration holds; equal for routes that differ in slots."""
        return repr((self.key, self.sources, width(self.upstreams)))


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
    def address(self) -> str:
        """The router's address in its own network: all that the outside reaches listens there.

        In the networks of apps only links are answered, so that no app can so much as open a
        connection to the rack's API, or to the hosts of another app.
        """
        return str(ipaddress.IPv4Network(self.router_subnet)[2])

    @property
    def wildcard(self) -> str:
        """The name whose one certificate serves the hosts of every app."""
        return f"*.{self.rack}.localhost"


def configuration(frontage: Frontage, routes: Iterable[Route]) -> Json:
    """Return Caddy's whole configuration; equal routes in any order give equal JSON."""
    ordered = sorted(_single(routes), key=_most_specific_first)
    public = [entry for entry in ordered if server_of(entry.host) == "https"]
    internal = [entry for entry in ordered if server_of(entry.host) == "links"]
    servers = {
        "https": _https(frontage, public),
        "http": _server(f"{frontage.address}:{HTTP}", [_redirect(frontage.port)], ["h1"]),
        "links": _links(frontage, internal),
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


def server_of(host: str) -> str:
    """Return which of the two servers a host is on."""
    return "links" if host.endswith(INTERNAL_SUFFIX) else "https"


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


def _most_specific_first(entry: _Host) -> tuple[bool, int, str]:
    return entry.host.startswith("*."), -entry.host.count("."), entry.host


def _server(listen: str, routes: list[Json], protocols: list[str]) -> Json:
    return {
        "listen": [listen],
        "protocols": protocols,
        "automatic_https": {"disable": True},
        "routes": routes,
        "errors": {"routes": [{"handle": [_UNANSWERED]}]},
    }


def _https(frontage: Frontage, entries: list[_Host]) -> Json:
    # Without these, a client that sends another name, or none, gets no answer to read. The
    # certificate is looked up by the name that is in it.
    policy = {"default_sni": frontage.wildcard, "fallback_sni": frontage.wildcard}
    named = [
        _entry({"host": [entry.host]}, _handler(entry.route, frontage.port)) for entry in entries
    ]
    spares = [
        _entry(_spare_host(base), _slotted(base, "http", frontage.port, width(())))
        for base in (spare("https", number) for number in range(SPARES))
    ]
    routes = [*named, *spares, _UNKNOWN]
    server = _server(f"{frontage.address}:{HTTPS}", routes, ["h1", "h2"])
    return {**server, "tls_connection_policies": [policy]}


def _links(frontage: Frontage, entries: list[_Host]) -> Json:
    named = [_link(frontage, entry) for entry in entries]
    spares = [_spare_link(spare("links", number)) for number in range(SPARES)]
    return _server(f":{LINKS}", [*named, *spares, _UNKNOWN], ["h1", "h2c"])


def _link(frontage: Frontage, entry: _Host) -> Json:
    match: Json = {"host": [entry.host]}
    if entry.route.sources:
        match["remote_ip"] = {"ranges": sorted(entry.route.sources)}
    else:
        match["remote_ip"] = {"ranges": [frontage.cidr]}
        match["not"] = [{"remote_ip": {"ranges": [frontage.router_subnet]}}]
    return _entry(match, _handler(entry.route, LINKS))


def _spare_link(base: str) -> Json:
    """Serve a link to those who reach the router at its address in the link's own network."""
    inside: Json = {"vars": {"{http.request.local.host}": [placeholder(base, "local")]}}
    handler = _slotted(base, "http", LINKS, width(()))
    return _entry(_spare_host(base), _subroute(_entry(inside, handler)))


def _spare_host(base: str) -> Json:
    return {"vars": {"{http.request.host}": [placeholder(base, "host")]}}


def _entry(match: Json, handler: Json) -> Json:
    return {"match": [match], "handle": [handler]}


def _subroute(*routes: Json) -> Json:
    return {"handler": "subroute", "routes": list(routes)}


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
    server = _server(f"{frontage.address}:{API}", [{"handle": [handler]}], ["h1", "h2"])
    server["tls_connection_policies"] = [
        {**pinned, "match": {"remote_ip": ranges}} for ranges in allowed
    ]
    help = f"the rack does not answer, start it: convox rack start local {frontage.rack}\n"
    server["errors"] = {"routes": [{"handle": [_static(503, help)]}]}
    return server


def _handler(route: Route, port: int) -> Json:
    return _slotted(route.key, route.scheme, port, width(route.upstreams))


def _slotted(base: str, scheme: str, port: int, count: int) -> Json:
    """Answer by the slots: 503 when nothing runs, nothing at all when the entry is gone.

    The cookie of a sticky route is made of the placeholder of a slot, not of what is in it, so it
    outlives a replaced process; a changed number of processes may move a client to another.
    """
    first = placeholder(base, 0)
    upstreams = [placeholder(base, number) for number in range(count)]
    sentence = _static(503, f"{placeholder(base, 'owner')} has no running process\n")
    turns = _balanced(upstreams, scheme, port, {"policy": "round_robin"})
    cookie = _balanced(
        upstreams,
        scheme,
        port,
        {"policy": "cookie", "name": "convox", "fallback": {"policy": "round_robin"}},
    )
    gone = {"vars": {first: [GONE]}}
    return _subroute(
        _entry({"vars": {first: [NONE]}}, sentence),
        _entry({"vars": {placeholder(base, "sticky"): [STICKY]}, "not": [gone]}, cookie),
        _entry({"not": [gone]}, turns),
    )


def _balanced(upstreams: Iterable[str], scheme: str, port: int, policy: Json) -> Json:
    return {
        **_proxy(port),
        "upstreams": [{"dial": address} for address in upstreams],
        "transport": _transport(scheme),
        "load_balancing": {**_RETRY, "selection_policy": policy},
    }


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
