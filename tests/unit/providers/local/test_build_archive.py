from __future__ import annotations

import gzip
import io
import json
import tarfile

import pytest

from convox.api import codec
from convox.api.types import Build
from convox.core.errors import ConflictError, InvalidError, NotFoundError
from tests.fakes.build_rack import SOURCE, WEB, BuildRack
from tests.fakes.engine import Body, tar_of

OLD = "BABCDEFGHIJ"


@pytest.fixture
def rack(tmp_path):
    rack = BuildRack(tmp_path)
    yield rack
    rack.close()


def exported(rack, build):
    body = rack.builds.build_export("app", build.id)
    data = b"".join(iter(lambda: body.read(1000), b""))
    body.close()
    return data


def images_tar(*tags, index=None):
    files = {
        "images.json": json.dumps({tag: [f"sha256:{tag}", {}] for tag in tags}).encode(),
        "manifest.json": json.dumps([{"Config": "x", "RepoTags": list(tags) or None}]).encode(),
    }
    if index is not None:
        notes = [{"annotations": {"io.containerd.image.name": name}} for name in index]
        files["index.json"] = json.dumps({"manifests": notes}).encode()
    return tar_of(files)


def archive(images, *, build=None, **files):
    build = build or Build(id=OLD, app="theirs", manifest=WEB.decode(), description="old")
    entries = {"build.json": codec.dump(build), f"theirs.{OLD}.tar": images, **files}
    kept = {name: data for name, data in entries.items() if data is not None}
    return gzip.compress(tar_of(kept))


def bring(rack, data):
    return rack.builds.build_import("app", Body(data))


def test_an_export_holds_the_build_and_its_images(rack):
    build = rack.build()
    rack.builds.stop()

    with tarfile.open(fileobj=io.BytesIO(exported(rack, build))) as opened:
        names = opened.getnames()
        told = json.load(opened.extractfile("build.json"))

    assert names == ["build.json", f"app.{build.id}.tar"]
    assert (told["id"], told["manifest"]) == (build.id, WEB.decode())
    assert list(rack.layout.work.iterdir()) == []


def test_a_build_that_failed_cannot_be_exported(rack):
    build = rack.build({"x": b""})

    with pytest.raises(ConflictError) as refused:
        rack.builds.build_export("app", build.id)

    assert refused.value.wire == f"cannot export build {build.id}: it is failed"


def test_a_build_whose_images_are_gone_cannot_be_exported(rack):
    build = rack.build()
    rack.engine.image_remove(f"convox/dev/app:web.{build.id}")

    with pytest.raises(NotFoundError, match=f"build {build.id} has no images"):
        rack.builds.build_export("app", build.id)


def test_an_import_is_a_complete_build_with_a_release(rack):
    data = archive(images_tar(f"registry.example:5000/theirs:web.{OLD}"))

    build = bring(rack, data)

    assert (build.status, build.description) == ("complete", "old")
    assert build.id != OLD
    release = rack.store.releases.find("app", build.release)
    assert (release.build, release.manifest) == (build.id, WEB.decode())
    assert rack.hooked == [release]


def test_imported_images_are_this_apps_and_the_names_they_came_with_go(rack):
    build = bring(rack, archive(images_tar(f"theirs:web.{OLD}")))

    assert rack.engine.image_names() == {f"convox/dev/app:web.{build.id}"}
    labels = rack.engine.image_find(f"convox/dev/app:web.{build.id}").labels
    assert labels["convox.build"] == build.id
    assert labels["convox.rack"] == "dev"


def test_importing_into_the_same_app_keeps_the_first(rack):
    first = rack.build()
    name = f"convox/dev/app:web.{first.id}"
    old = Build(id=first.id, app="app", manifest=WEB.decode())

    second = bring(rack, archive(images_tar(name), build=old))

    assert rack.images() == {name, f"convox/dev/app:web.{second.id}"}


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda: b"not gzip", "the archive is not a complete export of a build"),
        (lambda: b"", "the archive is not a complete export of a build"),
        (lambda: archive(images_tar(f"a:web.{OLD}"))[:-9], "the archive is not a complete export"),
        (lambda: archive(None), "its images is missing"),
        (lambda: gzip.compress(tar_of({"a.tar": b""})), "build.json is missing"),
        (
            lambda: archive(images_tar(f"a:web.{OLD}"), **{"build.json": b"[1"}),
            "build.json of the archive cannot be read",
        ),
        (lambda: archive(b"x" * 2000), "the images of the archive cannot be read"),
        (lambda: archive(tar_of({"x": b""})), "the images of the archive cannot be read"),
        (lambda: archive(images_tar()), "it has no image of web"),
        (lambda: archive(images_tar(f"a:other.{OLD}")), "it has no image of web"),
        (lambda: archive(images_tar("python:3.11-slim")), 'names an image "python:3.11-slim"'),
        (lambda: archive(images_tar("a:web.BJJJJJJJJJJ")), 'an image "a:web.BJJJJJJJJJJ"'),
        (
            lambda: archive(images_tar(f"a:web.{OLD}", index=["docker.io/library/python:3"])),
            'names an image "library/python:3"',
        ),
    ],
)
def test_refuses_what_is_no_export(rack, make, words):
    with pytest.raises(InvalidError) as refused:
        bring(rack, make())

    assert words in refused.value.wire
    assert rack.engine.image_names() == set()
    assert [build.status for build in rack.store.builds.latest("app", 9)] == ["failed"]
    assert rack.store.releases.latest("app", 9) == []
    assert list(rack.layout.work.iterdir()) == []


def test_an_import_beside_the_original_leaves_its_image_alone(rack):
    taken = f"convox/dev/other:web.{OLD}"
    kept = rack.engine.add_image(taken)

    build = bring(rack, archive(images_tar(taken, index=[f"docker.io/{taken}"])))

    assert rack.engine.image_find(taken) == kept
    assert rack.engine.image_names() == {taken, f"convox/dev/app:web.{build.id}"}


def test_what_was_exported_can_be_imported(rack):
    build = rack.build(SOURCE, description="d", git_sha="abc")
    name = f"convox/dev/app:web.{build.id}"
    plain = exported(rack, build)
    # The engine in memory writes no manifest.json as a real one does.
    with tarfile.open(fileobj=io.BytesIO(plain)) as opened:
        told = opened.extractfile("build.json").read()

    again = bring(rack, archive(images_tar(name), build=codec.load(Build, told)))

    assert (again.description, again.git_sha, again.manifest) == ("d", "abc", WEB.decode())
