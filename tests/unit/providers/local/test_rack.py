"""The rack as a whole: it answers the contract, and starts without an engine."""

import inspect

import pytest

from convox.api.operations import operations
from convox.api.rack import Rack
from convox.api.types import AppCreateOptions
from convox.core.clock import SystemClock
from convox.core.errors import ConvoxError
from convox.providers.local import options as rack_options
from convox.providers.local.layout import Layout
from convox.providers.local.options import RackOptions
from convox.providers.local.rack import LocalRack, open_rack
from convox.providers.local.store import open_store
from tests.fakes.engine import FakeEngine

NOT_HERE = ("certificate_", "resource_", "rds_", "system_resource", "instance_", "_metrics")
IMPLEMENTED = [name for name in operations() if hasattr(LocalRack, name)]


@pytest.mark.parametrize("name", IMPLEMENTED)
def test_an_operation_is_called_as_the_contract_says(name):
    wanted = inspect.signature(getattr(Rack, name)).parameters
    found = inspect.signature(inspect.unwrap(getattr(LocalRack, name))).parameters

    assert [p.kind for p in found.values()] == [p.kind for p in wanted.values()]
    assert [(p.annotation, p.default) for p in list(found.values())[1:]] == [
        (p.annotation, p.default) for p in list(wanted.values())[1:]
    ]


def test_what_is_missing_is_what_a_local_rack_does_not_have():
    missing = [name for name in operations() if name not in IMPLEMENTED]

    allowed = {"proxy", "system_sync_instances_ip"}
    assert [n for n in missing if n not in allowed and not any(p in n for p in NOT_HERE)] == []


def test_no_public_name_of_a_rack_is_outside_the_contract():
    own = {name for name in vars(LocalRack) if not name.startswith("_")}

    assert own - set(operations()) == {"start", "stop"}


def test_a_rack_starts_and_answers_while_the_engine_is_dead(tmp_path):
    layout = Layout(tmp_path / "rack", "rack")
    for folder in (layout.root, layout.router):
        folder.mkdir()
    store = open_store(layout.database, SystemClock())
    rack_options.save(store.settings, RackOptions(cidr="10.77.0.0/16"))
    store.close()
    engine = FakeEngine()
    engine.down = True
    rack = open_rack(layout, SystemClock(), engine)

    rack.start()
    try:
        rack.app_create(AppCreateOptions(name="app"))
        assert [app.name for app in rack.app_list()] == ["app"]
        assert rack.system_get().name == "rack"
        with pytest.raises(ConvoxError, match="the Docker engine does not answer"):
            rack.capacity_get()
    finally:
        rack.stop()
