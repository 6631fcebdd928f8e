from __future__ import annotations

import time
from datetime import timedelta
from threading import Event, Thread, Timer

import pytest

from convox.core.errors import ConflictError, FailedError, NotFoundError, UnavailableError
from convox.providers.local.engine import Engine
from tests.docker.providers.local.containers import IMAGE, yard
from tests.fakes.engine import Body, tar_of

pytestmark = pytest.mark.docker


@pytest.fixture(scope="module")
def made(engine_label):
    with yard(engine_label) as made:
        yield made


@pytest.fixture(scope="module")
def idle(made):
    """A container that only runs."""
    return made.run("sleep", "600", name=f"{made.prefix}-idle")


def output(session):
    data = b"".join(iter(session.read, b""))
    code = session.exit_code()
    session.close()
    return data, code


def run(made, id, *command, **options):
    return output(made.engine.exec_start(id, command, **options))


def test_says_what_it_is(made):
    info = made.engine.info()

    made.engine.ping()
    assert info.version
    assert info.cpus >= 1
    assert info.memory_mib > 100


def test_an_engine_that_is_not_there_is_named(tmp_path):
    dead = Engine(f"unix://{tmp_path}/none.sock")

    for call in (
        dead.ping,
        lambda: dead.containers({}),
        lambda: dead.logs("x"),
        lambda: next(dead.events({}, Event())),
        lambda: dead.image_find("x"),
    ):
        with pytest.raises(UnavailableError, match=r"does not answer at unix://.*/none\.sock"):
            call()


def test_a_container_lives_from_create_to_remove(made):
    id = made.create("sleep", "600")
    assert made.engine.inspect(id).status == "created"

    made.engine.start(id)
    made.engine.start(id)
    running = made.engine.inspect(id)
    assert (running.status, running.command, running.exit_code) == ("running", "sleep 600", 0)
    assert running.started >= running.created
    assert running.labels.items() >= made.labels.items()

    made.engine.stop(id, 0)
    made.engine.stop(id, 0)
    stopped = made.engine.inspect(id)
    assert (stopped.status, stopped.exit_code) == ("exited", 137)
    assert stopped.finished > stopped.started

    made.engine.remove(id)
    made.engine.remove(id)
    with pytest.raises(NotFoundError, match=f"cannot inspect container {id[:12]}"):
        made.engine.inspect(id)


def test_a_name_that_is_taken_and_an_image_that_is_missing_are_clear(made, idle):
    with pytest.raises(ConflictError, match="cannot create container"):
        made.create("true", name=f"{made.prefix}-idle")
    with pytest.raises(NotFoundError) as missing:
        made.create("true", image="convox-test/nowhere:1")

    assert "no such image: convox-test/nowhere:1" in missing.value.wire


def test_a_program_that_is_missing_is_clear_and_leaves_the_container_to_remove(made):
    id = made.create("/nowhere")

    with pytest.raises((NotFoundError, FailedError), match=f"cannot start container {id[:12]}"):
        made.engine.start(id)
    assert made.engine.inspect(id).status == "created"


def test_waits_for_the_end_and_knows_its_code(made):
    assert made.engine.wait(made.sh("exit 7"), 30) == 7
    with pytest.raises(UnavailableError) as slow:
        made.engine.wait(made.sh("sleep 60"), 1)
    assert slow.value.wire.endswith("for 1 s: the Docker engine took too long")


def test_signals_reach_the_process_and_the_dead_do_not_mind(made):
    id = made.sh("trap 'exit 5' USR1; touch /ready; while :; do sleep 0.05; done")
    for _ in range(100):
        if run(made, id, "test", "-e", "/ready")[1] == 0:
            break

    made.engine.kill(id, "USR1")

    assert made.engine.wait(id, 10) == 5
    made.engine.kill(id, "USR1")


def test_limits_hold_and_cannot_be_escaped_by_swap(made):
    id = made.sh("sleep 0.3; head -c 200m /dev/zero | tail", memory_mib=32, cpu_units=512)

    code = made.engine.wait(id, 30)

    limits = run_file(
        made, "/sys/fs/cgroup/memory/memory.limit_in_bytes", "/sys/fs/cgroup/memory.max"
    )
    assert code != 0
    assert made.engine.inspect(id).oom_killed
    assert limits == b"33554432"


