"""The shapes of the contract: what a rack answers and what a request may say.

Field names are ours, wire names follow from them (`_` becomes `-`) unless given. Every field is
classified; see fields.py. Absent times are None here and `0001-01-01T00:00:00Z` on the wire.
Frozen, keyword-only, no behaviour. Read rack.py next for the operations.

Source: wire.md sections 5 and 6.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from convox.api.fields import Classification, form, header, public, query, secret, sensitive

_SENSITIVE = Classification.SENSITIVE
_SECRET = Classification.SECRET


@dataclass(frozen=True, kw_only=True)
class App:
    """An app and the state it is in."""

    generation: str = public(default="2", omitempty=True)
    locked: bool = public(default=False)
    name: str = public(default="")
    release: str = public(default="")
    router: str = public(default="")
    status: str = public(default="")
    parameters: Mapping[str, str] | None = sensitive()
    reason: str = sensitive(default="", omitempty=True)
    """Why the last promote failed or a service is unwell, in one sentence and last lines; ours."""


@dataclass(frozen=True, kw_only=True)
class Build:
    """One build of an app's source; `release` is set once it is complete."""

    id: str = public(default="")
    app: str = public(default="")
    description: str = public(default="")
    entrypoint: str = public(default="")
    git_sha: str = public(default="")
    logs: str = sensitive(default="")
    manifest: str = sensitive(default="")
    process: str = public(default="")
    release: str = public(default="")
    reason: str = sensitive(default="")
    status: str = public(default="")
    started: datetime | None = public()
    ended: datetime | None = public()
    wildcard_domain: bool = public(default=False)


@dataclass(frozen=True, kw_only=True)
class Capacity:
    """What the instances hold and what the processes ask for; CPU in units, memory in MiB."""

    cluster_cpu: int = public(default=0)
    cluster_memory: int = public(default=0)
    instance_cpu: int = public(default=0)
    instance_memory: int = public(default=0)
    process_count: int = public(default=0)
    process_cpu: int = public(default=0)
    process_memory: int = public(default=0)
    process_width: int = public(default=0)


@dataclass(frozen=True, kw_only=True)
class Certificate:
    """A certificate that listeners may use."""

    id: str = public(default="")
    domain: str = public(default="")
    domains: tuple[str, ...] = public(default=())
    expiration: datetime | None = public()


@dataclass(frozen=True, kw_only=True)
class Instance:
    """A machine of the rack; cpu and memory are fractions 0 to 1."""

    agent: bool = public(default=False)
    cpu: float = public(default=0.0)
    id: str = public(default="")
    memory: float = public(default=0.0)
    private_ip: str = public(default="")
    processes: int = public(default=0)
    public_ip: str = public(default="")
    status: str = public(default="")
    started: datetime | None = public()


@dataclass(frozen=True, kw_only=True)
class MetricValue:
    """One period of a metric."""

    avg: float = public(default=0.0)
    count: float = public(default=0.0)
    max: float = public(default=0.0)
    min: float = public(default=0.0)
    p90: float = public(default=0.0)
    p95: float = public(default=0.0)
    p99: float = public(default=0.0)
    sum: float = public(default=0.0)
    time: datetime | None = public()


@dataclass(frozen=True, kw_only=True)
class Metric:
    """A named series."""

    name: str = public(default="")
    values: tuple[MetricValue, ...] = public(default=())


@dataclass(frozen=True, kw_only=True)
class Object:
    """Where a stored object can be named from, as `object://APP/KEY`."""

    url: str = public("Url", default="")


@dataclass(frozen=True, kw_only=True)
class Process:
    """A running or finished process of a service; `name` is the service."""

    id: str = public(default="")
    app: str = public(default="")
    command: str = sensitive(default="")
    cpu: float = public(default=0.0)
    host: str = public(default="")
    image: str = public(default="")
    instance: str = public(default="")
    memory: float = public(default=0.0)
    name: str = public(default="")
    ports: tuple[str, ...] = public(default=())
    release: str = public(default="")
    started: datetime | None = public()
    status: str = public(default="")
    task_definition: str = public("task_definition", default="")


