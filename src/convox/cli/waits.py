"""Waiting for a rack: until something is so, with the progress lines of its log meanwhile.

Two paces. Ours write the wish before they answer, so one look is the truth and looks come after
50 ms, growing to one second. The incumbent's answer from a cache: first look after five seconds,
every five, twice in a row, as its own client does. Source: wire.md section 8, "Waits".
"""

from __future__ import annotations

from datetime import datetime
from threading import Event, Thread

from convox.core.errors import ConvoxError, FailedError, NotFoundError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from convox.cli.context import Context
    from convox.client.socket import Socket

_LIMIT_S = 35 * 60.0
_DRAIN_S = 0.3
_HTTP_DATE = "%a, %d %b %Y %H:%M:%S GMT"
"""Source: RFC 9110, section 5.6.7."""
_GONE = ("no such app", "app not found", "no such resource", "does not exist", "resource not found")


class _Pace:
    """How long to wait before each look, and how many good ones in a row are enough."""

    def __init__(self, first: float, most: float, needed: int) -> None:
        self.first, self.most, self.needed = first, most, needed


_QUICK = _Pace(0.05, 1.0, 1)
_PATIENT = _Pace(5.0, 5.0, 2)
_PROCESS = _Pace(1.0, 1.0, 2)


def app_running(ctx: Context, app: str, *, logs: bool = False, rollback_fails: bool = True) -> None:
    """Wait until the app is running; a rollback seen meanwhile is a failure unless told."""

    def running() -> bool:
        status = ctx.call("app_get", app)["status"]
        if status == "rollback" and rollback_fails:
            raise FailedError("rollback")
        return bool(status == "running")

    with _Progress(ctx, "app_logs", app) if logs else _Silence():
        _until(ctx, running)


def promoted(ctx: Context, app: str, release: str) -> None:
    """Wait until the promote of `release` has come to its end.

    Raises:
        FailedError: the app went back to another release; says why when the rack knows.
    """
    if not ctx.quick():
        app_running(ctx, app, logs=True)
        if ctx.call("app_get", app)["release"] != release:
            raise FailedError("rollback")
        return
    with _Progress(ctx, "app_logs", app):
        _until(ctx, lambda: _settled(ctx, app, release))


def app_gone(ctx: Context, app: str) -> None:
    """Wait until the app is not found any more."""
    _until(ctx, lambda: _is_gone(ctx, "app_get", app), tolerant=False)


def resource_running(ctx: Context, name: str) -> None:
    """Wait until a resource of the rack is running."""
    _until(ctx, lambda: bool(ctx.call("system_resource_get", name)["status"] == "running"))


def resource_gone(ctx: Context, name: str) -> None:
    """Wait until a resource of the rack is not found any more."""
    _until(ctx, lambda: _is_gone(ctx, "system_resource_get", name), tolerant=False)


def rack_running(ctx: Context) -> None:
    """Wait until the rack is running, with the progress lines of its log."""
    quick = ctx.quick()
    with _Progress(ctx, "system_logs"):
        _until(
            ctx,
            lambda: bool(ctx.call("system_get")["status"] == "running"),
            _QUICK if quick else _PATIENT,
        )


def process_running(ctx: Context, app: str, pid: str) -> None:
    """Wait until a one-off process is running.

    Raises:
        FailedError: it has ended instead.
    """

    def running() -> bool:
        status = ctx.call("process_get", app, pid)["status"]
        if status in ("stopped", "failed", "exited", "complete"):
            raise FailedError(f"process {pid} ended before its command could be started")
        return bool(status == "running")

    _until(ctx, running, _QUICK if ctx.quick() else _PROCESS, limit_s=300)


def build_ended(ctx: Context, app: str, build: str) -> dict[str, Any]:
    """Wait until a build has ended and return it."""
    found: dict[str, Any] = {}

    def ended() -> bool:
        found.update(ctx.call("build_get", app, build))
        return found["status"] not in ("created", "running")

    _until(ctx, ended, _QUICK)
    return found


