"""What the incumbent demands of `nlb` listeners, within a service and across services.

Source: manifest.md section 5; texts are the incumbent's. AWS partitions: aws, aws-cn, aws-us-gov.
"""

from __future__ import annotations

import ipaddress
import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from convox.manifest.findings import Report
    from convox.manifest.model import NlbListener, Service
    from convox.manifest.sections import Draft

_CERTIFICATE = re.compile(
    r"arn:aws[-a-z]*:acm:[a-z0-9-]+:[0-9]{12}:certificate/[a-zA-Z0-9-]+"
    r"|arn:aws[-a-z]*:iam::[0-9]{12}:server-certificate/.+"
)
_SEE = "(run 'convox certs list' to see available ARNs)"

Problem = tuple[str, str]
"""The key of a listener, and what is wrong with it."""


@dataclass
class ListenerRules:
    """Judges the listeners of one service after the other; remembers who owns a port."""

    report: Report
    _owners: dict[int, str] = field(default_factory=dict)
    _inside: set[int] = field(default_factory=set)
    """Container ports of the service in hand."""

    def check(self, draft: Draft[Service], service: Service) -> None:
        """Report what is wrong with the listeners of a service that has its defaults."""
        if service.nlb and service.agent.enabled:
            message = f"service {service.name}: agent mode is incompatible with nlb ports"
            self.report.error(draft.at("nlb"), message, wire=message)
        ports: dict[int, int] = {}
        self._inside = set()
        for index, listener in enumerate(service.nlb):
            problems = [*_alone(service.name, listener), *self._shared(service, listener, ports)]
            for key, message in problems:
                self.report.error(draft.at("nlb", index, key), message, wire=message)
            self._owners.setdefault(listener.port, service.name)
            ports.setdefault(listener.port, listener.container_port)
            self._inside.add(listener.container_port)

    def _shared(
        self, service: Service, listener: NlbListener, ports: dict[int, int]
    ) -> Iterator[Problem]:
        port, inner = listener.port, listener.container_port
        here = f"service {service.name}:"
        owner = self._owners.get(port, service.name)
        if port in ports and ports[port] != inner:
            yield "port", f"{here} nlb port {port} declared with conflicting containerPort values"
        elif port in ports:
            yield "port", f"{here} duplicate nlb port {port}"
        elif inner in self._inside:
            message = f"{here} nlb containerPort {inner} used by multiple nlb listeners"
            yield "containerPort", message
        if owner != service.name:
            shared = "rack NLB listener is shared, each port must be unique across services"
            yield (
                "port",
                f"nlb port {port} declared by services {owner} and {service.name}; {shared}",
            )


def _alone(name: str, listener: NlbListener) -> Iterator[Problem]:
    if not 1 <= listener.port <= 65535:
        yield "port", f"service {name}: nlb port {listener.port} out of range"
    if not 1 <= listener.container_port <= 65535 and listener.container_port != listener.port:
        message = f"service {name}: nlb containerPort {listener.container_port} out of range"
        yield "containerPort", message
    here = f"service {name} nlb port {listener.port}:"
    if listener.protocol not in ("tcp", "tls"):
        yield "protocol", f'{here} protocol must be tcp or tls, got "{listener.protocol}"'
    for message in _certificate(listener):
        yield "certificate", f"{here} {message}"
    if listener.scheme not in ("public", "internal"):
        yield "scheme", f'{here} scheme must be public or internal, got "{listener.scheme}"'
    for message in _ranges(listener):
        yield "allow_cidr", f"{here} allow_cidr {message}"


def _certificate(listener: NlbListener) -> Iterator[str]:
    given, tls = listener.certificate, listener.protocol == "tls"
    if tls and not given:
        see = "(provide an ACM ARN; run 'convox certs list' to see available ARNs)"
        yield f"protocol tls requires a certificate {see}"
    elif given and not tls:
        yield "certificate is only valid with protocol: tls"
    elif given and not _CERTIFICATE.fullmatch(given):
        kinds = "a full ACM or IAM server-certificate ARN"
        yield f'certificate must be {kinds}, got "{given}" {_SEE}'


def _ranges(listener: NlbListener) -> Iterator[str]:
    seen: set[str] = set()
    for text in listener.allow_cidr:
        if problem := _range_problem(text):
            yield f'entry "{text}" is {problem}'
        elif text in seen:
            yield f"contains duplicate entry: {text}"
        seen.add(text)


def _range_problem(text: str) -> str | None:
    address, slash, bits = text.partition("/")
    if not slash or not (bits.isascii() and bits.isdigit()):
        return "not a valid IPv4 CIDR (e.g. 10.0.0.0/16)"
    try:
        network = ipaddress.ip_interface(f"{address}/{bits}").network
    except ValueError:
        return "not a valid IPv4 CIDR (e.g. 10.0.0.0/16)"
    if network.version == 6:
        return "not a valid IPv4 CIDR (IPv6 not supported)"
    return None if str(network) == text else f'not canonical; use "{network}" instead'
