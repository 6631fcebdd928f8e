"""The calls about apps: each writes its wish and wakes the app's worker.

Nothing here touches Docker. Source of rules and messages: wire.md section 4, manifest.md
section 11.
"""

from __future__ import annotations

import re
from collections.abc import Callable

from convox.api.types import App, AppCreateOptions, AppUpdateOptions, LogsOptions
from convox.core.errors import ConflictError, InvalidError, NotFoundError
from convox.core.stream import LogFeed
from convox.providers.local.layout import Layout
from convox.providers.local.logs import Logs
from convox.providers.local.outcomes import CANCELLED
from convox.providers.local.store import Store
from convox.providers.local.store.apps import AppRow

PARAMETERS = {
    "AutoMinorVersionUpgrade",
    "CircuitBreaker",
    "ECSExec",
    "EnableContainerReadonlyRootFilesystem",
    "FargateServices",
    "FargateTimers",
    "IamPolicy",
    "IgnoreManualScaleCount",
    "InternalDomains",
    "Isolate",
    "LoadBalancerAlgorithm",
    "LoadBalancerGrpcSuccessCodes",
    "LoadBalancerSuccessCodes",
    "LogBucket",
    "LogDriver",
    "LogRetention",
    "PlaceLambdaInVpc",
    "Private",
    "RackUrl",
    "RedirectHttps",
    "ResourcePassword",
    "SecretsManagerEnv",
    "SlowStartDuration",
    "SyslogDestination",
    "SyslogFormat",
    "TaskTags",
}
"""Parameters that an app may have: those of the incumbent, so that its exports import here.

InternalDomains and LogRetention mean something on a local rack; the others are only kept.
"""

_CHARACTERS = re.compile(r"[a-z0-9_-]+")
_SHAPE = re.compile(r"[a-z0-9]+((_|__|-+)[a-z0-9]+)*")
"""What a name must be besides to be part of the names of images."""
_LONGEST_NAME = 40
_FORMATION = re.compile(r"[A-Z][A-Za-z0-9]*Formation")


class Apps:
    """The apps of a rack."""

    def __init__(
        self, store: Store, layout: Layout, logs: Logs, domain: str, wake: Callable[[str], None]
    ) -> None:
        """Join the parts.

        Args:
            store: where wishes are written.
            layout: has the rack's name.
            logs: told of what is done.
            domain: where apps of the rack answer.
            wake: has the app's worker look.
        """
        self._store = store
        self._layout = layout
        self._logs = logs
        self._domain = domain
        self._wake = wake

    def app_list(self) -> tuple[App, ...]:
        """Return every app, by name."""
        return tuple(self._app(row) for row in self._store.apps.all())

    def app_get(self, name: str) -> App:
        """Return an app."""
        return self._app(require_app(self._store, name))

    def app_create(self, opts: AppCreateOptions) -> App:
        """Create an app; its network is made meanwhile."""
        self._check_name(opts.name)
        if opts.generation not in (None, "", "2"):
            raise InvalidError(
                f"generation {opts.generation} is not supported", fix="leave it out, or use 2"
            )
        if not self._store.apps.insert(opts.name, "2"):
            raise ConflictError(f"app already exists: {opts.name}")
        self._logs.system("", f"created app {opts.name}")
        self._wake(opts.name)
        return self.app_get(opts.name)

    def app_update(self, name: str, opts: AppUpdateOptions) -> None:
        """Change the lock or parameters; those not given stay."""
        row = require_app(self._store, name)
        for key in opts.parameters or ():
            if key not in PARAMETERS and not _FORMATION.fullmatch(key):
                raise InvalidError(f"parameter not found: {key}")
        with self._store.database.transaction():
            if opts.lock is not None:
                self._store.apps.set_locked(name, locked=opts.lock)
            if opts.parameters:
                merged = {**row.parameters, **opts.parameters}
                self._store.apps.set_parameters(name, merged)
        self._wake(name)

    def app_delete(self, name: str) -> None:
        """Write the wish that an app and all it owns goes away."""
        row = require_app(self._store, name)
        if row.locked:
            raise ConflictError(
                f"app is locked: {name}", fix=f"unlock it first: convox apps unlock {name}"
            )
        self._store.apps.mark_deleting(name)
        self._wake(name)

    def app_cancel(self, name: str) -> None:
        """Stop the promote under way; what the old release runs is left alone."""
        with self._store.database.transaction():
            row = require_app(self._store, name)
            if not row.pending:
                raise ConflictError("app is not updating")
            self._store.apps.finish_pending(name, row.pending, promoted=False, reason="")
            if row.pending != row.release:
                self._store.releases.set_status(name, row.pending, CANCELLED)
        self._logs.system(name, f"cancelled {row.pending}")
        self._wake(name)

    def app_logs(self, name: str, opts: LogsOptions) -> LogFeed:
        """Return the log of an app."""
        require_app(self._store, name)
        return self._logs.feed(name, opts)

    def _app(self, row: AppRow) -> App:
        return App(
            generation=row.generation,
            locked=row.locked,
            name=row.name,
            release=row.release,
            router=self._domain,
            status=status_of(row),
            parameters={"InternalDomains": "Yes", **row.parameters},
            reason=row.reason,
        )

    def _check_name(self, name: str) -> None:
        if name == self._layout.rack:
            raise InvalidError("App name cannot be same as Rack name")
        if name.lower() != name:
            raise InvalidError("App name cannot contain Uppercase characters")
        if not _CHARACTERS.fullmatch(name):
            raise InvalidError(
                "App name can only contain lowercase letters, numbers, hyphens and underscores"
            )
        if not _SHAPE.fullmatch(name):
            raise InvalidError("App name must begin and end with a letter or a number")
        if len(name) > _LONGEST_NAME:
            raise InvalidError(f"App name cannot be longer than {_LONGEST_NAME} characters")


def status_of(row: AppRow) -> str:
    """Return the status of an app as the wire has it."""
    if row.deleting:
        return "deleting"
    return "updating" if row.pending else "running"


def require_app(store: Store, name: str) -> AppRow:
    """Return the row of an app.

    Raises:
        NotFoundError: there is none.
    """
    row = store.apps.find(name)
    if row is None:
        raise NotFoundError(f"app not found: {name}")
    return row
