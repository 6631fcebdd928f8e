from __future__ import annotations

import pytest

from convox.core.errors import InvalidError
from convox.templates.instances import instance_type


@pytest.mark.parametrize(
    ("name", "architecture", "trunks", "tasks", "dedicated"),
    [
        ("m5.large", "x86_64", True, 10, True),
        ("m7g.xlarge", "arm64", True, 20, True),
        ("g4dn.xlarge", "x86_64", True, 20, True),
        ("a1.medium", "arm64", True, 4, True),
        ("c7gn.16xlarge", "arm64", True, 60, True),
        ("t3.medium", "x86_64", False, 2, True),
        ("t4g.small", "arm64", False, 2, True),
        ("t2.large", "x86_64", False, 2, False),
        ("m4.4xlarge", "x86_64", False, 7, True),
        ("m5.metal", "x86_64", False, 7, True),
    ],
)
def test_what_a_type_can_do_follows_from_family_and_size(
    name, architecture, trunks, tasks, dedicated
):
    kind = instance_type(name)

    assert (kind.architecture, kind.trunks, kind.tasks, kind.dedicated) == (
        architecture,
        trunks,
        tasks,
        dedicated,
    )


@pytest.mark.parametrize("bad", ["", "large", "m5", "m5.", "M5.large", "m5.large;x", "m5 .large"])
def test_what_is_not_spelled_as_a_type_is_refused(bad):
    with pytest.raises(InvalidError, match="invalid instance type"):
        instance_type(bad)
