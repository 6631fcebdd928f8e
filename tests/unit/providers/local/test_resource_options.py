import pytest

from convox.core.errors import InvalidError
from convox.providers.local.resource_options import parse_options, type_of
from convox.providers.local.resource_types import TYPES

POSTGRES, REDIS = TYPES["postgres"], TYPES["redis"]


def test_without_options_a_type_has_its_own():
    options = parse_options("db", POSTGRES, {})

    assert (options.version, options.memory_mib) == ("15", 1024)
    assert not options.durable
    assert not options.protected
    assert options.ignored == ()


@pytest.mark.parametrize(
    ("words", "mib"),
    [
        ("db.t3.micro", 1024),
        ("cache.t2.nano", 512),
        ("db.m5.large", 8192),
        ("db.r6g.2xlarge", 32768),
    ],
)
def test_a_class_is_a_limit_of_memory(words: str, mib: int):
    assert parse_options("db", POSTGRES, {"class": words}).memory_mib == mib


def test_spellings_of_the_incumbent_are_all_understood():
    given = {"backup-retention-period": "7", "deletion_protection": "true", "Durable": "true"}

    options = parse_options("db", POSTGRES, given)

    assert options.protected
    assert options.durable


def test_an_unknown_option_is_refused_and_the_valid_ones_are_named():
    with pytest.raises(InvalidError, match=r'db: unknown option "volume"') as raised:
        parse_options("db", POSTGRES, {"volume": "20"})
    assert "storage" in raised.value.wire
    assert "class" in raised.value.wire


def test_an_option_of_another_type_is_unknown():
    with pytest.raises(InvalidError, match="nodes"):
        parse_options("db", POSTGRES, {"nodes": "2"})


@pytest.mark.parametrize(
    ("option", "value"),
    [
        ("storage", "much"),
        ("storage", "-1"),
        ("class", "big"),
        ("class", "db.t3.huge"),
        ("durable", "maybe"),
        ("version", "15; rm"),
        ("version", ""),
        ("version", "latest"),
    ],
)
def test_a_value_that_cannot_be_is_refused_by_name(option: str, value: str):
    with pytest.raises(InvalidError, match="resource db"):
        parse_options("db", POSTGRES, {option: value})


@pytest.mark.parametrize("option", ["snapshot", "readSourceDB"])
def test_what_would_give_other_data_than_asked_for_is_refused(option: str):
    with pytest.raises(InvalidError, match="a local rack has no"):
        parse_options("db", POSTGRES, {option: "something"})


def test_what_has_no_effect_here_is_told():
    assert parse_options("db", POSTGRES, {"storage": "20", "iops": "1"}).ignored == (
        "storage",
        "iops",
    )
    assert parse_options("cache", REDIS, {"nodes": "1", "encrypted": "false"}).ignored == ()
    assert parse_options("cache", REDIS, {"nodes": "3"}).ignored == ("nodes",)


def test_valkey_as_an_engine_of_redis_is_named_as_its_own_type():
    assert parse_options("cache", REDIS, {"engine": "redis"}).version == "7"
    with pytest.raises(InvalidError, match="engine valkey"):
        parse_options("cache", REDIS, {"engine": "valkey"})


def test_an_unknown_type_is_refused_and_the_valid_ones_are_named():
    with pytest.raises(InvalidError, match=r'db: unknown type "oracle"') as raised:
        type_of("db", "oracle")
    assert all(name in raised.value.wire for name in TYPES)


def test_the_numbers_of_a_version_are_compared_as_numbers():
    assert parse_options("db", POSTGRES, {"version": "10.11.6-alpine"}).major == (10, 11, 6)
