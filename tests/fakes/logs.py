"""A log in memory that any number of readers may follow."""

from __future__ import annotations

from threading import RLock


class FakeLog:
    """Whole lines; what was written is replayed to each new reader."""

    def __init__(self):
        self._lock = RLock()
        self._lines = []
        self._sinks = []
        self.ended = False

    @property
    def readers(self):
        return len(self._sinks)

    def write(self, line, stream="service/web/0123456789ab"):
        entry = (stream, line)
        with self._lock:
            self._lines.append(entry)
            for sink, shape in list(self._sinks):
                sink(shape(entry))

    def end(self):
        with self._lock:
            self.ended = True
            for sink, _ in self._sinks:
                sink(None)
            self._sinks.clear()

    def feed(self, opts=None, *, follow=True):
        return _Feed(self, opts, follow)


class _Feed:
    def __init__(self, log, opts, follow):
        self._log = log
        self._opts = opts
        self._follow = follow if opts is None or opts.follow is None else opts.follow

    def attach(self, sink):
        entry = (sink, self._shape)
        with self._log._lock:
            for line in self._log._lines:
                sink(self._shape(line))
            if self._log.ended or not self._follow:
                sink(None)
                return lambda: None
            self._log._sinks.append(entry)

        def detach():
            with self._log._lock:
                if entry in self._log._sinks:
                    self._log._sinks.remove(entry)

        return detach

    def _shape(self, entry):
        stream, line = entry
        if self._opts and self._opts.filter and self._opts.filter not in line:
            return b""
        head = f"2026-01-02T03:04:05Z {stream} " if self._opts and self._opts.prefix else ""
        return f"{head}{line}\n".encode()