@dataclass(frozen=True, kw_only=True)
class Registry:
    """Credentials for pulling images from elsewhere."""

    server: str = public(default="")
    username: str = sensitive(default="")
    password: str = secret(default="")


@dataclass(frozen=True, kw_only=True)
class Release:
    """A build, an env and a manifest, frozen together; `env` is K=V lines, empty in lists."""

    id: str = public(default="")
    app: str = public(default="")
    build: str = public(default="")
    env: str = secret(default="")
    manifest: str = sensitive(default="")
    description: str = public(default="")
    created: datetime | None = public()
    status: str = public(default="", omitempty=True)
    """active, promoting, failed, superseded or empty; ours."""
    reason: str = sensitive(default="", omitempty=True)
    """Why its promote failed; ours."""


@dataclass(frozen=True, kw_only=True)
class Resource:
    """A datastore or another thing an app links to; the URL holds its password."""

    name: str = public(default="")
    parameters: Mapping[str, str] | None = secret(omitempty=True)
    status: str = public(default="", omitempty=True)
    type: str = public(default="")
    url: str = secret(default="")
    apps: tuple[App, ...] = public(default=(), omitempty=True)


@dataclass(frozen=True, kw_only=True)
class ResourceParameter:
    """One option of a resource type."""

    default: str = public(default="")
    description: str = public(default="")
    name: str = public(default="")


@dataclass(frozen=True, kw_only=True)
class ResourceType:
    """A kind of resource that can be made."""

    name: str = public(default="")
    parameters: tuple[ResourceParameter, ...] = public(default=())


@dataclass(frozen=True, kw_only=True)
class ServicePort:
    """A port of the balancer and the container port behind it."""

    balancer: int = public(default=0)
    certificate: str = public(default="")
    container: int = public(default=0)


@dataclass(frozen=True, kw_only=True)
class ServiceNlbPort:
    """A listener of the network balancer."""

    container_port: int = public(default=0)
    port: int = public(default=0)
    protocol: str = public(default="")
    scheme: str = public(default="")
    certificate: str = public(default="")
    cross_zone: bool | None = public(omitempty=True)
    allow_cidr: tuple[str, ...] = public(default=(), omitempty=True)
    preserve_client_ip: bool | None = public(omitempty=True)


@dataclass(frozen=True, kw_only=True)
class Service:
    """A service of the active release; cpu in units of 1/1024, memory in MiB."""

    count: int = public(default=0)
    cpu: int = public(default=0)
    domain: str = public(default="")
    memory: int = public(default=0)
    name: str = public(default="")
    nlb: tuple[ServiceNlbPort, ...] | None = public()
    ports: tuple[ServicePort, ...] = public(default=())


@dataclass(frozen=True, kw_only=True)
class System:
    """The rack itself."""

    count: int = public(default=0)
    domain: str = public(default="")
    name: str = public(default="")
    outputs: Mapping[str, str] | None = public(omitempty=True)
    parameters: Mapping[str, str] | None = sensitive(omitempty=True)
    provider: str = public(default="")
    rack_domain: str = public(default="")
    region: str = public(default="")
    status: str = public(default="")
    type: str = public(default="")
    version: str = public(default="")


@dataclass(frozen=True, kw_only=True)
class SystemJwt:
    """A token that opens the rack for a time."""

    token: str = secret(default="")


@dataclass(frozen=True, kw_only=True)
class TimerRun:
    """One run of a timer, or the moments in a row that were missed; ours."""

    id: int = public(default=0)
    app: str = public(default="")
    timer: str = public(default="")
    due: datetime | None = public()
    """When the schedule wanted it, or when it was asked for."""
    ended: datetime | None = public()
    exit_code: int | None = public()
    """Null until it has ended, and if it never began."""
    manual: bool = public(default=False)
    process: str = public(default="")
    reason: str = sensitive(default="")
    """Why it failed, was left out or was missed."""
    release: str = public(default="")
    started: datetime | None = public()
    status: str = public(default="")
    """pending, running, complete, failed, skipped or missed."""