def run_file(made, *paths):
    """The first of these files in a container with the limits of the test before."""
    id = made.run("sleep", "600", memory_mib=32, cpu_units=512)
    script = " || ".join(f"cat {path} 2>/dev/null" for path in paths)
    return run(made, id, "sh", "-c", script)[0].strip()


def test_every_container_is_held_back(made, idle):
    status, _ = run(made, idle, "cat", "/proc/self/status")

    assert b"NoNewPrivs:\t1" in status


def test_limits_can_be_changed_in_place(made):
    id = made.run("sleep", "600", memory_mib=64, cpu_units=512)

    made.engine.update_limits(id, memory_mib=128)
    made.engine.update_limits(id, cpu_units=256)

    script = "cat /sys/fs/cgroup/memory/memory.limit_in_bytes || cat /sys/fs/cgroup/memory.max"
    assert run(made, id, "sh", "-c", f"({script}) 2>/dev/null")[0].strip() == b"134217728"


def test_lists_by_label_and_sees_every_change(made):
    labels = {**made.labels}
    id = made.run("sleep", "600")

    def seen(**options):
        return {c.id: c.status for c in made.engine.containers(labels, **options)}

    assert seen()[id] == "running"
    made.engine.stop(id, 0)
    assert seen()[id] == "exited"
    assert id not in seen(all=False)
    made.engine.remove(id)
    assert id not in seen()
    assert made.engine.containers({"convox.test": "none"}) == []


def test_listing_again_is_quick(made, idle):
    made.engine.containers(made.labels)
    began = time.monotonic()

    for _ in range(10):
        made.engine.containers(made.labels)

    assert (time.monotonic() - began) / 10 < 0.1


def test_a_health_check_is_seen(made):
    script = "FROM debian:bookworm-slim\nHEALTHCHECK --interval=1s CMD test -e /ok\n"
    ref = f"{made.prefix}:health"
    context = tar_of({"Dockerfile": script.encode()})
    list(made.engine.build([context], {"t": ref, "labels": made.labels, "rm": True}, {}))
    id = made.sh("sleep 1.5; touch /ok; sleep 600", image=ref)

    words = set()
    for _ in range(100):
        words.add(made.engine.containers({**made.labels})[0].health or "none")
        if made.engine.inspect(id).health == "healthy":
            break
        time.sleep(0.1)
    made.engine.remove(id)
    made.engine.image_remove(ref)

    assert made.engine.image_find(ref) is None
    assert words & {"starting", "healthy"}


def test_events_tell_what_happens_until_told_to_stop(made):
    stop, seen = Event(), []
    reader = Thread(target=lambda: seen.extend(made.engine.events(made.labels, stop)))
    reader.start()
    time.sleep(0.3)

    id = made.sh("exit 4")
    made.engine.wait(id, 10)
    made.engine.remove(id)
    time.sleep(0.3)
    stop.set()
    reader.join(5)

    assert not reader.is_alive()
    assert [(e.action, e.detail) for e in seen if e.id == id] == [
        ("start", ""),
        ("die", "4"),
        ("destroy", ""),
    ]
    assert all(event.labels.items() >= made.labels.items() for event in seen)


def test_logs_have_stream_and_time_and_can_be_cut(made):
    id = made.sh("echo one; sleep 0.1; echo two >&2; sleep 0.1; printf three")
    made.engine.wait(id, 10)

    lines = list(made.engine.logs(id))

    assert [(entry.stream, entry.line) for entry in lines] == [
        ("stdout", b"one"),
        ("stderr", b"two"),
        ("stdout", b"three"),
    ]
    since = lines[1].at
    assert [entry.line for entry in made.engine.logs(id, since=since)] == [b"two", b"three"]
    assert [entry.line for entry in made.engine.logs(id, tail=1)] == [b"three"]
    assert list(made.engine.logs(id, since=lines[2].at + timedelta(microseconds=1))) == []


def test_a_line_longer_than_the_engine_keeps_is_whole(made):
    id = made.sh("head -c 50000 /dev/zero | tr '\\0' x; echo; echo end")
    made.engine.wait(id, 10)

    assert [len(entry.line) for entry in made.engine.logs(id)] == [50_000, 3]


