from __future__ import annotations

from convox.templates.endpoints import _OF_PREFIX, interface_endpoints
from tests.unit.templates.worlds import spec


def test_with_a_nat_only_what_is_asked_for_has_an_endpoint():
    assert interface_endpoints(spec({})) == ()
    assert interface_endpoints(spec({"Endpoints": "sqs,sns"})) == ("sns", "sqs")


def test_without_a_nat_every_service_that_is_called_has_one():
    found = interface_endpoints(spec({"NatGateways": "none"}))

    assert {"ecr.api", "ecr.dkr", "ecs", "ecs-agent", "ecs-telemetry", "logs", "sts"} <= set(found)
    assert "cloudformation" in found
    assert not {"s3", "dynamodb"} & set(found)


def test_every_declared_call_is_of_a_service_whose_endpoints_are_known():
    assert {call.action.partition(":")[0] for call in spec({}).calls} <= _OF_PREFIX.keys()
