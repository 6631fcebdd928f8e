from pathlib import Path

import pytest

from convox.providers.local.layout import Layout
from convox.providers.local.resource_urls import resource_env, url_of
from convox.providers.local.store.resources import ResourceRow

LAYOUT = Layout(Path("rack"), "dev")


def row(type: str, name: str = "db") -> ResourceRow:
    return ResourceRow("shop", name, type, "s3cret")


@pytest.mark.parametrize(
    ("type", "url"),
    [
        ("postgres", "postgres://app:s3cret@db.resource.shop.dev.convox:5432/app"),
        ("mysql", "mysql://app:s3cret@db.resource.shop.dev.convox:3306/app"),
        ("mariadb", "mysql://app:s3cret@db.resource.shop.dev.convox:3306/app"),
        ("redis", "redis://db.resource.shop.dev.convox:6379/0"),
        ("valkey", "redis://db.resource.shop.dev.convox:6379/0"),
        ("memcached", "db.resource.shop.dev.convox:11211"),
    ],
)
def test_addresses_have_the_incumbents_shapes(type: str, url: str):
    assert url_of(LAYOUT, row(type)) == url


def test_every_part_of_a_database_is_a_variable():
    assert resource_env(LAYOUT, row("postgres", "main-db")) == {
        "MAIN_DB_URL": "postgres://app:s3cret@main-db.resource.shop.dev.convox:5432/app",
        "MAIN_DB_USER": "app",
        "MAIN_DB_PASS": "s3cret",
        "MAIN_DB_HOST": "main-db.resource.shop.dev.convox",
        "MAIN_DB_PORT": "5432",
        "MAIN_DB_NAME": "app",
    }


def test_what_has_no_user_has_empty_variables_and_a_port_that_is_a_number():
    env = resource_env(LAYOUT, row("redis", "cache"))

    assert (env["CACHE_USER"], env["CACHE_PASS"], env["CACHE_NAME"]) == ("", "", "")
    assert env["CACHE_PORT"] == "6379"
