"""Commands in processes and on instances, with the terminal, pipes and exit codes carried over."""

from __future__ import annotations

from convox.core.errors import ConvoxError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from convox.cli.context import Context


def exec_in(ctx: Context) -> int:
    """Run a command in a running process; the exit code is the command's."""
    return _exec(ctx, ctx.app(), ctx.arg(), command_line(ctx.args[1:]), entrypoint=None)


def run(ctx: Context) -> int:
    """Run a command in a new process of a service; the exit code is the command's."""
    app, service, command = ctx.app(), ctx.arg(), command_line(ctx.args[1:])
    ctx.system()
    if ctx.on("detach"):
        ctx.out.start("Running detached process")
        ctx.out.ok(_start(ctx, app, service, command, sized=False))
        return 0
    timeout = ctx.number("timeout") or 0
    pid = _start(ctx, app, service, f"sleep {timeout if timeout > 0 else 3600}", sized=True)
    try:
        from convox.cli.waits import process_running

        process_running(ctx, app, pid)
        entrypoint = ctx.flags.get("entrypoint", True) is True
        return _exec(ctx, app, pid, command, entrypoint=entrypoint)
    finally:
        _stop(ctx, app, pid)


def instance(ctx: Context) -> int:
    """Run a shell, or a command, on an instance."""
    from convox.cli.terminal import attach, size

    ctx.system()
    command = command_line(ctx.args[1:]) if ctx.args[1:] else None
    return attach(ctx, ctx.open("instance_shell", ctx.arg(), command=command, **size()))


def run_once(ctx: Context, app: str, service: str, release: str, command: str) -> int:
    """Run a command in a new process of a release, as `convox test` does."""
    timeout = ctx.number("timeout") or 3600
    pid = ctx.call("process_run", app, service, command=f"sleep {timeout}", release=release)["id"]
    try:
        from convox.cli.waits import process_running

        process_running(ctx, app, pid)
        return _exec(ctx, app, pid, command, entrypoint=True)
    finally:
        _stop(ctx, app, pid)


def command_line(words: list[str]) -> str:
    """Return what the remote shell is given: one word as it is, several each quoted if needed.

    So `exec PID 'ls | wc'` is a shell line, and `exec PID ls 'a b'` asks for one file.
    """
    if len(words) == 1:
        return words[0]
    import shlex

    return shlex.join(words)


def _start(ctx: Context, app: str, service: str, command: str, *, sized: bool) -> str:
    from convox.cli.terminal import size

    sizes = size() if sized else {}
    process = ctx.call(
        "process_run",
        app,
        service,
        command=command,
        release=ctx.text("release") or None,
        **sizes,
    )
    return str(process["id"])


def _exec(ctx: Context, app: str, pid: str, command: str, *, entrypoint: bool | None) -> int:
    from convox.cli.terminal import attach, size

    tty = None if ctx.stdin.isatty() else False
    socket = ctx.open(
        "process_exec", app, pid, command=command, entrypoint=entrypoint, tty=tty, **size()
    )
    return attach(ctx, socket)


def _stop(ctx: Context, app: str, pid: str) -> None:
    try:
        ctx.do("process_stop", app, pid)
    except ConvoxError:
        pass  # it has its own timeout, and may have ended already