def test_a_follower_sees_lines_as_they_come_and_the_end(made):
    id = made.sh("echo one; sleep 0.3; echo two")

    assert [entry.line for entry in made.engine.logs(id, follow=True)] == [b"one", b"two"]


def test_a_follower_can_be_closed_from_another_thread(made, idle):
    reader = made.engine.logs(idle, follow=True)
    Timer(0.1, reader.close).start()
    began = time.monotonic()

    assert list(reader) == []
    assert time.monotonic() - began < 1


def test_lines_of_a_terminal_are_lines(made):
    id = made.sh("echo one; echo two >&2", tty=True)
    made.engine.wait(id, 10)

    assert [entry.line for entry in made.engine.logs(id)] == [b"one", b"two"]


def test_files_go_in_and_come_out(made, idle):
    made.engine.archive_put(idle, "/tmp", Body(tar_of({"a/b.txt": b"hello"})))

    body = made.engine.archive_get(idle, "/tmp/a")
    data = b"".join(iter(body.read, b""))
    body.close()

    assert b"a/b.txt" in data
    assert b"hello" in data
    with pytest.raises(NotFoundError, match="/nowhere"):
        made.engine.archive_get(idle, "/nowhere")
    with pytest.raises(NotFoundError, match="/nowhere"):
        made.engine.archive_put(idle, "/nowhere", Body(tar_of({"a": b""})))


def test_a_container_is_renamed(made):
    id = made.create("true")

    made.engine.rename(id, f"{made.prefix}-renamed")

    assert made.engine.inspect(f"{made.prefix}-renamed").id == id
    assert [c.name for c in made.engine.containers(made.labels) if c.id == id] == [
        f"{made.prefix}-renamed"
    ]


@pytest.fixture
def network(made):
    name = f"{made.prefix}-net"
    made.engine.network_create(name, "100.64.77.0/26", made.labels)
    yield name
    for container in made.engine.containers(made.labels):
        made.engine.disconnect(name, container.id)
    made.engine.network_remove(name)


def test_a_network_joins_by_name_and_alias(made, network):
    server = made.run("sleep", "600", network=network, aliases=("server",))
    other = made.run("sleep", "600")
    assert run(made, other, "getent", "hosts", "server")[1] != 0

    made.engine.disconnect("none", other)
    made.engine.connect(network, other, ("second",))

    address = made.engine.inspect(server).addresses[network]
    assert address.startswith("100.64.77.")
    assert run(made, other, "getent", "hosts", "server")[0].split()[0].decode() == address
    assert run(made, server, "getent", "hosts", "second")[1] == 0
    known = made.engine.networks(made.labels)
    assert [(net.name, net.cidr, set(net.containers)) for net in known] == [
        (network, "100.64.77.0/26", {server, other})
    ]


def test_taking_a_container_out_of_a_network_it_is_not_in_is_fine(made, network, idle):
    made.engine.disconnect(network, idle)

    assert network not in made.engine.inspect(idle).addresses


def test_a_network_is_created_once_and_removed_when_empty(made, network):
    with pytest.raises(ConflictError, match=f"cannot create network {network}"):
        made.engine.network_create(network, "100.64.78.0/26", made.labels)
    with pytest.raises(FailedError):
        made.engine.network_create(f"{network}2", "100.64.77.0/26", made.labels)

    made.engine.network_remove(f"{network}-none")
    made.engine.disconnect(network, "nobody")


def test_volumes_are_made_found_and_removed(made):
    name = f"{made.prefix}-data"
    made.engine.volume_create(name, made.labels)
    made.engine.volume_create(name, made.labels)

    assert [volume.name for volume in made.engine.volumes(made.labels)] == [name]
    made.engine.volume_remove(name)
    made.engine.volume_remove(name)
    assert made.engine.volumes(made.labels) == []


def test_many_threads_share_one_engine(made, idle):
    results = []
    threads = [
        Thread(target=lambda: results.append(run(made, idle, "echo", "hi"))) for _ in range(12)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)

    assert results == [(b"hi\n", 0)] * 12


def test_the_stand_in_is_found_by_name(made):
    image = made.engine.image_find(IMAGE)

    assert image.id.startswith("sha256:")
    assert IMAGE in image.tags
