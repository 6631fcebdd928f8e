import pytest

from convox.core.errors import ConflictError, ConvoxError, InvalidError
from convox.manifest import parse
from convox.providers.local.resource_checks import check_resources, reads
from convox.providers.local.resource_options import parse_options
from convox.providers.local.resource_types import TYPES
from convox.providers.local.store.resources import ResourceRow


def check(type: str, asked: str = "{}", name: str = "db", **kept: object) -> None:
    text = f"resources:\n  {name}:\n    type: {type}\n    options: {asked}\n"
    rows = {name: ResourceRow("a", name, type, "", **kept)} if kept else {}
    check_resources(parse(text, {}), rows)


def test_a_new_resource_of_any_type_passes():
    for type in TYPES:
        check(type)


@pytest.mark.parametrize(
    ("type", "data", "server", "fine"),
    [
        ("postgres", "15", "15.4", True),
        ("postgres", "15", "16", False),
        ("postgres", "15", "14", False),
        ("postgres", "9.5", "9.6", False),
        ("mysql", "5.7", "8.0", True),
        ("mysql", "8.0", "5.7", False),
        ("mariadb", "10.11", "10.4", False),
        ("redis", "6", "7", True),
        ("redis", "7", "7.2", True),
        ("redis", "7.2", "7", True),
        ("redis", "7", "6.2", False),
        ("memcached", "1.6", "1.4", True),
    ],
)
def test_only_a_server_that_reads_the_data_gets_it(type, data, server, fine):
    kind = TYPES[type]
    old = parse_options("db", kind, {"version": data})

    assert reads(kind, old, parse_options("db", kind, {"version": server})) is fine


def test_a_version_that_does_not_read_the_data_is_refused_with_the_way_out():
    with pytest.raises(InvalidError) as raised:
        check("postgres", '{version: "16"}', settled=True, options={"version": "15"})

    assert "holds data of postgres 15, which postgres 16 does not read" in raised.value.wire
    assert "nothing was changed" in raised.value.wire
    assert "convox resources export db" in raised.value.wire


def test_a_resource_that_never_ran_may_change_its_version():
    check("postgres", '{version: "16"}', settled=False, options={})


def test_another_type_under_the_same_name_is_refused_with_the_data_kept():
    manifest = parse("resources:\n  db:\n    type: postgres\n", {})

    with pytest.raises(ConflictError, match="db is a mysql, not a postgres") as raised:
        check_resources(manifest, {"db": ResourceRow("a", "db", "mysql", "")})

    assert "its data is kept" in raised.value.wire


def test_a_resource_that_is_being_deleted_cannot_be_used_again_yet():
    with pytest.raises(ConflictError, match="being deleted"):
        check("postgres", deleting=True)


@pytest.mark.parametrize("name", ["Db", "my_db", "1db", "d" * 41])
def test_a_name_that_cannot_be_part_of_a_host_is_refused(name: str):
    with pytest.raises(InvalidError, match="invalid"):
        check("postgres", name=f'"{name}"')


def test_an_unknown_type_or_option_is_refused():
    for type, options in (("oracle", "{}"), ("redis", "{storage: 1}")):
        with pytest.raises(ConvoxError, match="unknown"):
            check(type, options)
