"""Builds with a real engine and whatever builder this machine has."""

from __future__ import annotations

import gzip
import os
import signal
import subprocess
import sys
import textwrap
import time
from pathlib import Path
from threading import Event

import pytest

from convox.api.types import Build, BuildCreateOptions, LogsOptions, Release
from convox.core.clock import SystemClock
from convox.providers.local.builder import ClassicBuilder
from convox.providers.local.builds import Builds
from convox.providers.local.containers import ContainerSpec
from convox.providers.local.engine import Engine
from convox.providers.local.layout import Layout
from convox.providers.local.logs import Logs
from convox.providers.local.objects import Objects
from convox.providers.local.registries import Registries
from convox.providers.local.store import open_store
from tests.docker.providers.local.containers import IMAGE
from tests.fakes.engine import Body, tar_of

pytestmark = pytest.mark.docker

WEB = b"services:\n  web:\n    build: .\n"
ROOT = Path(__file__).parents[4]


class Rack:
    """A rack's builds, logs and objects over the real engine; everything goes with `close`."""

    def __init__(self, folder: Path, name: str, **options: object) -> None:
        clock = SystemClock()
        self.layout = Layout(folder, name)
        self.store = open_store(self.layout.database, clock)
        if self.store.apps.find("app") is None:
            self.store.apps.insert("app", "2")
        self.engine = Engine()
        self.logs = Logs(self.engine, self.layout, clock)
        self.objects = Objects(self.store, self.layout, clock)
        registries = Registries(self.store)
        self.builds = Builds(
            self.engine,
            self.store,
            self.layout,
            self.logs,
            self.objects,
            registries,
            clock,
            **options,  # type: ignore[arg-type]
        )

    def close(self) -> None:
        self.builds.forget("app")
        self.builds.stop()
        self.store.close()

    def begin(self, files: dict[str, bytes], **options: object) -> Build:
        body = Body(gzip.compress(tar_of(files)))
        url = self.objects.object_store("app", "", body).url
        return self.builds.build_create("app", BuildCreateOptions(url=url, **options))  # type: ignore[arg-type]

    def follow(self, build: Build) -> str:
        """The log of a build, read to its end."""
        over, pieces = Event(), []
        feed = self.builds.build_logs("app", build.id, LogsOptions())
        feed.attach(lambda data: over.set() if data is None else pieces.append(data))
        assert over.wait(120)
        return b"".join(pieces).decode()

    def build(self, files: dict[str, bytes], **options: object) -> tuple[Build, str]:
        build = self.begin(files, **options)
        log = self.follow(build)
        return self.builds.build_get("app", build.id), log

    def run(self, build: Build, service: str = "web") -> list[str]:
        """What the image of a service prints."""
        image = self.layout.image("app", service, build.id)
        spec = ContainerSpec(
            name=f"{self.layout.rack}-run", image=image, labels=self.layout.labels("oneoff")
        )
        id = self.engine.create(spec)
        try:
            self.engine.start(id)
            self.engine.wait(id, 60)
            return [entry.line.decode() for entry in self.engine.logs(id)]
        finally:
            self.engine.remove(id)

    def images(self) -> int:
        return len(self.engine.images({"convox.rack": self.layout.rack}))


@pytest.fixture
def name(engine_label):
    return f"test-{engine_label.partition('=')[2]}"


@pytest.fixture
def rack(tmp_path, name):
    rack = Rack(tmp_path, name)
    yield rack
    rack.close()
    assert rack.images() == 0


def dockerfile(*lines: str) -> bytes:
    return "\n".join((f"FROM {IMAGE}", *lines, "")).encode()


def test_a_source_becomes_an_image_that_runs(rack):
    build, log = rack.build(
        {"convox.yml": WEB, "Dockerfile": dockerfile("COPY word /", "CMD cat /word"), "word": b"hi"}
    )

    assert (build.status, build.reason) == ("complete", "")
    assert rack.run(build) == ["hi"]
    assert log.startswith("Building: .\n")
    assert "\x1b" not in log


def test_the_log_comes_while_the_build_runs_and_reads_the_same_afterwards(rack):
    build = rack.begin(
        {"convox.yml": WEB, "Dockerfile": dockerfile("RUN echo early; sleep 1.5; echo late")},
        no_cache=True,
    )
    times: dict[bytes, float] = {}
    pieces: list[bytes] = []
    over = Event()

    def sink(data: bytes | None) -> None:
        if data is None:
            over.set()
            return
        pieces.append(data)
        for word in (b" early", b" late"):
            if word in data and b"RUN" not in data:
                times.setdefault(word, time.monotonic())

    rack.builds.build_logs("app", build.id, LogsOptions()).attach(sink)
    assert over.wait(60)

    assert times[b" late"] - times[b" early"] > 1
    assert rack.follow(build) == b"".join(pieces).decode()


