"""What the three programs share: the table, and how a note gets in and out of it."""

import os

from postgres import Postgres
from redis import Redis

QUEUE = "to-count"
_TABLE = """
CREATE TABLE IF NOT EXISTS notes (
    id bigserial PRIMARY KEY,
    text text NOT NULL,
    words integer,
    created timestamptz NOT NULL DEFAULT now())
"""


def database() -> Postgres:
    """Return a connection to the database."""
    return Postgres(os.environ["DB_URL"])


def cache() -> Redis:
    """Return a connection to the cache."""
    return Redis(os.environ["CACHE_URL"])


def prepare() -> None:
    """Make the table, once, however many processes start at the same time."""
    with database() as db:
        db.run("SELECT pg_advisory_lock(1)")
        db.run(_TABLE)


def add(text: str) -> int:
    """Keep a note, and have its words counted; it is safe when this returns."""
    with database() as db:
        ((number,),) = db.run("INSERT INTO notes (text) VALUES ($1) RETURNING id", text)
    with cache() as line:
        line.run("RPUSH", QUEUE, number)
    return int(number or 0)


def newest(limit: int = 20) -> list[dict[str, object]]:
    """Return the newest notes."""
    with database() as db:
        rows = db.run("SELECT id, text, words FROM notes ORDER BY id DESC LIMIT $1", limit)
    return [
        {"id": int(number or 0), "text": text, "words": int(words) if words else None}
        for number, text, words in rows
    ]


def count() -> int:
    """Return how many notes there are."""
    with database() as db:
        ((number,),) = db.run("SELECT count(*) FROM notes")
    return int(number or 0)