def _settled(ctx: Context, app: str, release: str) -> bool:
    found = ctx.call("app_get", app)
    if found["status"] in ("updating", "creating", "rollback"):
        return False
    if found["release"] == release and found["status"] == "running":
        return True
    reason = ctx.call("release_get", app, release).get("reason") or found.get("reason") or ""
    why = reason.removeprefix(f"release {release} failed: ") or "rollback"
    kept = f"{app} still runs {found['release']}" if found["release"] else f"{app} runs no release"
    raise FailedError(f"promote of {release} failed", why=why, fix=kept)


def _is_gone(ctx: Context, request: str, name: str) -> bool:
    try:
        ctx.call(request, name)
    except ConvoxError as error:
        if isinstance(error, NotFoundError) or any(text in error.what for text in _GONE):
            return True
        raise
    return False


def _until(
    ctx: Context,
    done: Callable[[], bool],
    pace: _Pace | None = None,
    *,
    tolerant: bool = True,
    limit_s: float = _LIMIT_S,
) -> None:
    """Look until `done`, at the rack's pace; the second error in a row ends the wait."""
    pace = pace or (_QUICK if ctx.quick() else _PATIENT)
    never, delay, row, failed = Event(), pace.first, 0, False
    deadline = ctx.clock.monotonic() + limit_s
    while ctx.clock.monotonic() < deadline:
        if pace is not _QUICK or delay > pace.first:
            ctx.clock.wait(never, delay)
        delay = min(max(delay * 1.5, pace.first), pace.most)
        try:
            row = row + 1 if done() else 0
        except FailedError:
            raise
        except ConvoxError:
            if failed or not tolerant:
                raise
            failed = True
            continue
        failed = False
        if row >= pace.needed:
            return
    raise FailedError(f"timeout: not done after {int(limit_s)} s", fix="look: convox logs")


class _Silence:
    """No progress."""

    def __enter__(self) -> None:
        """Do nothing."""

    def __exit__(self, *_: object) -> None:
        """Do nothing."""


class _Progress:
    """Prints the `system/` lines of a log while a block runs, each once, from its own thread."""

    def __init__(self, ctx: Context, request: str, *path: str) -> None:
        self._ctx = ctx
        self._request = request
        self._path = path
        self._stop = Event()
        self._idle = Event()
        self._socket: Socket | None = None
        self._printed: set[str] = set()
        self._after = _iso(ctx.changed_at)
        self._thread = Thread(target=self._run, name="progress", daemon=True)

    def __enter__(self) -> None:
        """Start to print."""
        self._thread.start()

    def __exit__(self, *_: object) -> None:
        """Give the last lines a moment, then stop."""
        self._ctx.clock.wait(self._idle, _DRAIN_S)
        self._stop.set()
        if self._socket is not None:
            self._socket.close()
        self._thread.join(2)

    def _run(self) -> None:
        while not self._stop.is_set():
            try:
                self._follow()
            except (ConvoxError, OSError):
                pass  # progress is a courtesy: the wait itself tells what is wrong
            self._idle.set()
            self._ctx.clock.wait(self._stop, 1.0)

    def _follow(self) -> None:
        self._socket = self._ctx.open(self._request, *self._path, prefix=True, since="5s")
        try:
            if not self._stop.is_set():
                self._print(self._socket)
        finally:
            self._socket.close()

    def _print(self, socket: Socket) -> None:
        held = b""
        while data := socket.read():
            *lines, held = (held + data).split(b"\n")
            for line in lines:
                self._print_line(line.decode(errors="replace"))

    def _print_line(self, line: str) -> None:
        parts = line.split(" ", 2)
        if len(parts) != 3 or not parts[1].startswith("system/") or line in self._printed:
            return
        if parts[0] >= self._after:  # the stream begins with what was before this change
            self._printed.add(line)
            self._ctx.out.relay(f"{line}\n".encode())


def _iso(date: str) -> str:
    """Return an HTTP date as log lines have theirs; "" for none."""
    try:
        return datetime.strptime(date, _HTTP_DATE).strftime("%Y-%m-%dT%H:%M:%SZ")  # noqa: DTZ007
    except ValueError:
        return ""
