from __future__ import annotations

import pytest

from convox.api.types import RegistryAddOptions, Release
from tests.fakes.build_rack import SOURCE, WEB, BuildRack

TWO = b"""services:
  web:
    build: .
  worker:
    build: .
  admin:
    build:
      path: admin
      manifest: Dockerfile.dev
  proxy:
    image: httpd:2.4
"""


@pytest.fixture
def rack(tmp_path):
    rack = BuildRack(tmp_path)
    yield rack
    rack.close()


def release(rack, env):
    return rack.store.releases.insert(Release(id="RFIRST", app="app", env=env))


def test_makes_one_image_for_each_way_to_build(rack):
    rack.engine.add_image("httpd:2.4")
    files = {**SOURCE, "convox.yml": TWO, "admin/Dockerfile.dev": b"FROM scratch\n"}

    build = rack.build(files)

    assert build.reason == ""
    assert [request.tag for request in rack.builder.requests] == [
        f"convox/dev/app:web.{build.id}",
        f"convox/dev/app:admin.{build.id}",
    ]
    names = ("web", "worker", "admin", "proxy")
    assert rack.images() == {f"convox/dev/app:{name}.{build.id}" for name in names}
    assert f"Running: docker tag httpd:2.4 convox/dev/app:proxy.{build.id}" in rack.lines(build)


def test_images_bear_the_labels_of_rack_app_and_build(rack):
    rack.engine.add_image("httpd:2.4")
    build = rack.build({"convox.yml": b"services:\n  p:\n    image: httpd:2.4\n"})

    image = rack.engine.image_find(f"convox/dev/app:p.{build.id}")

    expected = {"rack": "dev", "kind": "image", "app": "app", "build": build.id}
    assert image.labels == {f"convox.{name}": value for name, value in expected.items()}
    assert rack.engine.image_find("httpd:2.4").labels == {}


def test_passes_declared_arguments_from_env_and_options(rack):
    release(rack, "A=env\nB=env\nC=env\n")
    files = {"convox.yml": WEB, "Dockerfile": b"ARG A\nARG B\nARG D\nFROM scratch\n"}

    rack.build(files, build_args=("B=given",))

    assert rack.builder.requests[0].args == {"A": "env", "B": "given"}


def test_the_release_has_the_env_of_the_newest_and_not_the_arguments(rack):
    release(rack, "A=env\n")

    build = rack.build(build_args=("B=given",))

    assert rack.store.releases.find("app", build.release).env == "A=env\n"


def test_an_argument_that_would_change_the_docker_command_is_not_passed(rack):
    release(rack, "LD_PRELOAD=/evil.so\nA=1\n")
    files = {"convox.yml": WEB, "Dockerfile": b"ARG LD_PRELOAD\nARG A\nFROM scratch\n"}

    build = rack.build(files)

    assert rack.builder.requests[0].args == {"A": "1"}
    assert "ARG LD_PRELOAD keeps its default: that name is reserved on the rack" in rack.lines(
        build
    )


@pytest.mark.parametrize(("development", "target"), [(True, "development"), (None, "")])
def test_aims_at_the_development_stage_when_asked(rack, development, target):
    files = {"convox.yml": WEB, "Dockerfile": b"FROM a AS development\nFROM b\n"}

    rack.build(files, development=development)

    assert rack.builder.requests[0].target == target


def test_without_a_development_stage_all_of_it_is_built(rack):
    rack.build(development=True, no_cache=True)

    assert rack.builder.requests[0].target == ""
    assert rack.builder.requests[0].no_cache


def test_another_manifest_can_be_asked_for(rack):
    build = rack.build(
        {"ci/other.yml": WEB, "Dockerfile": b"FROM scratch\n"}, manifest="ci/other.yml"
    )

    assert (build.status, build.manifest) == ("complete", WEB.decode())