@dataclass(frozen=True, kw_only=True)
class Timer:
    """A command that runs on a schedule; ours."""

    name: str = public(default="")
    command: str = sensitive(default="")
    concurrency: str = public(default="")
    """allow or forbid."""
    last: TimerRun | None = public()
    next: datetime | None = public()
    """When the schedule comes next; absent if it never does."""
    schedule: str = public(default="")
    service: str = public(default="")


@dataclass(frozen=True, kw_only=True)
class AppCreateOptions:
    """What a new app is called."""

    name: str = form(default="")
    generation: str | None = form(help="generation of the app, 2")


@dataclass(frozen=True, kw_only=True)
class AppUpdateOptions:
    """Lock or parameters; absent is left alone."""

    lock: bool | None = form()
    parameters: Mapping[str, str] | None = form(cls=_SENSITIVE)


@dataclass(frozen=True, kw_only=True)
class BuildCreateOptions:
    """What to build and how; `url` is what object_store answered."""

    url: str = form(default="")
    build_args: tuple[str, ...] | None = form(cls=_SECRET, help="NAME=value build arguments")
    description: str | None = form()
    development: bool | None = form()
    git_sha: str | None = form()
    manifest: str | None = form(help="path of the manifest in the archive")
    no_cache: bool | None = form()
    wildcard_domain: bool | None = form()


@dataclass(frozen=True, kw_only=True)
class BuildUpdateOptions:
    """What a build worker reports."""

    ended: datetime | None = form()
    entrypoint: str | None = form()
    logs: str | None = form(cls=_SENSITIVE)
    manifest: str | None = form(cls=_SENSITIVE)
    release: str | None = form()
    started: datetime | None = form()
    status: str | None = form()


@dataclass(frozen=True, kw_only=True)
class ListOptions:
    """How many, newest first; 10 when absent."""

    limit: int | None = query()


@dataclass(frozen=True, kw_only=True)
class LogsOptions:
    """Which lines of a log; `follow` absent means true, `since` absent means two minutes."""

    filter: str | None = header()
    follow: bool | None = header()
    prefix: bool | None = header()
    since: timedelta | None = header()


@dataclass(frozen=True, kw_only=True)
class MetricsOptions:
    """Which metrics over which time; period in seconds."""

    end: datetime | None = query()
    metrics: tuple[str, ...] | None = query()
    start: datetime | None = query()
    period: int | None = query()


@dataclass(frozen=True, kw_only=True)
class CertificateApplyOptions:
    """Which certificate a port shows."""

    id: str = form(default="")


@dataclass(frozen=True, kw_only=True)
class CertificateCreateOptions:
    """A certificate and its key, PEM."""

    pub: str = form(default="")
    key: str = form(default="", cls=_SECRET)
    chain: str | None = form()


@dataclass(frozen=True, kw_only=True)
class CertificateGenerateOptions:
    """The names a certificate is asked for."""

    domains: tuple[str, ...] = form(default=())


@dataclass(frozen=True, kw_only=True)
class EventSendOptions:
    """A notice for whoever listens to the rack."""

    action: str = form(default="")
    data: Mapping[str, str] | None = form(cls=_SENSITIVE)
    error: str | None = form(cls=_SENSITIVE)
    status: str | None = form()


@dataclass(frozen=True, kw_only=True)
class FilesDeleteOptions:
    """Absolute paths to remove."""

    files: tuple[str, ...] = query(default=())


@dataclass(frozen=True, kw_only=True)
class FilesDownloadOptions:
    """The absolute path to fetch."""

    file: str = query(default="")


