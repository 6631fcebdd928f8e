"""Runs a command for real, with a `Stream` as its input and output; ends when the stream does."""

from __future__ import annotations

import subprocess
from threading import Thread


def run(command, stream, *, cwd, env=None):
    """Return the exit status of `sh -c command`; stdout and stderr are merged, as on the wire."""
    child = subprocess.Popen(
        ["/bin/sh", "-c", command],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        cwd=cwd,
        env=env,
        bufsize=0,
    )
    feeding = Thread(target=_feed, args=(child, stream), name="fake-shell-input")
    feeding.start()
    try:
        while data := child.stdout.read(4096):
            stream.write(data)
    except BrokenPipeError:
        child.kill()
    code = child.wait()
    child.stdout.close()
    stream.close()
    feeding.join(5)
    return code


def _feed(child, stream):
    try:
        while data := stream.read():
            view = memoryview(data)
            while view:
                view = view[child.stdin.write(view) :]
    except OSError:
        pass
    finally:
        child.stdin.close()
        if stream.gone:
            child.kill()