def test_several_services_are_built_from_several_folders_and_images(rack):
    manifest = (
        "services:\n  web:\n    build: .\n  same:\n    build: .\n"
        "  admin:\n    build:\n      path: admin\n      manifest: Other\n"
        f"  ready:\n    image: {IMAGE}\n    command: echo ready\n"
    )
    files = {
        "convox.yml": manifest.encode(),
        "Dockerfile": dockerfile("CMD echo web"),
        "admin/Other": dockerfile("CMD echo admin"),
    }

    build, log = rack.build(files)

    assert build.reason == ""
    assert rack.run(build) == rack.run(build, "same") == ["web"]
    assert rack.run(build, "admin") == ["admin"]
    assert rack.engine.image_find(rack.layout.image("app", "ready", build.id))
    assert "Building: .\n" in log
    assert "Building: admin\n" in log
    assert log.count("Building: ") == 2


def test_declared_arguments_have_their_values_and_others_do_not(rack):
    lines = ("ARG A", "ARG B=default", "ARG C", 'RUN echo "$A-$B-$C-$D" > /args', "CMD cat /args")
    rack.store.releases.insert(Release(id="RFIRST", app="app", env="A=env a\nD=undeclared\n"))

    build, _ = rack.build(
        {"convox.yml": WEB, "Dockerfile": dockerfile(*lines)}, build_args=("C=given=c",)
    )

    assert rack.run(build) == ["env a-default-given=c-"]


def test_no_value_of_an_argument_is_seen_on_a_command_line(rack):
    build = rack.begin(
        {"convox.yml": WEB, "Dockerfile": dockerfile("ARG TOKEN", "RUN sleep 2")},
        build_args=("TOKEN=s3cr3tv4lue",),
        no_cache=True,
    )
    seen = ""
    for _ in range(20):
        time.sleep(0.05)
        seen += subprocess.run(
            ["ps", "-eww", "-o", "args"], capture_output=True, text=True, check=True
        ).stdout
    log = rack.follow(build)

    assert "--build-arg=TOKEN" in seen or "classic" in log
    assert "s3cr3tv4lue" not in seen


def test_dockerignore_is_honoured(rack):
    files = {
        "convox.yml": WEB,
        "Dockerfile": dockerfile("COPY . /src", "CMD ls /src"),
        ".dockerignore": b"*.md\n!keep.md\nnode_modules\n",
        "a.md": b"",
        "keep.md": b"",
        "node_modules/x": b"",
    }

    build, _ = rack.build(files)

    assert "keep.md" in rack.run(build)
    assert not {"a.md", "node_modules"} & set(rack.run(build))


def test_the_development_stage_is_built_when_asked(rack):
    stages = f"FROM {IMAGE} AS development\nCMD echo dev\nFROM {IMAGE}\nCMD echo prod\n"
    files = {"convox.yml": WEB, "Dockerfile": stages.encode()}

    assert rack.run(rack.build(files, development=True)[0]) == ["dev"]
    assert rack.run(rack.build(files)[0]) == ["prod"]


@pytest.mark.parametrize(
    ("files", "reason"),
    [
        (
            {"Dockerfile": dockerfile("RUN echo on its way; echo the cause >&2; exit 3")},
            'service "web": step "RUN echo on its way; echo the cause >&2; exit 3" ended with exit '
            "code 3; it printed: ",
        ),
        ({"Dockerfile": b"FRO x\n"}, 'service "web": '),
        (
            {"Dockerfile": dockerfile("COPY missing /")},
            'service "web": step "COPY missing /" failed',
        ),
        ({"Dockerfile": b""}, 'service "web": '),
        ({}, 'service "web": Dockerfile not found: Dockerfile'),
    ],
)
def test_a_failure_names_its_cause_and_leaves_nothing(rack, files, reason):
    build, log = rack.build({"convox.yml": WEB, **files})

    assert build.status == "failed"
    assert build.reason.startswith(reason)
    assert f"ERROR: {build.reason}" in log
    rack.builds.stop()
    assert rack.images() == 0
    assert list(rack.layout.work.glob("*")) == []


