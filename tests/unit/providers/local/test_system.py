"""The calls about the rack itself."""

import pytest

from convox import __version__
from convox.api.types import (
    EventSendOptions,
    LogsOptions,
    Process,
    SystemJwtTokenOptions,
    SystemProcessesOptions,
    SystemUpdateOptions,
)
from convox.core import tokens
from convox.core.errors import InvalidError, NotFoundError, UnavailableError
from convox.providers.local import options as rack_options
from convox.providers.local.containers import ContainerSpec
from convox.providers.local.credentials import Credentials
from convox.providers.local.options import RackOptions
from convox.providers.local.system import SystemCalls


class FakeProcesses:
    """One process for each app."""

    def process_list(self, app: str, opts: object) -> tuple[Process, ...]:
        return (Process(id=f"{app}-1", app=app, name="web"),)


@pytest.fixture
def updated() -> list[bool]:
    return []


@pytest.fixture
def system(core, updated) -> SystemCalls:
    rack_options.save(core.store.settings, RackOptions(port=8443, cidr="10.77.0.0/16"))
    return SystemCalls(
        core.parts,
        FakeProcesses(),
        Credentials(core.store.settings),
        lambda: updated.append(True),
    )


def change(system: SystemCalls, **parameters: str) -> None:
    system.system_update(SystemUpdateOptions(parameters=parameters))


def test_the_rack_says_what_it_is(system):
    found = system.system_get()

    assert (found.name, found.provider, found.region, found.count) == ("rack", "local", "local", 1)
    assert found.domain == "rack.localhost:8443"
    assert found.rack_domain == "localhost:5443"
    assert (found.status, found.version) == ("running", __version__)
    assert found.version > "20190111211123"
    assert found.parameters["LogRetention"] == "7"


def test_no_secret_is_among_the_parameters(system, core):
    Credentials(core.store.settings).set_password("correct-horse")

    text = repr(system.system_get())

    assert "scrypt" not in text
    assert "password" not in text.lower()


def test_options_change_while_the_rack_runs(system, core, updated):
    change(system, LogRetention="3", AllowPrivileged="Yes")

    assert system.system_get().parameters["LogRetention"] == "3"
    assert updated == [True]
    assert core.logs.of("") == ["changed options: LogRetention=3 AllowPrivileged=Yes"]


@pytest.mark.parametrize(
    ("name", "value", "message"),
    [
        ("Port", "9443", "Port is fixed when a local rack is installed"),
        ("Cidr", "10.9.0.0/16", "Cidr is fixed"),
        ("LogRetention", "never", "LogRetention=never: expected a whole number"),
        ("Nonsense", "1", "unknown option: Nonsense"),
    ],
)
def test_what_cannot_change_is_refused(system, updated, name, value, message):
    before = system.system_get().parameters

    with pytest.raises(InvalidError, match=message):
        change(system, **{name: value})

    assert system.system_get().parameters == before
    assert updated == []


def test_the_same_port_again_is_no_change(system):
    change(system, Port="8443")


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"count": 3}, "cannot be scaled"),
        ({"type": "t3.large"}, "cannot be scaled"),
        ({"version": "20990101000000"}, "runs the version of its program"),
    ],
)
def test_one_machine_is_not_scaled_and_not_updated_from_inside(system, options, message):
    with pytest.raises(InvalidError, match=message):
        system.system_update(SystemUpdateOptions(**options))


def test_versions_that_ran_are_listed_once_newest_first(system, core):
    core.store.settings.put("versions", '[["3.0.0.dev0", "2026-01-01T00:00:00.000000+00:00"]]')
    for _ in range(2):
        system.note_version()

    releases = system.system_releases()

    assert [release.id for release in releases] == [__version__, "3.0.0.dev0"]
    assert releases[0].created == core.engine.now


def test_the_rack_s_own_process_is_the_router(system, core):
    core.app()
    core.engine.add_image("router")
    labels = core.layout.labels("router")
    core.engine.start(core.engine.create(ContainerSpec("r", "router", labels)))

    (router,) = system.system_processes(SystemProcessesOptions())
    both = system.system_processes(SystemProcessesOptions(all=True))

    assert (router.name, router.app, router.status) == ("router", "rack", "running")
    assert [process.name for process in both] == ["router", "web"]


def test_a_token_opens_what_its_role_says(system, core):
    token = system.system_jwt_token(SystemJwtTokenOptions(role="read", duration_in_hour="1")).token

    key = Credentials(core.store.settings).load()
    assert tokens.verify(key, token, now=core.engine.now).role == "r"
    with pytest.raises(NotFoundError, match="invalid duration"):
        system.system_jwt_token(SystemJwtTokenOptions(role="read", duration_in_hour="x"))


def test_a_rotated_key_ends_every_token(system, core):
    credentials = Credentials(core.store.settings)
    before = credentials.load()

    system.system_jwt_rotate()

    assert Credentials(core.store.settings).load() != before


def test_capacity_counts_what_runs(system, core):
    core.deployed(
        "services:\n  web:\n    port: 3000\n    scale: {count: 2, cpu: 100, memory: 64}\n"
    )

    found = system.capacity_get()

    assert (found.cluster_cpu, found.cluster_memory) == (2048, 4096)
    assert (found.process_count, found.process_cpu, found.process_memory) == (2, 200, 128)


def test_this_machine_is_the_one_instance(system, core):
    core.deployed("services:\n  web:\n    port: 3000\n    scale: {cpu: 512, memory: 1024}\n")

    (instance,) = system.instance_list()

    assert (instance.id, instance.status, instance.processes) == ("rack", "active", 1)
    assert (instance.cpu, instance.memory) == (0.25, 0.25)


def test_a_dead_engine_is_told(system, core):
    core.engine.down = True

    with pytest.raises(UnavailableError):
        system.capacity_get()


def test_a_notice_is_logged_by_names_only(system, core):
    system.event_send(EventSendOptions(action="deploy", status="ok", data={"token": "s3cret"}))

    assert core.logs.of("") == ["event deploy ok token"]


def test_the_log_of_the_rack_can_be_followed(system):
    assert system.system_logs(LogsOptions()) == ("", LogsOptions())
