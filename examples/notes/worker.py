"""The worker: takes numbers of notes from the cache's queue and counts their words."""

import signal
import sys
import time

import notes
from postgres import PostgresError
from redis import RedisError


def work() -> None:
    """Count the words of notes as they come in, and of those that nobody was told of."""
    with notes.cache() as queue, notes.database() as db:
        for (number,) in db.run("SELECT id FROM notes WHERE words IS NULL"):
            queue.run("RPUSH", notes.QUEUE, number)
        while True:
            found = queue.run("BLPOP", notes.QUEUE, 5)
            if isinstance(found, list):
                count(db, found[1])


def count(db: notes.Postgres, number: object) -> None:
    """Count the words of one note."""
    for (text,) in db.run("SELECT text FROM notes WHERE id = $1", number):
        words = len((text or "").split())
        db.run("UPDATE notes SET words = $2 WHERE id = $1", number, words)
        print(f"note {number} has {words} words")


if __name__ == "__main__":
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    notes.prepare()
    while True:
        try:
            work()
        except (OSError, PostgresError, RedisError) as error:
            print(f"trying again: {error}")
            time.sleep(1)
