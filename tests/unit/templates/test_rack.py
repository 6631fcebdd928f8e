"""Whole racks: order, sizes, determinism, what asks whom, the linter, and golden templates."""

from __future__ import annotations

import json
import random
import subprocess
import sys
from pathlib import Path

import pytest

from convox.core.errors import InvalidError, NotFoundError
from convox.providers.aws.calls import INSTALLER, KERNEL
from convox.templates import rack
from convox.templates.iam import POLICY_LIMIT
from tests.unit.templates.worlds import (
    GRID,
    LARGEST,
    LONGEST,
    NAMED,
    REGION,
    grid,
    named,
    spec,
    stacks,
)

GOLDEN = Path(__file__).resolve().parents[2] / "golden" / "aws"
REVIEWED = ("default", "dedicated", "existing")
"""Option sets whose templates are kept; `--update-golden` writes them anew."""
LINTER = Path(sys.executable).with_name("cfn-lint")
INLINE_LIMIT = 51_200


def test_stacks_are_in_the_order_in_which_they_can_be_made():
    assert list(named("default")) == ["identities", "rack-data", "rack-network", "rack-compute"]


@pytest.mark.parametrize("name", ["a", LONGEST])
def test_every_stack_fits_inline(name):
    for made in (stacks(LARGEST, name), stacks({}, name)):
        assert max(len(one.minified()) for one in made.values()) < INLINE_LIMIT


def test_every_stack_of_the_grid_fits_inline():
    assert max(len(t.minified()) for _, made in grid() for t in made.values()) < INLINE_LIMIT


def test_the_same_options_in_another_order_give_the_same_bytes():
    items = list(LARGEST.items())
    first = [one.minified() for one in stacks(LARGEST).values()]
    for seed in range(5):
        random.Random(seed).shuffle(items)
        assert [one.minified() for one in stacks(dict(items)).values()] == first


def test_only_what_the_account_knows_is_asked_of_it():
    known = {"ApiImageDigest", "CertificateArn", "ImageId", "S3PrefixList", "DynamoDBPrefixList"}
    for one, made in grid():
        asked = rack.account_parameters(made)
        zones = {f"Zone{z}" for z in range(one.options.zones)}
        assert {p for names in asked.values() for p in names} <= known | zones


def test_every_value_of_the_grid_is_in_some_rack():
    seen = {(n, v) for one, _ in grid() for n, v in one.options.texts.items()}

    assert {(n, v) for n, values in GRID.items() for v in values} <= seen


def test_one_stack_is_found_by_its_part_or_its_whole_name():
    one = spec({})

    assert rack.stack(one, "rack-data") == rack.stack(one, one.names.stack("rack-data"))
    with pytest.raises(NotFoundError, match="no stack 'data'") as caught:
        rack.stack(one, "data")
    assert one.names.stack("rack-data") in caught.value.why


def test_a_rack_is_refused_for_its_name_or_its_options():
    with pytest.raises(InvalidError, match="invalid rack name"):
        rack.spec("Prod", "eu-west-1", {}, KERNEL)
    with pytest.raises(InvalidError, match="unknown option"):
        rack.spec("prod", "eu-west-1", {"Qux": "1"}, KERNEL)


def test_the_installer_makes_identities_and_linked_roles_and_nothing_else():
    services = {a.partition(":")[0] for s in rack.installer(spec({}), INSTALLER) for a in s.actions}

    assert services == {"cloudformation", "ec2", "iam", "servicequotas"}


@pytest.mark.parametrize("which", NAMED)
def test_the_installers_policy_is_one_that_iam_takes_in_any_account(which):
    written = json.dumps(rack.installer_policy(spec(NAMED[which], LONGEST), INSTALLER))

    assert len(written.replace(" ", "")) <= POLICY_LIMIT
    assert "${" not in written
    assert f"arn:aws:iam::*:user/convox/{spec({}, LONGEST).names.prefix}/kernel/" in written


def test_the_linter_finds_nothing_in_the_grid(tmp_path):
    """Identities, which hardly differ and take longest, are those of the named sets."""
    files = {}
    wanted = [one for which in NAMED for one in named(which).items()]
    wanted += [one for _, made in grid() for one in made.items() if one[0] != "identities"]
    for name, template in wanted:
        files[template.minified()] = tmp_path / f"{len(files)}-{name}.json"
    for text, path in files.items():
        path.write_text(text)

    ran = subprocess.run(
        [LINTER, "--regions", REGION, "--template", *files.values()],
        capture_output=True,
        text=True,
        check=False,
    )

    assert (ran.returncode, ran.stdout, ran.stderr) == (0, "", "")


@pytest.mark.parametrize("which", REVIEWED)
def test_templates_are_those_that_were_reviewed(which, update_golden):
    for name, template in named(which).items():
        path = GOLDEN / which / f"{name}.json"
        if update_golden:
            path.parent.mkdir(exist_ok=True)
            path.write_text(json.dumps(template.to_json(), indent=1) + "\n")
        assert template.to_json() == json.loads(path.read_text()), name


def test_every_named_set_is_a_rack():
    assert all(named(which) for which in NAMED)
