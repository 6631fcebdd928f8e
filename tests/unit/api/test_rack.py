"""The page of the contract: what implementers and readers rely on."""

from __future__ import annotations

import inspect
import typing

from convox.api.operations import operations
from convox.api.rack import Rack, route
from tests.fakes.rack import FakeRack


def methods():
    return {n: f for n, f in vars(Rack).items() if inspect.isfunction(f) and n[0] != "_"}


def test_a_route_is_attached_and_the_function_stays_what_it_was():
    def function():
        return 1

    attached = route("GET /x", "x:read", event="x")(function)

    assert attached is function
    assert attached.__dict__["route"] == ("GET /x", "x:read", "x")


def test_every_public_method_is_an_operation():
    public = [name for name in methods() if name not in vars(typing.Protocol)]

    assert public == list(operations())


def test_path_variables_come_first_and_options_last():
    for name, operation in operations().items():
        arguments = list(inspect.signature(methods()[name]).parameters)[1:]
        count = len(operation.path_names)
        assert tuple(arguments[:count]) == operation.path_names
        assert set(arguments[count:]) <= {"body", "stream", "opts"}
        assert "opts" not in arguments[:-1]


def test_the_fake_takes_what_the_contract_gives():
    for name, function in methods().items():
        implemented = getattr(FakeRack, name, None)
        if implemented is None:
            continue
        wanted = list(inspect.signature(function).parameters)
        assert list(inspect.signature(implemented).parameters) == wanted, name
