"""Own the workers: one for each app, woken by calls, by Docker's events and by the router.

Three kinds of threads: a worker for each app, one that follows Docker's events, one that keeps
the router running. All end with `stop`; the apps go on running. worker.py is what a worker does.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from threading import Event, Lock, Thread

from convox.core.errors import ConvoxError, UnavailableError
from convox.providers.local.deletion import Deletion, remove_orphans
from convox.providers.local.layout import LABEL_APP, LABEL_KIND, LABEL_RACK
from convox.providers.local.runner import Parts
from convox.providers.local.worker import Worker

_log = logging.getLogger(__name__)
_RECONNECT_S = 0.5
_ROUTER_CHECK_S = 15.0
_ROUTER_RETRY_S = 1.0
_STOP_S = 15.0
CRASHING_EXITS = 2
"""A process that has ended so often in a row is said to be crashing."""


class Reconciler:
    """Keeps every app of a rack as it shall be."""

    def __init__(self, parts: Parts, deletion: Deletion) -> None:
        self._parts = parts
        self._deletion = deletion
        self._lock = Lock()
        self._workers: dict[str, Worker] = {}
        self._stopping = Event()
        self._router_doubted = Event()
        self._unheard = Event()
        """Set when something may have happened that no event told."""
        self._threads: list[Thread] = []
        self.on_timer: Callable[[], None] = lambda: None
        """Called when a process of a timer began or ended."""

    def start(self) -> None:
        """Look at every app, and keep looking."""
        self._parts.prober.start()
        for name, target in (("events", self._follow_events), ("router", self._keep_router)):
            thread = Thread(target=target, name=name)
            self._threads.append(thread)
            thread.start()
        self.wake_all()

    def stop(self) -> None:
        """End all threads; what runs in Docker goes on."""
        self._stopping.set()
        self._router_doubted.set()
        with self._lock:
            workers = list(self._workers.values())
        for worker in workers:
            worker.stop()
        for worker in workers:
            worker.join(_STOP_S)
        for thread in self._threads:
            thread.join(_STOP_S)
        self._parts.prober.stop()

    def wake(self, app: str) -> None:
        """Have an app looked at soon; never blocks."""
        with self._lock:
            if self._stopping.is_set():
                return
            worker = self._workers.get(app)
            if worker is None:
                worker = Worker(app, self._parts, self._deletion, self._end)
                self._workers[app] = worker
                worker.start()
        worker.wake()

    def wake_all(self) -> None:
        """Have every app looked at soon."""
        for row in self._parts.store.apps.all():
            self.wake(row.name)

    def condition(self, app: str, container: str) -> str:
        """Return what the engine does not know of a process: crashing, stopping or nothing."""
        with self._lock:
            worker = self._workers.get(app)
        if worker is None:
            return ""
        if worker.is_leaving(container):
            return "stopping"
        return "crashing" if worker.exits(container) >= CRASHING_EXITS else ""

    def _end(self, app: str) -> None:
        """Drop the worker of an app that is gone; an app of that name may come again."""
        with self._lock:
            self._workers.pop(app, None)
        if self._parts.store.apps.find(app) is not None:
            self.wake(app)

    def _follow_events(self) -> None:
        labels = {LABEL_RACK: self._parts.layout.rack}
        while not self._stopping.is_set():
            self._unheard.set()
            try:
                for event in self._parts.engine.events(labels, self._stopping):
                    self._heard(event.labels)
            except ConvoxError as error:
                _log.warning("cannot follow the engine: %s", error.wire)
            if self._parts.clock.wait(self._stopping, _RECONNECT_S):
                return
            # Whatever happened meanwhile was not heard.
            self._router_doubted.set()
            self.wake_all()

    def _heard(self, labels: Mapping[str, str]) -> None:
        if labels.get(LABEL_KIND) == "router":
            self._router_doubted.set()
        elif labels.get(LABEL_KIND) == "timer":
            self.on_timer()
        elif labels.get(LABEL_APP):
            self.wake(labels[LABEL_APP])

    def _keep_router(self) -> None:
        router = self._parts.router
        pause = 0.0
        self._remove_orphans()
        while not self._stopping.is_set():
            self._parts.clock.wait(self._router_doubted, pause)
            self._router_doubted.clear()
            if self._stopping.is_set():
                return
            before = router.container_id
            try:
                router.ensure()
            except ConvoxError as error:
                level = logging.WARNING if isinstance(error, UnavailableError) else logging.ERROR
                _log.log(level, "the router does not run: %s", error.wire)
                pause = _ROUTER_RETRY_S
                continue
            if router.container_id != before:
                self._rejoin_all()
            if pause == _ROUTER_CHECK_S and self._unheard.is_set():
                self._unheard.clear()
                self.wake_all()
            pause = _ROUTER_CHECK_S

    def _remove_orphans(self) -> None:
        try:
            remove_orphans(self._parts)
        except ConvoxError as error:
            _log.warning("orphans are left: %s", error.wire)

    def _rejoin_all(self) -> None:
        with self._lock:
            workers = list(self._workers.values())
        for worker in workers:
            worker.rejoin()
