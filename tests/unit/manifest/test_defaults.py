import pytest

from convox.manifest.model import Build, Deployment, Health


def test_a_service_with_an_image_builds_nothing(web):
    assert web("image: x").build == Build()


def test_a_service_with_both_keeps_both(web):
    assert web("image: x", "build: app").build == Build("app", "Dockerfile")


def test_a_dockerfile_alone_is_built_here(web):
    assert web("build: {manifest: D}").build == Build(".", "D")


@pytest.mark.parametrize(
    ("lines", "deployment"),
    [
        (["image: x"], Deployment(50, 200)),
        (["agent: true"], Deployment(0, 100)),
        (["singleton: yes", "deployment: {minimum: 100}"], Deployment(100, 100)),
        (["deployment: {maximum: 0}"], Deployment(50, 0)),
        (["deployment: {maximum: ~}"], Deployment(50, 0)),
    ],
)
def test_deployment_bounds_default_where_their_key_is_absent(web, lines, deployment):
    assert web(*lines).deployment == deployment


@pytest.mark.parametrize(
    ("line", "health"),
    [
        ("health: {interval: 20}", Health(20, 20, "/", 19)),
        ("health: {interval: 20, grace: 3}", Health(3, 20, "/", 19)),
        ("health: {interval: 1}", Health(1, 1, "/", 0)),
        ("health: ''", Health(5, 5, "/", 4)),
    ],
)
def test_health_follows_its_interval(web, line, health):
    assert web(line).health == health


def test_termination_of_nothing_stays_nothing(web):
    assert web("termination: {grace: 0}").termination_grace == 0
    assert web("termination: {}").termination_grace == 30


def test_sticky_without_a_word_is_no(web):
    assert web("sticky:").sticky is False
