"""What keeps a release from being promoted, said before anything is touched.

Names of hosts are the rack's only shared name space: the default names of two apps can be the
same (`a-b` with `c`, `a` with `b-c`), and any app may ask for any domain. The first has it.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import datetime

from convox.api.types import Release
from convox.core.errors import ConflictError, ConvoxError, InvalidError
from convox.manifest import Manifest
from convox.manifest.model import Service, Timer
from convox.manifest.schedule import CONCURRENCY
from convox.providers.local.cron import Schedule, schedule
from convox.providers.local.desired import host_paths, hosts_of, target_of
from convox.providers.local.layout import Layout
from convox.providers.local.options import RackOptions
from convox.providers.local.store import Store
from convox.providers.local.store.apps import AppRow
from convox.providers.local.wishes import Wishes

_LONGEST_LABEL = 63
_TIMER_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,62}")
_SOCKETS = frozenset({"/var/run/docker.sock", "/var/run/"})
"""Host paths that are the engine itself, which no app may have."""


def check_state(row: AppRow, release: Release, active: Release | None, *, force: bool) -> None:
    """Refuse while the app is changing, without a manifest, and for an older release.

    Raises:
        ConflictError: the app is being changed, or deleted.
        InvalidError: the release cannot be promoted at all.
    """
    if row.deleting:
        raise ConflictError(f"app is being deleted: {row.name}")
    if row.pending and not force:
        raise ConflictError(
            "app is currently updating",
            fix=f"wait for {row.pending}, or stop it: convox apps cancel -a {row.name}",
        )
    if not release.manifest.strip():
        raise InvalidError("can not promote a release with an empty manifest")
    if active is not None and created(release) < created(active):
        raise InvalidError(
            "can not promote an older release, try rollback",
            fix=f"convox releases rollback {release.id} -a {row.name}",
        )


def check_manifest(layout: Layout, app: str, manifest: Manifest, options: RackOptions) -> None:
    """Refuse what this rack cannot or may not run.

    Raises:
        InvalidError: the manifest asks for it.
    """
    for service in manifest.services:
        _check_service(layout, app, service, options)


def check_timers(manifest: Manifest, now: datetime) -> None:
    """Refuse timers that cannot run.

    Args:
        manifest: of the release.
        now: from when on a schedule must come at least once.

    Raises:
        InvalidError: it names the timer and says what is wrong.
    """
    services = [service.name for service in manifest.services]
    for timer in manifest.timers:
        if not _TIMER_NAME.fullmatch(timer.name):
            raise InvalidError(f"timer name {timer.name} invalid: only letters, digits, - and _")
        if not timer.command:
            raise InvalidError(f"timer {timer.name} has no command")
        if timer.service not in services:
            raise InvalidError(
                f"timer {timer.name}: no such service: {timer.service}",
                fix=f"the services are {', '.join(services)}",
            )
        if timer.concurrency not in CONCURRENCY:
            raise InvalidError(
                f'timer {timer.name}: concurrency must be allow or forbid: "{timer.concurrency}"'
            )
        if _schedule(timer).next(now) is None:
            raise InvalidError(f'timer {timer.name}: schedule "{timer.schedule}" never comes')


def _schedule(timer: Timer) -> Schedule:
    try:
        return schedule(timer.schedule)
    except InvalidError as error:
        raise InvalidError(f"timer {timer.name}: {error.what}", fix=error.fix) from error


def check_hosts(store: Store, layout: Layout, wishes: Wishes, app: str, manifest: Manifest) -> None:
    """Refuse a host that another app has, or shall have.

    Raises:
        ConflictError: it names the other app.
    """
    wanted = set(_hosts(layout, app, manifest))
    for row in store.apps.all():
        if row.name == app:
            continue
        for id in filter(None, (row.release, row.pending)):
            release = store.releases.find(row.name, id)
            if release is None:
                continue
            taken = wanted & set(_hosts(layout, row.name, wishes.manifest(release)))
            if taken:
                raise ConflictError(
                    f'host {min(taken)} belongs to app "{row.name}"',
                    fix="rename a service, change its domain, or delete the other app",
                )


def check_target(layout: Layout, wishes: Wishes, app: str, release: str) -> None:
    """Refuse a release whose services cannot be made out, such as for a missing variable.

    Raises:
        InvalidError: it says which.
    """
    target_of(layout, wishes.wish(app, release))


def _check_service(layout: Layout, app: str, service: Service, options: RackOptions) -> None:
    if service.privileged and not options.allow_privileged:
        raise InvalidError(
            f"service {service.name}: privileged is not allowed on this rack",
            fix="its owner may allow it: convox rack params set AllowPrivileged=Yes",
        )
    paths = host_paths(service)
    for path in paths:
        if path in _SOCKETS:
            raise InvalidError(f"service {service.name}: {path} of the host is never mounted")
    if paths and not options.allow_host_volumes:
        raise InvalidError(
            f"service {service.name}: {paths[0]} of the host is not mounted on this rack",
            fix="its owner may allow it: convox rack params set AllowHostVolumes=Yes",
        )
    label = f"{app}-{service.name}"
    if service.port.port and len(label) > _LONGEST_LABEL:
        raise InvalidError(
            f"service {service.name}: the host name {label} is longer than"
            f" {_LONGEST_LABEL} characters"
        )


def _hosts(layout: Layout, app: str, manifest: Manifest) -> Iterable[str]:
    for service in manifest.services:
        yield from hosts_of(layout, app, service)


def created(release: Release) -> datetime:
    """Return when a release was made."""
    if release.created is None:
        raise ConvoxError(f"release {release.id} has no time")
    return release.created
