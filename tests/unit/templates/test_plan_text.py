from __future__ import annotations

from convox.providers.aws.calls import INSTALLER
from convox.templates.plan import plan
from convox.templates.plan_text import text
from tests.unit.templates.worlds import LARGEST, SMALL, spec


def test_a_person_reads_every_section():
    one = spec(LARGEST)
    shown = text(plan(one, INSTALLER))

    for title in ("Network", "Compute", "Data", "Listeners", "What may come in", "Warnings"):
        assert f"\n{title}\n" in shown
    assert f"everything begins with {one.names.prefix}" in shown
    assert "Tenancy=dedicated" in shown
    assert "3 are never spot, the rest is" in shown
    assert "ApiBalancerSecurity: port 443 from 203.0.113.7/32" in shown


def test_permissions_are_shown_with_action_resource_condition_and_reason():
    shown = text(plan(spec({}), INSTALLER))

    assert "cloudformation:CreateChangeSet" in shown
    assert "if cloudformation:RoleArn StringEquals " in shown
    assert "for install, update and uninstall change stacks only by change sets" in shown
    assert "never account:* cloudformation:* iam:*" in shown


def test_the_way_out_of_a_closed_rack_is_told():
    shown = text(plan(spec(SMALL), INSTALLER))

    assert "way out: endpoints of AWS services only" in shown
    assert "internet gateway" not in shown
