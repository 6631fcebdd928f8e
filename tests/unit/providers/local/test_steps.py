"""Every step is a sentence that a person can read."""

import dataclasses
import typing

import pytest

from convox.providers.local import steps
from tests.fakes.core_world import EPOCH, service

VALUES = {
    "network": "convox.rack.app",
    "aliases": ("api.app.rack.convox",),
    "service": "web",
    "id": "0123456789abcdef",
    "spec": "s",
    "until": EPOCH,
    "what": "start again",
    "routes": (),
    "seconds": 30,
    "signal": "SIGTERM",
    "grace_s": 10,
    "release": "RABC",
    "promoted": True,
    "cause": "web keeps exiting",
    "culprit": "",
    "networks": ("convox.rack.app.db",),
    "name": "db",
}


@pytest.mark.parametrize("kind", typing.get_args(steps.Step), ids=lambda kind: kind.__name__)
def test_a_step_reads_as_one_line(kind):
    values = {field.name: VALUES[field.name] for field in dataclasses.fields(kind)}
    if kind is steps.StartProcess:
        values["service"] = service("R1")

    text = str(kind(**values))

    assert text
    assert "\n" not in text
    assert "object at" not in text
    assert "abcdef" not in text
