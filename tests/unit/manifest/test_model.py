"""The manifest as values: what they say of themselves."""

import pytest

from convox.core.errors import NotFoundError
from convox.manifest.model import Agent, Count, Manifest, Metric, Scale, Service, Targets


@pytest.mark.parametrize(
    "targets",
    [
        Targets(cpu=50),
        Targets(memory=50),
        Targets(requests=10),
        Targets(custom=(Metric(name="depth"),)),
    ],
)
def test_a_range_of_counts_with_an_aim_moves_by_itself(targets):
    assert Service("web", scale=Scale(Count(1, 3), targets=targets)).autoscales


@pytest.mark.parametrize(
    "service",
    [
        Service("web", scale=Scale(Count(1, 3))),
        Service("web", scale=Scale(Count(2, 2), targets=Targets(cpu=50))),
        Service("web", agent=Agent(True), scale=Scale(Count(1, 3), targets=Targets(cpu=50))),
    ],
)
def test_without_an_aim_a_range_or_a_choice_the_count_stays(service):
    assert not service.autoscales


def test_a_service_is_found_by_its_name_and_the_first_of_two_wins():
    manifest = Manifest(services=(Service("api"), Service("web", image="a"), Service("web")))

    assert manifest.service("web").image == "a"


def test_a_service_that_is_not_there_is_named():
    with pytest.raises(NotFoundError, match="no such service: web"):
        Manifest(services=(Service("api"),)).service("web")
