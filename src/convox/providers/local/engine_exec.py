"""Commands in containers, and the terminal of a container's own process. See engine.py first."""

from __future__ import annotations

import os
import signal
from collections.abc import Mapping, Sequence
from contextlib import suppress
from urllib.parse import quote

from convox.core.errors import ConvoxError
from convox.providers.local import engine_parse as parse
from convox.providers.local.engine_link import Link
from convox.providers.local.engine_streams import ExecSession


def start_command(  # noqa: PLR0913  each is one choice of the engine's
    link: Link,
    id: str,
    command: Sequence[str],
    *,
    tty: bool,
    stdin: bool,
    env: Mapping[str, str],
    size: tuple[int, int] | None,
) -> ExecSession:
    """Run a command in a running container; `Engine.exec_start` says what each argument is."""
    doing = f"run {command[0]} in {id[:12]}"
    with link.translated(doing):
        created = link.client().exec_create(
            id, list(command), stdin=stdin, tty=tty, environment=dict(env)
        )
    exec_id = str(created["Id"])

    def find_exit_code() -> int | None:
        with link.translated("inspect a command"):
            state = link.client().exec_inspect(exec_id)
        return None if state["Running"] else int(state["ExitCode"] or 0)

    def resize(height: int, width: int) -> None:
        with link.translated("resize a terminal"):
            link.client().exec_resize(exec_id, height=height, width=width)

    raw = link.open(f"POST /exec/{exec_id}/start", doing, body={"Tty": tty})
    session = ExecSession(
        raw,
        tty=tty,
        find_exit_code=find_exit_code,
        resize=resize,
        hang_up=lambda: _hang_up(link, exec_id),
    )
    if tty and size is not None:
        session.resize(*size)
    return session


def _hang_up(link: Link, exec_id: str) -> None:
    # The engine never signals a command that a client left; its process is on this machine.
    with suppress(ConvoxError, OSError), link.translated("inspect a command"):
        state = link.client().exec_inspect(exec_id)
        if state["Running"] and state["Pid"]:
            os.kill(state["Pid"], signal.SIGHUP)


def attach_to(link: Link, id: str, *, tty: bool, stdin: bool) -> ExecSession:
    """Return the streams of a container's own first process, from now on."""

    def find_exit_code() -> int | None:
        with link.translated(f"inspect container {id[:12]}"):
            container = parse.inspected(link.client().inspect_container(id))
        return None if container.status in ("running", "paused") else container.exit_code

    def resize(height: int, width: int) -> None:
        with link.translated("resize a terminal"):
            link.client().resize(id, height=height, width=width)

    query = {"stream": "1", "stdout": "1", "stderr": "1", "stdin": "1" if stdin else "0"}
    request = f"POST /containers/{quote(id)}/attach"
    raw = link.open(request, f"attach to {id[:12]}", query, body={})
    return ExecSession(raw, tty=tty, find_exit_code=find_exit_code, resize=resize)