def test_the_classic_builder_does_the_same(tmp_path, name):
    rack = Rack(tmp_path, name, builder=lambda: ClassicBuilder(Engine()))
    try:
        lines = ("ARG A", 'RUN echo "$A" > /a', "CMD cat /a")
        build, log = rack.build(
            {"convox.yml": WEB, "Dockerfile": dockerfile(*lines)}, build_args=("A=1",)
        )
        failed, _ = rack.build({"convox.yml": WEB, "Dockerfile": dockerfile("RUN exit 3")})
        assert rack.run(build) == ["1"]
    finally:
        rack.close()

    assert log.startswith("Builder: the engine's classic one")
    assert failed.reason == 'service "web": step "RUN exit 3" ended with exit code 3'


def test_a_build_goes_out_as_a_file_and_comes_back_as_another(rack):
    build, _ = rack.build(
        {"convox.yml": WEB, "Dockerfile": b'FROM scratch\nCOPY Dockerfile /\nCMD ["x"]\n'},
        description="first",
    )
    body = rack.builds.build_export("app", build.id)
    data = b"".join(iter(body.read, b""))
    body.close()

    again = rack.builds.build_import("app", Body(data))

    assert (again.status, again.description, again.manifest) == (
        "complete",
        "first",
        build.manifest,
    )
    image = rack.engine.image_find(rack.layout.image("app", "web", again.id))
    assert image.cmd == ("x",)
    assert image.labels["convox.build"] == again.id
    assert rack.engine.image_find(rack.layout.image("app", "web", build.id)).cmd == ("x",)


def test_stopping_the_rack_ends_a_build_at_once(rack):
    build = rack.begin({"convox.yml": WEB, "Dockerfile": dockerfile("RUN sleep 600")})
    time.sleep(1)
    began = time.monotonic()

    rack.builds.stop()

    assert time.monotonic() - began < 10
    ended = rack.builds.build_get("app", build.id)
    assert ended.reason == "the rack stopped while it was building"


SCRIPT = """
    import sys, threading
    from pathlib import Path
    from convox.api.types import LogsOptions
    from tests.docker.providers.local.test_builds import WEB, Rack, dockerfile
    rack = Rack(Path(sys.argv[1]), sys.argv[2])
    files = {"convox.yml": WEB, "Dockerfile": dockerfile("RUN echo begun; sleep 20")}
    build = rack.begin(files, no_cache=True)
    feed = rack.builds.build_logs("app", build.id, LogsOptions())
    feed.attach(lambda data: print(data, flush=True))
    threading.Event().wait(60)
"""


def processes_of(folder: Path) -> list[str]:
    """Command lines that name a folder, apart from the one that asks."""
    lines = subprocess.run(["ps", "-eww", "-o", "args"], capture_output=True, text=True, check=True)
    return [line for line in lines.stdout.splitlines() if f"{folder}/work" in line]


def test_a_kill_of_the_rack_in_the_middle_of_a_build_leaves_nothing(tmp_path, name):
    process = subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(SCRIPT), str(tmp_path), name],
        stdout=subprocess.PIPE,
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        text=True,
    )
    assert process.stdout is not None
    for line in process.stdout:
        if "begun" in line and "RUN" not in line:
            break

    process.send_signal(signal.SIGKILL)
    process.wait()
    process.stdout.close()
    rack = Rack(tmp_path, name)
    try:
        rack.builds.recover()
        (build,) = rack.store.builds.latest("app", 9)
        log = rack.follow(build)
        left = processes_of(tmp_path)
    finally:
        rack.close()

    assert (build.status, build.reason) == ("failed", "the rack stopped while it was building")
    assert log.endswith("ERROR: the rack stopped while it was building\n")
    assert left == []
    assert not rack.layout.work.exists()
    assert rack.images() == 0


def test_a_build_takes_little_more_than_the_same_by_hand(rack, tmp_path):
    folder = tmp_path / "source"
    folder.mkdir()
    (folder / "Dockerfile").write_bytes(dockerfile("COPY Dockerfile /"))
    request = ["docker", "build", "-q", "-t", f"{rack.layout.rack}:hand", str(folder)]
    env = {**os.environ, "DOCKER_BUILDKIT": "1", "PATH": f"/usr/bin:{os.environ['PATH']}"}

    def by_hand() -> float:
        began = time.monotonic()
        subprocess.run(request, env=env, check=True, capture_output=True)
        return time.monotonic() - began

    def by_the_rack() -> float:
        began = time.monotonic()
        build, _ = rack.build({"convox.yml": WEB, "Dockerfile": dockerfile("COPY Dockerfile /")})
        assert build.status == "complete"
        return time.monotonic() - began

    by_the_rack()
    try:
        hand = min(by_hand() for _ in range(3))
        ours = min(by_the_rack() for _ in range(3))
    finally:
        rack.engine.image_remove(f"{rack.layout.rack}:hand")

    assert ours < hand * 1.3 + 0.5
