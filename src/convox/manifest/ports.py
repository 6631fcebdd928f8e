"""The `port` and `agent` attributes: what a service listens on.

Source: manifest.md section 3; error texts are the incumbent's.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from convox.manifest import fields
from convox.manifest.gotext import describe, formatted
from convox.manifest.model import Agent, AgentPort, Port
from convox.manifest.nodes import ListNode, MapNode, Node, ScalarNode, is_null, is_text
from convox.manifest.scalars import atoi

if TYPE_CHECKING:
    from convox.manifest.findings import Report


def decode_agent(agent: Agent, node: Node, report: Report) -> Agent:
    """Return `agent` with what the attribute says; a map switches it on, whatever it holds."""
    match node:
        case ScalarNode(value=bool() as enabled):
            return replace(agent, enabled=enabled)
        case MapNode():
            return Agent(enabled=True, ports=agent.ports + _agent_ports(node, report))
        case _:
            wire = f"could not parse agent: {formatted(node)}"
            message = f'agent is {describe(node)}, must be true or a map with "ports"'
            report.error(node.at, message, wire=wire)
            return agent


def decode_port(port: Port, node: Node, report: Report) -> Port:
    """Return `port` with what the attribute says; a scheme given before stays without a new one."""
    number = fields.whole(node)
    if number is not None:
        return replace(port, port=number)
    match node:
        case MapNode():
            return _from_map(port, node, report) or port
        case ScalarNode(value=str()):
            return _from_text(port, node, report) or port
        case _:
            _refuse(node, report, f"invalid port: {formatted(node, as_text=True)}")
            return port


def _agent_ports(node: MapNode, report: Report) -> tuple[AgentPort, ...]:
    ports, enabled = node.get("ports"), node.get("enabled")
    if isinstance(enabled, ScalarNode) and enabled.value is False:
        message = "agent.enabled is ignored: a map always means yes; write agent: false"
        report.warn(enabled.at, message)
    if isinstance(ports, ListNode):
        return tuple(_agent_port(port, report) for port in ports.items)
    if ports is not None and not is_null(ports):
        report.warn(ports.at, f"agent.ports is {describe(ports)} and ignored, must be a list")
    return ()


def _agent_port(node: Node, report: Report) -> AgentPort:
    number = fields.whole(node)
    if is_null(node):
        return AgentPort()
    if number is not None:
        return AgentPort(number, "tcp")
    wire = f"invalid port: {formatted(node, as_text=True)}"
    if isinstance(node, ScalarNode) and is_text(node):
        first, *rest = node.text.split("/")
        number, wire = atoi(first), ""
        if number is not None:
            return AgentPort(number, rest[0] if rest else "")
    allowed = 'must be a number or a text like "5000/udp"'
    report.error(node.at, f"agent port is {describe(node)}, {allowed}", wire=wire or None)
    return AgentPort()


def _from_text(port: Port, node: ScalarNode, report: Report) -> Port | None:
    parts = node.text.split(":")
    number = atoi(parts[1] if len(parts) > 1 else parts[0])
    if number is None:
        _refuse(node, report, None)
        return None
    return Port(number, parts[0] if len(parts) > 1 else port.scheme)


def _from_map(port: Port, node: MapNode, report: Report) -> Port | None:
    numbered = _numbered(port, node, report)
    if numbered is None:
        return None
    scheme = node.get("scheme")
    if scheme is not None and not is_null(scheme):
        if not isinstance(scheme, ScalarNode) or not is_text(scheme):
            report.error(scheme.at, f"port.scheme is {describe(scheme)}, must be text")
            return None
        numbered = replace(numbered, scheme=scheme.text)
    if numbered.port == 0:
        message = "port has no number, must be like port: 3000 or {port: 3000, scheme: https}"
        report.error(node.at, message, wire=f"could not parse port: {formatted(node)}")
        return None
    return numbered


def _numbered(port: Port, node: MapNode, report: Report) -> Port | None:
    value = node.get("port")
    if value is None or is_null(value):
        return port
    if isinstance(value, ScalarNode) and is_text(value):
        return _from_text(port, value, report)
    number = fields.whole(value)
    if number is None:
        _refuse(value, report, f"could not parse port: {formatted(node, as_text=True)}")
        return None
    return replace(port, port=number)


def _refuse(node: Node, report: Report, wire: str | None) -> None:
    allowed = 'must be a number, "SCHEME:NUMBER", or a map of port and scheme'
    report.error(node.at, f"port is {describe(node)}, {allowed}", wire=wire)
