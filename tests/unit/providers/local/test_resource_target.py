from pathlib import Path

from convox.api.types import Build, Release
from convox.manifest import parse
from convox.providers.local.desired import DesiredService, Wish, target_of
from convox.providers.local.layout import Layout
from convox.providers.local.resource_target import FIRST_START_S, desired_resources
from convox.providers.local.store.resources import ResourceRow

LAYOUT = Layout(Path("rack"), "dev")
MANIFEST = """
resources:
  db:
    type: postgres
    options: {OPTIONS}
  cache:
    type: redis
services:
  web:
    port: 3000
    resources: [db, nothing]
  worker:
    resources: [cache]
  alone:
    port: 3000
"""


def row(name: str, type: str, **changes) -> ResourceRow:
    return ResourceRow("shop", name, type, "s3cret", **changes)


ROWS = {"db": row("db", "postgres"), "cache": row("cache", "redis")}


def wish(rows=ROWS, options: str = "{}", text: str = MANIFEST) -> Wish:
    manifest = parse(text.replace("{OPTIONS}", options), {})
    return Wish("shop", Release(id="R1", build="B1"), Build(id="B1"), manifest, {}, rows)


def resources(*args, is_pending: bool = False, **kwargs) -> dict[str, DesiredService]:
    found = desired_resources(LAYOUT, wish(*args, **kwargs), is_pending=is_pending)
    return {service.name: service for service in found}


def test_a_resource_is_one_process_that_never_runs_beside_itself():
    db = resources()["resource db"]

    assert (db.count, db.minimum, db.maximum, db.stop_first) == (1, 0, 100, True)
    assert (db.image, db.port, db.hosts) == ("postgres:15", 5432, ())
    assert [mount.target for mount in db.mounts] == ["/var/lib/postgresql/data"]


def test_its_password_is_in_its_env_and_nowhere_else():
    db = resources()["resource db"]

    assert db.env["POSTGRES_PASSWORD"] == "s3cret"
    assert "s3cret" not in " ".join(db.command or ())
    assert "s3cret" not in db.spec


def test_a_release_alone_changes_nothing_of_a_resource():
    other = wish()
    again = Wish(other.app, Release(id="R2", build="B2"), other.build, other.manifest, {}, ROWS)

    first = desired_resources(LAYOUT, wish())
    assert [r.spec for r in first] == [r.spec for r in desired_resources(LAYOUT, again)]


def test_another_version_or_size_replaces_it():
    specs = {
        resources(options=options)["resource db"].spec
        for options in ("{}", '{version: "15.4"}', "{class: db.t3.large}")
    }
    assert len(specs) == 3


def test_durable_and_memory_reach_the_server():
    rows = {"cache": row("cache", "redis")}
    text = "resources:\n  cache:\n    type: redis\n    options: {durable: true}\n"

    command = resources(rows, text=text)["resource cache"].command

    assert command is not None
    assert command[-2:] == ("--appendonly", "yes")
    assert "768mb" in command


def test_only_services_that_list_a_resource_wait_for_it_and_join_it():
    target = target_of(LAYOUT, wish())
    web, worker, alone = target.services

    assert (web.needs, web.networks) == (("resource db",), ("convox.dev.shop.db",))
    assert worker.networks == ("convox.dev.shop.cache",)
    assert (alone.needs, alone.networks) == ((), ())
    assert web.env["DB_URL"].startswith("postgres://app:s3cret@db.resource.shop.dev.convox:5432/")
    assert "DB_URL" not in worker.env
    assert "CACHE_URL" not in web.env


def test_a_resource_that_no_release_lists_is_kept_as_it_was():
    kept = row("old", "postgres", settled=True, options={"version": "14"})

    found = resources({**ROWS, "old": kept})["resource old"]

    assert found.image == "postgres:14"
    assert found.resource is not None
    assert found.resource.kept


def test_one_that_never_ran_or_is_being_deleted_is_not_kept():
    rows = {
        **ROWS,
        "never": row("never", "redis"),
        "going": row("going", "redis", settled=True, deleting=True),
    }
    assert set(resources(rows)) == {"resource db", "resource cache"}


def test_a_new_resource_has_two_minutes_and_one_with_data_may_recover():
    assert resources()["resource db"].start_limit_s == FIRST_START_S
    old = {**ROWS, "db": row("db", "postgres", settled=True)}
    assert resources(old)["resource db"].start_limit_s > 24 * 3600
    assert resources(old, is_pending=True)["resource db"].start_limit_s == 600


def test_postgres_18_has_its_volume_where_its_image_wants_it():
    found = resources(options='{version: "18"}')["resource db"]

    assert [mount.target for mount in found.mounts] == ["/var/lib/postgresql"]
