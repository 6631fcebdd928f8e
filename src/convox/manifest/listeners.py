"""The `nlb` attribute: listeners of the network load balancer, decoded; `nlb_rules.py` judges.

Source: manifest.md section 3.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from convox.manifest import fields
from convox.manifest.gotext import describe
from convox.manifest.model import NlbListener
from convox.manifest.nodes import ListNode, Node, is_null

if TYPE_CHECKING:
    from convox.manifest.findings import Report

_TEXTS = {"protocol", "scheme", "certificate"}
_NUMBERS = {"port": "port", "containerPort": "container_port"}
_FLAGS = {"cross_zone", "preserve_client_ip"}


def decode_listeners(node: Node, report: Report) -> tuple[NlbListener, ...] | None:
    """Return the listeners of a list of maps, None if it is no list."""
    if not isinstance(node, ListNode):
        report.error(node.at, f"nlb is {describe(node)}, must be a list of maps")
        return None
    decoded = [_listener(f"nlb[{i}]", item, report) for i, item in enumerate(node.items)]
    return tuple(listener for listener in decoded if listener is not None)


def _listener(what: str, node: Node, report: Report) -> NlbListener | None:
    found = fields.mapping(what, node, report)
    if found is None:
        return None
    listener = NlbListener()
    for key, value in found.pairs:
        listener = _changed(listener, f"{what}.{key.text}", key.text, value, report)
    return listener


def _changed(
    listener: NlbListener, what: str, key: str, value: Node, report: Report
) -> NlbListener:
    name = _NUMBERS.get(key, key)
    result: object
    if key in _NUMBERS:
        result = fields.integer(what, value, report)
    elif key in _TEXTS:
        result = fields.text(what, value, report)
    elif key == "allow_cidr":
        result = fields.texts(what, value, report)
    elif key in _FLAGS:
        # Nothing leaves it to the load balancer, which is not the same as no.
        result = None if is_null(value) else fields.boolean(what, value, report)
        return fields.changed(listener, name, result)
    else:
        return listener
    return listener if result is None else fields.changed(listener, name, result)