def test_credentials_reach_the_builder_in_a_file_of_its_own(rack):
    options = RegistryAddOptions(server="r.example", username="u", password="s3cret")
    rack.registries.registry_add(options)

    build = rack.build()

    request = rack.builder.requests[0]
    assert request.config == rack.layout.work / build.id / "docker"
    assert request.auths == {"r.example": {"username": "u", "password": "s3cret"}}
    assert "s3cret" not in rack.logs.logs[build.id].data.decode()


def test_pulls_an_image_that_is_not_here_with_its_credentials(rack):
    options = RegistryAddOptions(server="r.example", username="u", password="s3cret")
    rack.registries.registry_add(options)
    rack.engine.pullable.add("r.example/x:1")

    build = rack.build({"convox.yml": b"services:\n  p:\n    image: r.example/x:1\n"})

    assert build.status == "complete"
    assert rack.engine.auths == [{"username": "u", "password": "s3cret"}]
    assert rack.lines(build)[:2] == [
        "Authenticating r.example: u",
        "Running: docker pull r.example/x:1",
    ]
    assert "s3cret" not in rack.logs.logs[build.id].data.decode()


@pytest.mark.parametrize(
    ("files", "options", "reason"),
    [
        ({"x": b""}, {}, "manifest not found: convox.yml: the source has no such file"),
        (SOURCE, {"manifest": "nope.yml"}, "manifest not found: nope.yml"),
        (SOURCE, {"manifest": "../../rack.db"}, "manifest not found: ../../rack.db"),
        ({"convox.yml": WEB}, {}, 'service "web": Dockerfile not found: Dockerfile'),
        (
            {"convox.yml": b"services:\n  web:\n    build: sub\n"},
            {},
            'service "web": folder not found: sub',
        ),
        (
            {"convox.yml": b"services:\n  web:\n    build: ../../..\n"},
            {},
            'service "web": folder not found: ../../..',
        ),
        (
            {
                "convox.yml": b"services:\n  web:\n    build:\n      manifest: /../../../x\n"
                b"      path: .\n"
            },
            {},
            'service "web": Dockerfile not found',
        ),
        ({**SOURCE, "convox.yml": b"{}"}, {}, "convox.yml has no services"),
        ({**SOURCE, "convox.yml": b"services: ["}, {}, "convox.yml:1"),
        ({**SOURCE, "convox.yml": b"\xff"}, {}, "convox.yml:1:1: error: byte 0xff is not UTF-8"),
        ({**SOURCE, "convox.yml": b"#" * (1 << 20) + b"\n"}, {}, "convox.yml is larger than"),
        (SOURCE, {"build_args": ("NOVALUE",)}, "a build argument must be NAME=VALUE"),
        (
            {"convox.yml": b"environment:\n  - NEEDED\n" + WEB},
            {},
            "required env: NEEDED",
        ),
        (
            {"convox.yml": b"services:\n  p:\n    image: nope:1\n"},
            {},
            'service "p": cannot pull image nope:1: pull access denied',
        ),
        (
            {"convox.yml": b'services:\n  p:\n    image: "x\\nRUN evil"\n'},
            {},
            'service "p": "x\nRUN evil" is not the name of an image',
        ),
    ],
)
def test_fails_with_a_sentence_that_names_the_cause(rack, files, options, reason):
    build = rack.build(files, **options)

    assert build.status == "failed"
    assert build.reason.startswith(reason)
    assert rack.images() == set()


def test_the_manifest_is_saved_before_the_build_fails(rack):
    build = rack.build({"convox.yml": WEB})

    assert (build.status, build.manifest) == ("failed", WEB.decode())


def test_an_app_that_is_gone_gets_no_release(rack):
    rack.builder.go.clear()
    build = rack.begin()
    assert rack.builder.began.wait(10)
    rack.store.apps.delete("app")

    rack.builder.go.set()

    assert rack.logs.logs[build.id].closed.wait(10)
    assert rack.lines(build)[-1] == "ERROR: app not found: app: it was deleted meanwhile"
    assert rack.hooked == []
