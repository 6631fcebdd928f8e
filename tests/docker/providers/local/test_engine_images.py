from __future__ import annotations

import io
import tarfile

import pytest

from convox.core.errors import FailedError, NotFoundError
from tests.docker.providers.local.containers import IMAGE, yard
from tests.fakes.engine import Body, tar_of

pytestmark = pytest.mark.docker

DOCKERFILE = f"""FROM {IMAGE}
ARG WORD=none
RUN echo "$WORD" > /word
ENV A=1
EXPOSE 80 53/udp
ENTRYPOINT ["cat"]
CMD ["/word"]
HEALTHCHECK CMD true
"""


@pytest.fixture(scope="module")
def made(engine_label):
    with yard(engine_label) as made:
        yield made


@pytest.fixture(scope="module")
def ref(made):
    name = f"{made.prefix}:built"
    build(made, DOCKERFILE, t=name, buildargs={"WORD": "given"})
    yield name
    made.engine.image_remove(name)


def build(made, dockerfile, **options):
    context = tar_of({"Dockerfile": dockerfile.encode()})
    options = {"labels": made.labels, "rm": True, "forcerm": True, **options}
    return list(made.engine.build([context], options, {}))


def test_an_image_says_how_it_is_run(made, ref):
    image = made.engine.image_find(ref)

    assert (image.entrypoint, image.cmd) == (("cat",), ("/word",))
    assert image.env["A"] == "1"
    assert image.exposed == (80,)
    assert image.healthcheck
    assert image.labels.items() >= made.labels.items()
    assert made.engine.image_find("convox-test/nowhere:1") is None


def test_build_arguments_reach_the_build(made, ref):
    id = made.run(image=ref)
    made.engine.wait(id, 10)

    assert [entry.line for entry in made.engine.logs(id)] == [b"given"]
    made.engine.remove(id)


def test_the_classic_builder_says_each_step_and_why_it_failed(made):
    context = tar_of({"Dockerfile": f"FROM {IMAGE}\nRUN echo hi; exit 3\n".encode()})
    options = {"t": f"{made.prefix}:no", "rm": True, "forcerm": True, "labels": made.labels}
    output = []

    with pytest.raises(FailedError, match="cannot build") as failed:
        output.extend(made.engine.build([context], options, {}))

    assert "returned a non-zero code: 3" in failed.value.wire


@pytest.mark.parametrize("dockerfile", ["FRO x", "FROM convox-test/nowhere:1", ""])
def test_a_wrong_dockerfile_is_a_clear_failure(made, dockerfile):
    with pytest.raises((FailedError, NotFoundError), match="cannot build") as failed:
        build(made, dockerfile, t=f"{made.prefix}:no")

    assert failed.value.why


def test_names_are_given_and_taken_one_by_one(made, ref):
    second = f"{made.prefix}:second"
    made.engine.image_tag(ref, second)
    assert made.engine.image_find(second).id == made.engine.image_find(ref).id
    assert {ref, second} <= {tag for i in made.engine.images(made.labels) for tag in i.tags}

    made.engine.image_remove(second)
    made.engine.image_remove(second)

    assert made.engine.image_find(second) is None
    assert made.engine.image_find(ref) is not None
    with pytest.raises(NotFoundError, match="cannot tag image convox-test/nowhere:1"):
        made.engine.image_tag("convox-test/nowhere:1", second)


def test_what_is_saved_can_be_loaded(made):
    name = f"{made.prefix}:small"
    build(made, 'FROM scratch\nLABEL a=b\nCOPY Dockerfile /\nCMD ["x"]\n', t=name)
    id = made.engine.image_find(name).id
    body = made.engine.image_save([name])
    data = b"".join(iter(body.read, b""))
    body.close()
    made.engine.image_remove(name)
    assert made.engine.image_find(name) is None

    loaded = made.engine.image_load(Body(data))

    assert loaded == (name,)
    assert made.engine.image_find(name).id == id
    made.engine.image_remove(name)


def test_saving_what_is_not_there_is_clear(made):
    with pytest.raises(NotFoundError, match="cannot save convox-test/nowhere:1"):
        made.engine.image_save(["convox-test/nowhere:1"])


def test_loading_what_is_no_image_is_clear(made):
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w"):
        pass

    with pytest.raises((FailedError, NotFoundError), match="cannot load images"):
        made.engine.image_load(Body(b"no tar at all" * 100))


def test_pulling_what_cannot_be_reached_is_clear(made):
    with pytest.raises((FailedError, NotFoundError), match=r"cannot pull registry\.invalid/x:1"):
        list(made.engine.pull("registry.invalid/x:1", {"username": "u", "password": "s3cret"}))
