import shutil
import subprocess

import pytest

from convox.providers.local.hello import HELLOS
from convox.providers.local.resource_types import TYPES

ALL = list(TYPES.values())


def test_the_types_are_those_of_the_incumbent_that_a_machine_can_run():
    assert set(TYPES) == {"postgres", "mysql", "mariadb", "redis", "valkey", "memcached"}


@pytest.mark.parametrize("kind", ALL, ids=lambda kind: kind.name)
def test_every_type_can_be_asked_whether_it_serves(kind):
    assert kind.speech in HELLOS


@pytest.mark.parametrize("kind", ALL, ids=lambda kind: kind.name)
def test_what_keeps_data_can_be_dumped_and_told_apart(kind):
    assert bool(kind.data) == bool(kind.dump) == bool(kind.restore) == bool(kind.signature)


@pytest.mark.parametrize("kind", ALL, ids=lambda kind: kind.name)
def test_every_command_is_sound_shell(kind):
    shell = shutil.which("sh")
    assert shell
    for script in (kind.dump, kind.restore):
        subprocess.run([shell, "-n"], input=script.encode(), check=True)


@pytest.mark.parametrize("kind", ALL, ids=lambda kind: kind.name)
def test_no_password_is_an_argument(kind):
    arguments = " ".join(kind.command or ())
    assert "PASSWORD" not in arguments
    assert kind.has_user == bool(kind.password_names)
