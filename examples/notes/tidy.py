"""What the timer runs: drop the notes that are older than KEEP_DAYS."""

import os

import notes

notes.prepare()
days = int(os.environ["KEEP_DAYS"])
with notes.database() as db:
    rows = db.run(
        "DELETE FROM notes WHERE created < now() - make_interval(days => $1) RETURNING id", days
    )
print(f"dropped {len(rows)} notes older than {days} days, {notes.count()} are left")
