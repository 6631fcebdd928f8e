"""Deploys over a whole local rack: what serves, what is refused, what a failure leaves behind."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Iterator
from contextlib import suppress

import pytest

from convox.api.types import (
    AppUpdateOptions,
    ReleaseCreateOptions,
    ServiceUpdateOptions,
)
from convox.core.errors import ConflictError, InvalidError, NotFoundError
from tests.docker.conftest import docker
from tests.docker.providers.local.rack_rig import Bench, bench, manifest, wait_for

pytestmark = [pytest.mark.docker, pytest.mark.xdist_group("deploys")]


@pytest.fixture(scope="module")
def rig(tmp_path_factory) -> Iterator[Bench]:
    with bench(tmp_path_factory.mktemp("deploys")) as made:
        yield made


@pytest.fixture
def app(rig: Bench, request) -> Iterator[str]:
    """An app of its own for each test, gone at the end."""
    name = f"a{abs(hash(request.node.name)) % 10**6}"
    rig.create(name)
    yield name
    rig.rack.app_delete(name)
    wait_for(lambda: name not in [a.name for a in rig.rack.app_list()], 40)


class Load:
    """A visitor who never stops asking; counts what went wrong."""

    def __init__(self, rig: Bench, app: str) -> None:
        self._rig, self._app = rig, app
        self._stop = threading.Event()
        self.asked = 0
        self.failed: list[str] = []
        self._thread = threading.Thread(target=self._run)

    def __enter__(self) -> Load:
        self._thread.start()
        return self

    def __exit__(self, *exc: object) -> None:
        self._stop.set()
        self._thread.join()

    def _run(self) -> None:
        while not self._stop.wait(0.02):
            self.asked += 1
            try:
                status, _ = self._rig.get(self._app)
                if status != 200:
                    self.failed.append(str(status))
            except OSError as error:
                self.failed.append(repr(error))


def test_a_deploy_answers_through_the_router(rig, app):
    release = rig.deploy(app)

    found = rig.rack.app_get(app)
    assert (found.status, found.release, found.reason) == ("running", release.id, "")
    assert rig.get(app)[1].startswith(release.id)
    assert [(p.name, p.status, p.release) for p in rig.ps(app)] == [("web", "running", release.id)]
    assert rig.rack.release_get(app, release.id).status == "active"
    log = rig.log(app)
    for line in (
        f"system/local/{app} promoting {release.id}",
        f"system/local/{app} web: starting 1 process",
        f"system/local/{app} web: healthy after",
        f"system/local/{app} promoted {release.id}",
    ):
        assert line in log


def test_the_next_deploy_replaces_the_processes_and_the_old_ones_go(rig, app):
    first = rig.deploy(app)
    second = rig.deploy(app, env="TEXT=two")

    assert rig.get(app)[1].split()[0] == second.id
    assert rig.get(app)[1].split()[2] == "two"
    assert rig.rack.release_get(app, first.id).status == ""
    wait_for(lambda: [p.release for p in rig.ps(app)] == [second.id])


def test_a_release_that_exits_keeps_the_old_one_and_says_why(rig, app):
    first = rig.deploy(app)

    second = rig.deploy(app, env="MODE=exit")

    found = rig.rack.app_get(app)
    assert (found.status, found.release) == ("running", first.id)
    assert "web keeps exiting, with status 3" in found.reason
    assert "cannot find the config" in found.reason
    failed = rig.rack.release_get(app, second.id)
    assert failed.status == "failed"
    assert failed.reason.startswith("web keeps exiting, with status 3\n")
    assert rig.get(app)[1].startswith(first.id)
    assert f"{second.id} was not promoted: web keeps exiting" in rig.log(app)
    wait_for(lambda: [p.release for p in rig.ps(app)] == [first.id])


def test_a_first_release_that_fails_leaves_nothing_behind(rig, app):
    rig.deploy(app, env="MODE=exit")

    found = rig.rack.app_get(app)
    assert (found.status, found.release) == ("running", "")
    wait_for(lambda: rig.containers(app) == [])
    assert rig.rack.service_list(app) == ()


def test_a_release_that_is_never_healthy_fails_at_the_time_given(rig, app):
    first = rig.deploy(app)
    second = rig.release(app, env="MODE=never")

    rig.promote(app, second, timeout=4)
    assert rig.rack.app_get(app).status == "updating"
    rig.settled(app)

    assert "GET / on port 3000 answered 503" in rig.rack.app_get(app).reason or (
        "within the time given" in rig.rack.app_get(app).reason
    )
    assert rig.get(app)[1].startswith(first.id)


def test_a_program_that_does_not_exist_fails_with_the_engines_words(rig, app):
    first = rig.deploy(app)

    second = rig.deploy(app, manifest({"web": {"command": ["no-such-program"]}}))

    failed = rig.rack.release_get(app, second.id)
    assert failed.status == "failed"
    assert "no-such-program" in failed.reason
    assert rig.rack.app_get(app).release == first.id


def test_an_image_that_is_gone_fails_the_promote(rig, app):
    first = rig.deploy(app)
    release = rig.release(app)
    rig.engine.image_remove(rig.layout.image(app, "web", release.build))

    rig.promote(app, release)
    rig.settled(app)

    assert "is gone" in rig.rack.app_get(app).reason
    assert rig.rack.app_get(app).release == first.id


def test_a_rollback_is_a_new_release_of_what_ran_before(rig, app):
    first = rig.deploy(app, env="TEXT=one")
    rig.deploy(app, env="TEXT=two")
    with pytest.raises(InvalidError, match="can not promote an older release, try rollback"):
        rig.promote(app, first)

    again = rig.rack.release_create(
        app, ReleaseCreateOptions(build=first.build, env=rig.rack.release_get(app, first.id).env)
    )
    rig.promote(app, again)
    rig.settled(app)

    assert rig.get(app)[1].split()[::2] == [again.id, "one"]


def test_a_cancelled_promote_leaves_the_old_release_as_it_was(rig, app):
    first = rig.deploy(app)
    before = rig.containers(app)
    second = rig.release(app, env="MODE=never")
    rig.promote(app, second)
    wait_for(lambda: len(rig.containers(app)) == 2)

    rig.rack.app_cancel(app)

    assert rig.rack.app_get(app).status == "running"
    assert rig.get(app)[1].startswith(first.id)
    wait_for(lambda: rig.containers(app) == before)
    assert rig.rack.release_get(app, second.id).status == "cancelled"
    with pytest.raises(ConflictError, match="app is not updating"):
        rig.rack.app_cancel(app)


def test_a_second_promote_is_refused_and_with_force_takes_over(rig, app):
    rig.deploy(app)
    second = rig.release(app, env="MODE=never")
    third = rig.release(app, env="MODE=")
    rig.promote(app, second)

    with pytest.raises(ConflictError, match="app is currently updating"):
        rig.promote(app, third)
    rig.promote(app, third, force=True)
    rig.settled(app)

    assert rig.rack.app_get(app).release == third.id
    assert rig.rack.release_get(app, second.id).status == "superseded"
    wait_for(lambda: {p.release for p in rig.ps(app)} == {third.id})


def test_a_deploy_under_load_fails_no_request(rig, app):
    rig.deploy(app)

    with Load(rig, app) as load:
        for number in range(3):
            rig.deploy(app, env=f"TEXT={number}")
        time.sleep(3)

    assert load.failed == []
    assert load.asked > 50


def test_an_answer_under_way_at_the_switch_is_finished(rig, app):
    text = manifest({"web": {"drain": 15}})
    first = rig.deploy(app, text)
    answers: list[tuple[int, str]] = []
    slow = threading.Thread(target=lambda: answers.append(rig.get(app, "/slow?s=10")))
    slow.start()
    time.sleep(0.5)

    second = rig.deploy(app, text, env="TEXT=two")
    assert rig.get(app)[1].startswith(second.id)
    slow.join()

    assert answers[0][0] == 200
    assert answers[0][1].startswith(first.id)


def test_scale_adds_and_ends_processes_and_outlives_a_deploy(rig, app):
    rig.deploy(app)

    rig.rack.service_update(app, "web", ServiceUpdateOptions(count=3))
    wait_for(lambda: len({rig.get(app)[1].split()[1] for _ in range(12)}) == 3)
    assert rig.rack.service_list(app)[0].count == 3
    rig.deploy(app, env="TEXT=two")
    assert len([p for p in rig.ps(app) if p.status == "running"]) >= 3
    rig.rack.service_update(app, "web", ServiceUpdateOptions(count=1))

    wait_for(lambda: len(rig.ps(app)) == 1)
    assert rig.get(app)[0] == 200


def test_a_service_scaled_to_nothing_answers_503_and_comes_back(rig, app):
    rig.deploy(app)

    rig.rack.service_update(app, "web", ServiceUpdateOptions(count=0))
    wait_for(lambda: rig.ps(app) == [])
    assert rig.get(app)[0] == 503
    rig.rack.service_update(app, "web", ServiceUpdateOptions(count=1))

    wait_for(lambda: rig.get(app)[0] == 200)


def test_new_limits_replace_the_processes_and_hold(rig, app):
    rig.deploy(app)

    with Load(rig, app) as load:
        rig.rack.service_update(app, "web", ServiceUpdateOptions(memory=96, cpu=200))
        wait_for(lambda: memory_limits(rig, app) == [96 << 20])

    assert load.failed == []
    service = rig.rack.service_list(app)[0]
    assert (service.memory, service.cpu) == (96, 200)


def memory_limits(rig: Bench, app: str) -> list[int]:
    found = rig.containers(app)
    texts = docker("inspect", "-f", "{{.HostConfig.Memory}}", *found, check=False).split()
    return [int(text) for text in texts if text.isdigit()]


def test_a_restart_replaces_every_process_and_fails_no_request(rig, app):
    rig.deploy(app, manifest({"web": {"scale": {"count": 2, "cpu": 128, "memory": 64}}}))
    before = set(rig.containers(app))

    with Load(rig, app) as load:
        rig.rack.service_restart(app, "web")
        wait_for(lambda: len(rig.containers(app)) == 2 and not before & set(rig.containers(app)))

    assert load.failed == []


def test_restart_and_scale_of_what_is_not_there_are_refused(rig, app):
    with pytest.raises(NotFoundError, match="service not found: web"):
        rig.rack.service_restart(app, "web")
    rig.deploy(app)
    with pytest.raises(NotFoundError, match="service not found: api"):
        rig.rack.service_update(app, "api", ServiceUpdateOptions(count=1))
    with pytest.raises(InvalidError, match="count must be"):
        rig.rack.service_update(app, "web", ServiceUpdateOptions(count=-1))
    with pytest.raises(InvalidError, match="memory must be"):
        rig.rack.service_update(app, "web", ServiceUpdateOptions(memory=1))


def test_a_singleton_never_runs_twice(rig, app):
    text = manifest({"web": {"singleton": True}})
    rig.deploy(app, text)
    most = 0
    release = rig.release(app, text, env="TEXT=two")
    rig.promote(app, release)

    while rig.rack.app_get(app).status != "running":
        running = rig.engine.containers(rig.layout.labels("service", app), all=False)
        most = max(most, len(running))

    assert most == 1
    assert rig.get(app)[1].startswith(release.id)


def test_a_roll_in_batches_always_keeps_half_of_the_processes(rig, app):
    text = manifest(
        {
            "web": {
                "scale": {"count": 2, "cpu": 128, "memory": 64},
                "deployment": {"minimum": 50, "maximum": 100},
            }
        }
    )
    rig.deploy(app, text)

    with Load(rig, app) as load:
        release = rig.deploy(app, text, env="TEXT=two")
        wait_for(lambda: {p.release for p in rig.ps(app)} == {release.id})

    assert load.failed == []


def test_a_service_without_port_is_up_once_it_lives(rig, app):
    text = manifest({"worker": {"port": None, "command": ["sleep", "600"], "health": None}})

    began = time.monotonic()
    release = rig.deploy(app, text)

    assert time.monotonic() - began >= 2
    assert rig.rack.app_get(app).release == release.id
    assert rig.rack.service_list(app)[0].ports == ()


def test_several_services_go_live_together_or_not_at_all(rig, app):
    first = rig.deploy(app, manifest({"web": {}, "api": {}}))
    broken = manifest({"web": {}, "api": {"command": ["sh", "-c", "exit 7"]}})

    rig.deploy(app, broken)

    assert rig.rack.app_get(app).release == first.id
    assert "api keeps exiting, with status 7" in rig.rack.app_get(app).reason
    for name in ("web", "api"):
        assert rig.get(app, service=name)[1].startswith(first.id)


def test_a_link_reaches_the_other_service_through_the_router(rig, app):
    text = manifest({"web": {"links": ["api"]}, "api": {"internal": True}})
    release = rig.deploy(app, text)
    pid = next(p.id for p in rig.ps(app) if p.name == "web")
    ask = "import os,urllib.request as u; print(u.urlopen(os.environ['API_URL']).read().decode())"

    out = docker("exec", pid, "python3", "-c", ask)

    assert out.startswith(release.id)
    assert rig.get(app, service="api")[0] == 404


def test_a_crash_loop_backs_off_and_is_told(rig, app):
    rig.deploy(app)

    def crash() -> bool:
        with suppress(OSError):
            rig.get(app, "/crash")
        return any(p.status == "crashing" for p in rig.ps(app))

    wait_for(crash, 30)
    wait_for(lambda: crash() and "keeps exiting" in rig.rack.app_get(app).reason, 30)

    assert "service web keeps exiting, with status 4" in rig.rack.app_get(app).reason
    wait_for(lambda: rig.get(app)[0] == 200, 30)


def test_an_unhealthy_process_leaves_the_route_and_is_replaced(rig, app):
    rig.deploy(app, manifest({"web": {"scale": {"count": 2, "cpu": 128, "memory": 64}}}))
    before = set(rig.containers(app))

    rig.get(app, "/ill")
    wait_for(lambda: not before <= set(rig.containers(app)), 30)
    wait_for(lambda: len(rig.containers(app)) == 2, 30)

    assert len(before & set(rig.containers(app))) == 1
    assert [rig.get(app)[0] for _ in range(6)] == [200] * 6
    wait_for(lambda: rig.rack.app_get(app).reason == "", 10)


def test_two_apps_cannot_have_the_same_host(rig, app):
    rig.deploy(app, manifest({"b-c": {}}))
    other = f"{app}-b"
    rig.create(other)
    try:
        with pytest.raises(ConflictError, match=f'belongs to app "{app}"'):
            rig.promote(other, rig.release(other, manifest({"c": {}})))
        taken = manifest({"web": {"domain": rig.layout.host(app, "b-c")}})
        with pytest.raises(ConflictError, match=f'belongs to app "{app}"'):
            rig.promote(other, rig.release(other, taken))
    finally:
        rig.rack.app_delete(other)


@pytest.mark.parametrize(
    ("extra", "message"),
    [
        ({"services": {"web": {"image": "x", "privileged": True}}}, "privileged is not allowed"),
        (
            {"services": {"web": {"image": "x", "volumes": ["/var/run/docker.sock:/s"]}}},
            "never mounted",
        ),
        ({"services": {"web": {"image": "x", "volumes": ["/proc/:/p"]}}}, "is not mounted"),
        ({"services": {"web": {"image": "x", "environment": ["NEEDED"]}}}, "required env: NEEDED"),
        ({"services": {"web": {"image": "x", "port": "ftp:21"}}}, "unknown port scheme"),
    ],
)
def test_a_manifest_that_this_rack_cannot_run_is_refused_in_a_sentence(rig, app, extra, message):
    text = json.dumps({"services": {"web": {"image": "x"}}, **extra})
    release = rig.release(app, text)

    with pytest.raises(InvalidError, match=message):
        rig.promote(app, release)

    assert rig.rack.app_get(app).status == "running"


def test_a_release_without_a_build_cannot_be_promoted(rig, app):
    release = rig.rack.release_create(app, ReleaseCreateOptions(env="A=1"))

    with pytest.raises(InvalidError, match="can not promote a release with an empty manifest"):
        rig.promote(app, release)


def test_a_volume_outlives_releases_and_is_shared_by_the_app(rig, app):
    text = manifest({"web": {"volumes": ["/data"]}, "api": {"volumes": ["/data"]}})
    rig.deploy(app, text)
    pid = next(p.id for p in rig.ps(app) if p.name == "web")
    docker("exec", pid, "sh", "-c", "echo kept > /data/file")

    rig.deploy(app, text, env="TEXT=two")

    release = rig.rack.app_get(app).release
    pid = next(p.id for p in rig.ps(app) if p.name == "api" and p.release == release)
    assert docker("exec", pid, "cat", "/data/file") == "kept"


def test_a_process_has_few_capabilities_and_gets_no_more(rig, app):
    rig.deploy(app)
    pid = rig.ps(app)[0].id

    status = docker("exec", pid, "cat", "/proc/1/status")

    words = dict(line.split(":\t", 1) for line in status.splitlines() if ":\t" in line)
    allowed = sum(1 << bit for bit in (0, 1, 3, 4, 5, 6, 7, 10))
    assert int(words["CapBnd"], 16) == allowed
    assert words["NoNewPrivs"] == "1"


def test_what_a_process_is_told_of_itself(rig, app):
    release = rig.deploy(app, env="TEXT=two\nUNDECLARED=x")
    env = docker("exec", rig.ps(app)[0].id, "env").splitlines()

    values = dict(line.split("=", 1) for line in env)
    assert values["APP"] == app
    assert values["RACK"] == rig.layout.rack
    assert values["RELEASE"] == release.id
    assert values["BUILD"] == release.build
    assert values["SERVICE"] == "web"
    assert values["AWS_REGION"] == "local"
    assert values["TEXT"] == "two"
    assert "UNDECLARED" not in values


def test_deleting_an_app_leaves_nothing_of_it(rig):
    rig.create("gone")
    rig.deploy("gone", manifest({"web": {"volumes": ["/data"]}}))

    rig.rack.app_delete("gone")
    wait_for(lambda: "gone" not in [a.name for a in rig.rack.app_list()], 30)

    label = f"label=convox.rack={rig.layout.rack}"
    app = "label=convox.app=gone"
    assert docker("ps", "-aq", "--filter", label, "--filter", app) == ""
    assert docker("network", "ls", "-q", "--filter", label, "--filter", app) == ""
    assert docker("volume", "ls", "-q", "--filter", label, "--filter", app) == ""
    assert docker("image", "ls", "-q", f"convox/{rig.layout.rack}/gone") == ""
    assert not (rig.layout.logs / "gone").exists()
    with pytest.raises(NotFoundError, match="app not found: gone"):
        rig.rack.app_get("gone")


def test_an_app_that_is_locked_is_not_deleted(rig, app):
    rig.rack.app_update(app, AppUpdateOptions(lock=True))
    with pytest.raises(ConflictError, match="app is locked"):
        rig.rack.app_delete(app)
    rig.rack.app_update(app, AppUpdateOptions(lock=False))
