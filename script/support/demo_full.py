"""`script/demo --full`: examples/notes on the demo's rack, then trouble, then the notes again.

Notes has a page, a worker, a timer, a database and a cache. After it is deployed and has a note,
everything is stopped the hard way and has to come back by itself, and its data is destroyed and
has to come back from dumps; then the whole rack is lost and comes back from its backup. Only what
a user would run is run, but for the loss itself. Read demo.py first.
"""

from __future__ import annotations

import http.client
import json
import os
import signal
import time
from collections.abc import Callable
from urllib.parse import urlencode

from script.support import demo, settings, venv
from script.support.steps import ROOT, StopError, answer, run, step

EXAMPLE = ROOT / "examples" / "notes"
APP = "notes"
WAIT_S = 90
LOSE = (
    "import sys; from convox.providers.local.install import uninstall as u; u(sys.argv[1], print)"
)
"""Takes a rack off this machine and leaves the user's settings as they are."""
HARD_STOP = ("kill", "--signal", "KILL")


def everything() -> list[str]:
    """Go through all of it; return what there is to say at the end."""
    deploy()
    text = f"written at {time.strftime('%H:%M:%S')}"
    with step("Writing a note, which the worker counts"):
        add(text)
        wait("the note is counted", lambda: words_of(text) == 3)
    with step("Running the timer now"):
        run([demo.CONVOX, "timers", "run", "tidy", "-a", APP])
    with step("Killing the rack, its router and every container of it"):
        kill_everything()
        run([demo.CONVOX, "rack", "start", "local", demo.RACK])
        wait("the note is there again", lambda: words_of(text) == 3)
    dumps(text)
    backup(text)
    domain, port = place()
    url = f"https://{domain}/" if port == 443 else f"https://{domain}:{port}/"
    return [url, f"{len(notes())} notes, the newest: {text}"]


def deploy() -> None:
    """Create the app and deploy the example, unless exactly that is running."""
    if answer([demo.CONVOX, "apps", "info", APP])[0] != 0:
        run([demo.CONVOX, "apps", "create", APP, "--wait"])
    mark = f"notes {demo.fingerprint(EXAMPLE)}"
    if demo.running(APP) == mark:
        return
    with step("Deploying examples/notes"):
        run([demo.CONVOX, "deploy", EXAMPLE, "-a", APP, "-d", mark, "--wait"])


def dumps(text: str) -> None:
    """Dump the database, destroy what is in it, and bring it back.

    Raises:
        StopError: the note is not there afterwards, or was never gone.
    """
    folder = settings.state_of(demo.RACK).parent
    file = folder / f"demo-{os.getpid()}.dump"
    try:
        with step("Dumping the database, destroying its data, and restoring it"):
            run([demo.CONVOX, "resources", "export", "db", "-f", file, "-a", APP])
            destroy()
            if words_of(text) is not None:
                raise StopError("the note should be gone and is not")
            run([demo.CONVOX, "resources", "import", "db", "-f", file, "-a", APP])
            wait("the note is there again", lambda: words_of(text) == 3)
    finally:
        file.unlink(missing_ok=True)


def backup(text: str) -> None:
    """Back the rack up, lose all that this machine has of it, and make it again from the file.

    Raises:
        StopError: the note is not there afterwards, or the rack was never gone.
    """
    file = settings.state_of(demo.RACK).parent.parent.parent / f"convox-demo-{os.getpid()}.backup"
    try:
        with step("Backing the rack up, losing all of it, and restoring it"):
            run([demo.CONVOX, "rack", "backup", file, "--images", "-r", demo.RACK])
            run([venv.PYTHON, "-c", LOSE, demo.RACK])
            if settings.state_of(demo.RACK).exists():
                raise StopError("the rack should be gone and is not")
            run([demo.CONVOX, "rack", "restore", file])
            wait("the note is there again", lambda: words_of(text) == 3)
    finally:
        file.unlink(missing_ok=True)


def destroy() -> None:
    """Drop the table of the notes, with a program of the app itself."""
    code = "import notes; notes.database().run('DROP TABLE notes'); notes.prepare()"
    run([demo.CONVOX, "run", "worker", f'python3 -c "{code}"', "-a", APP])


def kill_everything() -> None:
    """Kill the rack's process and all its containers at once, as a power cut would."""
    lock = settings.state_of(demo.RACK) / "rack.lock"
    try:
        os.kill(int(lock.read_text().split()[0]), signal.SIGKILL)
    except (OSError, ValueError, IndexError) as e:
        raise StopError(f"the rack's process cannot be killed: {e}") from e
    mine = answer(["docker", "ps", "-q", "--filter", f"label=convox.rack={demo.RACK}"])[1].split()
    answer(["docker", *HARD_STOP, *mine])


def add(text: str) -> None:
    """Post a note through the router.

    Raises:
        StopError: it was not taken.
    """
    status, words = ask("/notes", urlencode({"text": text}))
    if status != http.HTTPStatus.SEE_OTHER:
        raise StopError(f"the note was not taken: {status} {words.strip()}")


def words_of(text: str) -> int | None:
    """How many words the worker counted in a note; 0 before it did, None when there is none."""
    found = [note for note in notes() if note["text"] == text]
    return int(str(found[0]["words"] or 0)) if found else None


def notes() -> list[dict[str, object]]:
    """The notes, as the app tells them."""
    status, words = ask("/notes")
    if status != http.HTTPStatus.OK:
        raise StopError(f"/notes answered {status}: {words.strip()}")
    found: list[dict[str, object]] = json.loads(words)
    return found


def ask(path: str, form: str = "") -> tuple[int, str]:
    """One request to the app, through the router, with its certificate verified."""
    return demo.exchange(*place(), settings.authority_of(demo.RACK), path, form)


def place() -> tuple[str, int]:
    """Where the page answers."""
    return f"{APP}-web.{demo.RACK}.localhost", demo.https_port()


def wait(what: str, check: Callable[[], bool]) -> None:
    """Wait until something is so; trouble on the way is only told when it never is.

    Raises:
        StopError: it was not within WAIT_S seconds.
    """
    end = time.monotonic() + WAIT_S
    why = "it is not so"
    while time.monotonic() < end:
        try:
            if check():
                return
        except (OSError, http.client.HTTPException, StopError, ValueError) as e:
            why = str(e)
        time.sleep(0.2)
    raise StopError(f"after {WAIT_S} s: {what}: {why}")