@dataclass(frozen=True, kw_only=True)
class InstanceShellOptions:
    """The command and the terminal of a shell on an instance."""

    command: str | None = header(cls=_SENSITIVE)
    height: int | None = header()
    width: int | None = header()


@dataclass(frozen=True, kw_only=True)
class ObjectListOptions:
    """Only keys that begin so."""

    prefix: str | None = query()


@dataclass(frozen=True, kw_only=True)
class ProcessExecOptions:
    """The command and the terminal of an exec; `tty` absent means true."""

    command: str = header(default="", cls=_SENSITIVE)
    entrypoint: bool | None = header()
    height: int | None = header()
    tty: bool | None = header()
    width: int | None = header()


@dataclass(frozen=True, kw_only=True)
class ProcessListOptions:
    """Only those of a release or a service."""

    release: str | None = query()
    service: str | None = query()


@dataclass(frozen=True, kw_only=True)
class ProcessRunOptions:
    """A one-off process; memory in MiB."""

    command: str | None = header(cls=_SENSITIVE)
    environment: Mapping[str, str] | None = header(cls=_SECRET)
    height: int | None = header()
    image: str | None = header()
    memory: int | None = header()
    release: str | None = header()
    volumes: Mapping[str, str] | None = header()
    width: int | None = header()


@dataclass(frozen=True, kw_only=True)
class RegistryAddOptions:
    """Credentials of a registry."""

    server: str = form(default="")
    username: str = form(default="", cls=_SENSITIVE)
    password: str = form(default="", cls=_SECRET)


@dataclass(frozen=True, kw_only=True)
class ReleaseCreateOptions:
    """What differs from the newest release; `env` is the whole env as K=V lines."""

    build: str | None = form()
    description: str | None = form()
    env: str | None = form(cls=_SECRET)


@dataclass(frozen=True, kw_only=True)
class ReleasePromoteOptions:
    """How to roll; min and max in percent, timeout in seconds."""

    development: bool | None = form()
    force: bool | None = form()
    idle: bool | None = form()
    min: int | None = form()
    max: int | None = form()
    timeout: int | None = form()
    xrds: str | None = form()
    xignore: str | None = form()
    xsnapshot: str | None = form()


@dataclass(frozen=True, kw_only=True)
class ServiceUpdateOptions:
    """Scale; absent is left alone."""

    count: int | None = form()
    cpu: int | None = form()
    memory: int | None = form()


@dataclass(frozen=True, kw_only=True)
class SystemJwtTokenOptions:
    """Role `read` or `write`, and hours as text as the existing client sends them."""

    role: str = form(default="")
    duration_in_hour: str = form("durationInHour", default="")


@dataclass(frozen=True, kw_only=True)
class SystemPasswordOptions:
    """The password that shall open the rack; ours."""

    password: str = form(default="", cls=_SECRET)


@dataclass(frozen=True, kw_only=True)
class SystemProcessesOptions:
    """The rack's own processes, or all apps' too."""

    all: bool | None = query()


@dataclass(frozen=True, kw_only=True)
class SystemUpdateOptions:
    """Scale, parameters or version of the rack."""

    count: int | None = form()
    parameters: Mapping[str, str] | None = form(cls=_SENSITIVE)
    type: str | None = form()
    version: str | None = form()


@dataclass(frozen=True, kw_only=True)
class SystemResourceCreateOptions:
    """A rack-level resource."""

    kind: str = form(default="")
    name: str | None = form()
    parameters: Mapping[str, str] | None = form(cls=_SECRET)


@dataclass(frozen=True, kw_only=True)
class SystemResourceLinkOptions:
    """The app that is linked."""

    app: str = form(default="")


@dataclass(frozen=True, kw_only=True)
class SystemResourceUpdateOptions:
    """New parameters of a rack-level resource."""

    parameters: Mapping[str, str] | None = form(cls=_SECRET)
