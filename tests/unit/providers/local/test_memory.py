"""What a worker remembers, and forgets with the containers that are gone."""

from datetime import UTC, datetime

from convox.providers.local.caddy import Route
from convox.providers.local.memory import Memory
from convox.providers.local.observed import Exits, Leaving, Phase

NOW = datetime(2026, 1, 1, tzinfo=UTC)


def test_what_is_gone_is_forgotten():
    memory = Memory()
    memory.exits = {"a": Exits(2, NOW), "b": Exits()}
    memory.leaving = {"a": Leaving(Phase.DRAINING, NOW)}
    memory.addresses = {"a": "10.0.0.1", "b": "10.0.0.2"}
    memory.served, memory.rising = {"a", "b"}, {"a"}
    memory.collected = {("a", "1"), ("b", "1")}

    gone = memory.forget_all_but(["b"])

    assert gone == {"a"}
    assert memory.exits == {"b": Exits()}
    assert (memory.leaving, memory.served, memory.rising) == ({}, {"b"}, set())
    assert memory.addresses == {"b": "10.0.0.2"}
    assert memory.collected == {("b", "1")}


def test_those_routed_to_have_served():
    memory = Memory(addresses={"a": "10.0.0.1", "b": "10.0.0.2", "c": ""})
    routes = (Route(("h",), ("10.0.0.2:3000",)),)

    memory.note_routes(routes)
    memory.note_routes(())

    assert memory.routes == ()
    assert memory.served == {"b"}
