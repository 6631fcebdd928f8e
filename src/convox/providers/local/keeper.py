"""Sees to it that nothing of a rack grows for ever, and says when the disk fills all the same.

Each hour: images of old builds, old logs of builds, build cache that nobody used for a week. Each
minute: how full the disks are. What fails is logged and tried again; nothing waits for it. Logs
of apps have their own sweep, in log_collector.py.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from threading import Event, Thread

from convox.core.clock import Clock
from convox.core.errors import ConvoxError
from convox.providers.local.disk import WARN_PERCENT, Disk, fullest
from convox.providers.local.engine_upkeep import Upkeep
from convox.providers.local.layout import Layout
from convox.providers.local.logs import Logs

_log = logging.getLogger(__name__)
_LOOK_S = 60.0
_LOOKS_PER_SWEEP = 60
_LOOKS_PER_WARNING = 12 * 60
_CACHE_BYTES = 10 << 30
_CACHE_UNUSED_H = 7 * 24
_DAY_S = 86400


@dataclass(frozen=True)
class Sweeps:
    """What is swept, and how long things are kept."""

    builds: Callable[[], None]
    """Removes the images of old builds."""
    running: Callable[[], set[str]]
    """Ids of the builds that run now."""
    log_days: Callable[[], int]


class Keeper:
    """One thread of a rack."""

    def __init__(
        self, upkeep: Upkeep, layout: Layout, logs: Logs, clock: Clock, sweeps: Sweeps
    ) -> None:
        self._upkeep = upkeep
        self._layout = layout
        self._logs = logs
        self._clock = clock
        self._sweeps = sweeps
        self._stopping = Event()
        self._thread = Thread(target=self._run, name="keeper")
        self._quiet = 0
        """How many looks a full disk is not mentioned again."""

    def start(self) -> None:
        """Begin to look."""
        self._thread.start()

    def stop(self) -> None:
        """End the thread."""
        self._stopping.set()
        if self._thread.is_alive():
            self._thread.join()

    def sweep(self) -> None:
        """Remove what need not be kept."""
        for each in (self._sweeps.builds, self._sweep_build_logs, self._sweep_cache):
            try:
                each()
            except (ConvoxError, OSError) as error:
                _log.warning("cannot sweep: %s", error)

    def look(self) -> None:
        """Warn in the rack's log when a disk fills, again after half a day."""
        disk = self.disk()
        if disk is None or disk.percent < WARN_PERCENT:
            self._quiet = 0
            return
        if self._quiet == 0:
            self._quiet = _LOOKS_PER_WARNING
            self._logs.system(
                "",
                f"WARNING: the disk of {disk.path} is {disk.percent} percent full;"
                " see what can go: convox doctor; remove it: convox doctor --prune",
            )
        self._quiet -= 1

    def disk(self) -> Disk | None:
        """Return the fullest disk of the rack and its engine."""
        folders = [self._layout.root]
        try:
            folders.append(self._upkeep.folder())
        except ConvoxError as error:
            _log.info("the engine's folder is not known: %s", error.wire)
        return fullest(folders)

    def _run(self) -> None:
        looks = 0
        while not self._clock.wait(self._stopping, _LOOK_S):
            self.look()
            if looks % _LOOKS_PER_SWEEP == 0:
                self.sweep()
            looks += 1

    def _sweep_build_logs(self) -> None:
        oldest = self._clock.now().timestamp() - self._sweeps.log_days() * _DAY_S
        running = self._sweeps.running()
        for path in self._layout.build_logs.glob("*.log"):
            if path.stem not in running and _changed(path) < oldest:
                self._logs.forget_build(path.stem)

    def _sweep_cache(self) -> None:
        freed = self._upkeep.prune_build_cache(_CACHE_BYTES, _CACHE_UNUSED_H)
        if freed:
            self._logs.system("", f"removed {freed >> 20} MiB of build cache unused for a week")


def _changed(path: Path) -> float:
    return path.stat().st_mtime
