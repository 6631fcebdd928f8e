from __future__ import annotations

from dataclasses import FrozenInstanceError

import pytest

from convox.providers.local.engine_values import Image, Volume


def test_values_of_the_engine_cannot_be_changed():
    volume = Volume("data", {})

    with pytest.raises(FrozenInstanceError):
        volume.name = "other"


def test_an_image_says_nothing_of_what_it_does_not_set():
    image = Image("sha256:1", {})

    assert (image.cmd, image.entrypoint, image.exposed, image.env) == ((), (), (), {})
    assert not image.healthcheck
