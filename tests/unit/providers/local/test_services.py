"""Services of the active release: listed, restarted, scaled."""

import pytest

from convox.api.types import AppUpdateOptions, ServicePort, ServiceUpdateOptions
from convox.core.errors import ConflictError, InvalidError, NotFoundError
from convox.providers.local.services import at_port

MANIFEST = (
    "services:\n"
    "  web:\n    port: 3000\n    domain: www.example.org\n"
    "  inside:\n    port: 4000\n    internal: true\n"
    "  worker:\n    scale: {count: 2, cpu: 64, memory: 32}\n"
)


def scale(core, **options: object) -> None:
    core.services.service_update("app", "web", ServiceUpdateOptions(**options))


def test_services_are_those_of_the_active_release_in_the_file_s_order(core):
    core.deployed(MANIFEST)
    web, inside, worker = core.services.service_list("app")

    assert (web.name, web.count, web.cpu, web.memory) == ("web", 1, 256, 512)
    assert web.domain == "app-web.rack.localhost"
    assert web.ports == (
        ServicePort(balancer=80, container=3000),
        ServicePort(balancer=443, container=3000),
    )
    assert inside.domain == "inside.app.rack.convox"
    assert (worker.domain, worker.ports, worker.nlb) == ("", (), None)
    assert (worker.count, worker.cpu, worker.memory) == (2, 64, 32)


def test_an_app_without_release_has_no_services(core):
    core.app()

    assert core.services.service_list("app") == ()
    with pytest.raises(NotFoundError, match="app not found: none"):
        core.services.service_list("none")


def test_a_domain_is_shown_where_the_app_asks_for_it(core):
    core.deployed(MANIFEST)
    core.apps.app_update("app", AppUpdateOptions(parameters={"InternalDomains": "No"}))

    assert core.services.service_list("app")[0].domain == "www.example.org"


def test_a_port_that_is_not_the_usual_one_is_shown():
    assert at_port("a.localhost", 8443) == "a.localhost:8443"
    assert at_port("a.localhost", 443) == "a.localhost"


def test_a_restart_replaces_every_process(core):
    worker = core.deployed()
    before = {container.id for container in core.containers()}

    core.services.service_restart("app", "web")
    core.settle(worker)

    after = {container.id for container in core.containers()}
    assert len(after) == 1
    assert not before & after
    assert "restarting web" in core.logs.of("app")


def test_a_new_count_leaves_the_processes_that_are_there(core):
    worker = core.deployed()
    before = {container.id for container in core.containers()}

    scale(core, count=3)
    core.settle(worker)

    after = {container.id for container in core.containers()}
    assert len(after) == 3
    assert before < after
    assert "scaling web: count=3" in core.logs.of("app")


def test_new_limits_replace_them(core):
    worker = core.deployed()
    before = core.containers()[0].id

    scale(core, memory=64)
    core.settle(worker)

    (after,) = core.containers()
    assert after.id != before
    assert core.engine.inside[after.id].spec.memory_mib == 64


def test_scale_outlives_the_next_release(core):
    worker = core.deployed()
    scale(core, count=2, cpu=100)
    core.promote(core.release())
    core.settle(worker)

    (web,) = core.services.service_list("app")
    assert (web.count, web.cpu, web.memory) == (2, 100, 512)
    assert len(core.containers()) == 2


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"count": -1}, "count must be from 0 to 50, not -1"),
        ({"count": 51}, "count must be"),
        ({"cpu": -5}, "cpu must be 0 or more, not -5"),
        ({"memory": 5}, "memory must be at least 6 MB"),
        ({"memory": -1}, "memory must be at least 6 MB"),
    ],
)
def test_numbers_out_of_range_are_refused(core, options, message):
    core.deployed()

    with pytest.raises(InvalidError, match=message):
        scale(core, **options)


def test_an_unknown_service_is_named(core):
    core.deployed()

    with pytest.raises(NotFoundError, match="service not found: api"):
        core.services.service_restart("app", "api")


def test_while_the_app_is_updating_nothing_else_changes_it(core):
    core.deployed()
    core.promote(core.release())

    with pytest.raises(ConflictError, match="app is currently updating"):
        scale(core, count=2)
    with pytest.raises(ConflictError, match="app is currently updating"):
        core.services.service_restart("app", "web")
