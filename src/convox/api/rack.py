"""The contract of a rack: every operation, its route, its permission and its audit event.

This is the one page to read first. Server routes, the typed client, OpenAPI, the authorization
matrix and the reference page come from it. A provider *is* an implementation of `Rack`, and so is
the client over HTTP. Path parameters are positional and named as in the route; everything else a
request says is in one options shape, whose fields know where they travel (types.py, fields.py).

Implementers do not inherit this class: a body of `...` would answer None in silence. A provider
may leave an operation out; the server then answers 404 with a plain sentence.

The order matters where patterns overlap: the first that matches wins (`.tgz` before `{id}`).
SOCKET is GET with `Upgrade: websocket`. An operation with an empty event is not audited as an
act. A permission whose last word is `read` is all that a read-only token may use.

Source: wire.md section 5. Read operations.py next: it turns this page into a table.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol, TypeVar

from convox.api.types import (
    App,
    AppCreateOptions,
    AppUpdateOptions,
    Build,
    BuildCreateOptions,
    BuildUpdateOptions,
    Capacity,
    Certificate,
    CertificateApplyOptions,
    CertificateCreateOptions,
    CertificateGenerateOptions,
    EventSendOptions,
    FilesDeleteOptions,
    FilesDownloadOptions,
    Instance,
    InstanceShellOptions,
    ListOptions,
    LogsOptions,
    Metric,
    MetricsOptions,
    Object,
    ObjectListOptions,
    Process,
    ProcessExecOptions,
    ProcessListOptions,
    ProcessRunOptions,
    Registry,
    RegistryAddOptions,
    Release,
    ReleaseCreateOptions,
    ReleasePromoteOptions,
    Resource,
    ResourceType,
    Service,
    ServiceUpdateOptions,
    System,
    SystemJwt,
    SystemJwtTokenOptions,
    SystemPasswordOptions,
    SystemProcessesOptions,
    SystemResourceCreateOptions,
    SystemResourceLinkOptions,
    SystemResourceUpdateOptions,
    SystemUpdateOptions,
    Timer,
    TimerRun,
)
from convox.core.stream import Chunks, LogFeed, Stream

_F = TypeVar("_F", bound=Callable[..., object])


def route(path: str, permission: str, *, event: str = "") -> Callable[[_F], _F]:
    """Attach method and path, permission and event to an operation."""

    def attach(function: _F) -> _F:
        function.__dict__["route"] = (path, permission, event)
        return function

    return attach


class Rack(Protocol):
    """Everything a rack can be asked."""

    @route("GET /apps", "app:read")
    def app_list(self) -> tuple[App, ...]:
        """Return every app, by name."""
        ...

    @route("POST /apps", "app:create", event="app:create")
    def app_create(self, opts: AppCreateOptions) -> App:
        """Create an app; refused if the name is taken."""
        ...

    @route("GET /apps/{name}", "app:read")
    def app_get(self, name: str) -> App:
        """Return an app."""
        ...

    @route("PUT /apps/{name}", "app:update", event="app:update")
    def app_update(self, name: str, opts: AppUpdateOptions) -> None:
        """Change the lock or the parameters."""
        ...

    @route("DELETE /apps/{name}", "app:delete", event="app:delete")
    def app_delete(self, name: str) -> None:
        """Delete an app and what it owns; refused while it is locked."""
        ...

    @route("POST /apps/{name}/cancel", "release:promote", event="app:cancel")
    def app_cancel(self, name: str) -> None:
        """Stop the promote under way; the old release stays."""
        ...

    @route("SOCKET /apps/{name}/logs", "log:read")
    def app_logs(self, name: str, opts: LogsOptions) -> LogFeed:
        """Follow the log of an app."""
        ...

    @route("GET /apps/{name}/metrics", "metric:read")
    def app_metrics(self, name: str, opts: MetricsOptions) -> tuple[Metric, ...]:
        """Return metrics of an app."""
        ...

    @route("POST /apps/{app}/builds/import", "build:create", event="app:build:import")
    def build_import(self, app: str, body: Chunks) -> Build:
        """Import an exported build; answers it with its new release."""
        ...

    @route("GET /apps/{app}/builds/{id}.tgz", "build:export", event="app:build:export")
    def build_export(self, app: str, id: str) -> Chunks:
        """Return a build as a gzip tar."""
        ...

    @route("POST /apps/{app}/builds", "build:create", event="app:build:create")
    def build_create(self, app: str, opts: BuildCreateOptions) -> Build:
        """Start a build; the status answered is already `running`."""
        ...

    @route("GET /apps/{app}/builds", "build:read")
    def build_list(self, app: str, opts: ListOptions) -> tuple[Build, ...]:
        """Return builds, newest first."""
        ...

    @route("GET /apps/{app}/builds/{id}", "build:read")
    def build_get(self, app: str, id: str) -> Build:
        """Return a build."""
        ...

    @route("PUT /apps/{app}/builds/{id}", "build:create", event="app:build:update")
    def build_update(self, app: str, id: str, opts: BuildUpdateOptions) -> Build:
        """Record what a build worker reports."""
        ...

    @route("SOCKET /apps/{app}/builds/{id}/logs", "build:read")
    def build_logs(self, app: str, id: str, opts: LogsOptions) -> LogFeed:
        """Follow the log of a build from its beginning to its end."""
        ...

    @route(
        "PUT /apps/{app}/ssl/{service}/{port}",
        "certificate:apply",
        event="app:certificate:apply",
    )
    def certificate_apply(
        self, app: str, service: str, port: str, opts: CertificateApplyOptions
    ) -> None:
        """Show a certificate on a port."""
        ...

    @route("POST /certificates/generate", "certificate:create", event="certificate:generate")
    def certificate_generate(self, opts: CertificateGenerateOptions) -> Certificate:
        """Ask for a certificate for names."""
        ...

    @route("POST /certificates", "certificate:create", event="certificate:create")
    def certificate_create(self, opts: CertificateCreateOptions) -> Certificate:
        """Import a certificate and its key."""
        ...

    @route("GET /certificates", "certificate:read")
    def certificate_list(self) -> tuple[Certificate, ...]:
        """Return certificates, by id."""
        ...

    @route("DELETE /certificates/{id}", "certificate:delete", event="certificate:delete")
    def certificate_delete(self, id: str) -> None:
        """Delete a certificate."""
        ...

    @route("POST /events", "event:send", event="event:send")
    def event_send(self, opts: EventSendOptions) -> None:
        """Send a notice to whoever listens."""
        ...

    @route(
        "GET /apps/{app}/processes/{pid}/files",
        "process:files",
        event="app:process:files:download",
    )
    def files_download(self, app: str, pid: str, opts: FilesDownloadOptions) -> Chunks:
        """Return a path of a process as an uncompressed tar."""
        ...

    @route(
        "POST /apps/{app}/processes/{pid}/files",
        "process:files",
        event="app:process:files:upload",
    )
    def files_upload(self, app: str, pid: str, body: Chunks) -> None:
        """Extract an uncompressed tar at the root of a process."""
        ...

    @route(
        "DELETE /apps/{app}/processes/{pid}/files",
        "process:files",
        event="app:process:files:delete",
    )
    def files_delete(self, app: str, pid: str, opts: FilesDeleteOptions) -> None:
        """Remove paths from a process."""
        ...

    @route("POST /instances/keyroll", "instance:update", event="instance:keyroll")
    def instance_keyroll(self) -> None:
        """Replace the key of the instances."""
        ...

    @route("GET /instances", "instance:read")
    def instance_list(self) -> tuple[Instance, ...]:
        """Return the instances, by id."""
        ...

    @route("SOCKET /instances/{id}/shell", "instance:shell", event="instance:shell")
    def instance_shell(self, id: str, stream: Stream, opts: InstanceShellOptions) -> int:
        """Open a shell on an instance; answers its exit status."""
        ...

    @route("DELETE /instances/{id}", "instance:update", event="instance:terminate")
    def instance_terminate(self, id: str) -> None:
        """Terminate an instance."""
        ...

    @route("HEAD /apps/{app}/objects/{key:.*}", "object:read")
    def object_exists(self, app: str, key: str) -> bool:
        """Tell whether an object is there."""
        ...

    @route("GET /apps/{app}/objects/{key:.*}", "object:read")
    def object_fetch(self, app: str, key: str) -> Chunks:
        """Return an object's bytes."""
        ...

    @route("POST /apps/{app}/objects/{key:.*}", "object:create", event="app:object:store")
    def object_store(self, app: str, key: str, body: Chunks) -> Object:
        """Store bytes under a key; an empty key is replaced by a random one under `tmp/`."""
        ...

    @route("DELETE /apps/{app}/objects/{key:.*}", "object:delete", event="app:object:delete")
    def object_delete(self, app: str, key: str) -> None:
        """Delete an object."""
        ...

    @route("GET /apps/{app}/objects", "object:read")
    def object_list(self, app: str, opts: ObjectListOptions) -> tuple[str, ...]:
        """Return keys."""
        ...

    @route("SOCKET /apps/{app}/processes/{pid}/exec", "process:exec", event="app:process:exec")
    def process_exec(self, app: str, pid: str, stream: Stream, opts: ProcessExecOptions) -> int:
        """Run a command in a process; answers its exit status."""
        ...

    @route("SOCKET /apps/{app}/processes/{pid}/logs", "log:read")
    def process_logs(self, app: str, pid: str, opts: LogsOptions) -> LogFeed:
        """Follow the log of one process."""
        ...

    @route("GET /apps/{app}/processes", "process:read")
    def process_list(self, app: str, opts: ProcessListOptions) -> tuple[Process, ...]:
        """Return processes, by name and id."""
        ...

    @route("GET /apps/{app}/processes/{pid}", "process:read")
    def process_get(self, app: str, pid: str) -> Process:
        """Return a process."""
        ...

    @route("POST /apps/{app}/services/{service}/processes", "process:run", event="app:process:run")
    def process_run(self, app: str, service: str, opts: ProcessRunOptions) -> Process:
        """Start a one-off process of a service."""
        ...

    @route("DELETE /apps/{app}/processes/{pid}", "process:stop", event="app:process:stop")
    def process_stop(self, app: str, pid: str) -> None:
        """Stop a process; a service's is replaced."""
        ...

    @route("SOCKET /proxy/{host}/{port}", "rack:proxy", event="rack:proxy")
    def proxy(self, host: str, port: str, stream: Stream) -> None:
        """Carry bytes to a host and port that the rack can reach."""
        ...

    @route("POST /registries", "registry:create", event="registry:add")
    def registry_add(self, opts: RegistryAddOptions) -> Registry:
        """Store credentials of a registry."""
        ...

    @route("GET /registries", "registry:read")
    def registry_list(self) -> tuple[Registry, ...]:
        """Return registries, by server."""
        ...

    @route("DELETE /registries/{server:.*}", "registry:delete", event="registry:remove")
    def registry_remove(self, server: str) -> None:
        """Forget credentials of a registry."""
        ...

    @route("POST /apps/{app}/releases", "release:create", event="app:release:create")
    def release_create(self, app: str, opts: ReleaseCreateOptions) -> Release:
        """Create a release from the newest one and what is given."""
        ...

    @route("GET /apps/{app}/releases", "release:read")
    def release_list(self, app: str, opts: ListOptions) -> tuple[Release, ...]:
        """Return releases, newest first, without env."""
        ...

    @route("GET /apps/{app}/releases/{id}", "release:read", event="app:release:get")
    def release_get(self, app: str, id: str) -> Release:
        """Return a release with its env."""
        ...

    @route("POST /apps/{app}/releases/{id}/promote", "release:promote", event="app:release:promote")
    def release_promote(self, app: str, id: str, opts: ReleasePromoteOptions) -> None:
        """Write the wish that a release runs; answers before it does."""
        ...

    @route("GET /apps/{app}/resources", "resource:read")
    def resource_list(self, app: str) -> tuple[Resource, ...]:
        """Return the resources of an app, by name."""
        ...

    @route("GET /apps/{app}/resources/{name}", "resource:read")
    def resource_get(self, app: str, name: str) -> Resource:
        """Return a resource of an app."""
        ...

    @route("GET /apps/{app}/resources/{name}/data", "resource:export", event="app:resource:export")
    def resource_export(self, app: str, name: str) -> Chunks:
        """Return a dump of a resource's data."""
        ...

    @route("PUT /apps/{app}/resources/{name}/data", "resource:import", event="app:resource:import")
    def resource_import(self, app: str, name: str, body: Chunks) -> None:
        """Replace a resource's data by a dump."""
        ...

    @route("DELETE /apps/{app}/resources/{name}", "resource:delete", event="app:resource:delete")
    def resource_delete(self, app: str, name: str) -> None:
        """Delete a resource that no release lists, with its data."""
        ...

    @route(
        "POST /apps/{app}/resources/{resource}/deletion-protection-and-snapshot/{snapshot}",
        "resource:update",
        event="app:resource:protect",
    )
    def resource_db_protect(self, app: str, resource: str, snapshot: str) -> str:
        """Protect and snapshot a database before it is replaced."""
        ...

    @route("GET /rds/snapshots/{snapshot}", "resource:read")
    def rds_snapshot_complete(self, snapshot: str) -> bool:
        """Tell whether a database snapshot is complete."""
        ...

    @route("DELETE /rds/{resource}", "resource:delete", event="resource:delete")
    def rds_delete(self, resource: str) -> None:
        """Delete a database left by a replacement."""
        ...

    @route("GET /apps/{app}/services", "service:read")
    def service_list(self, app: str) -> tuple[Service, ...]:
        """Return the services of the active release, in the manifest's order."""
        ...

    @route("GET /apps/{app}/services/{name}/metrics", "metric:read")
    def service_metrics(self, app: str, name: str, opts: MetricsOptions) -> tuple[Metric, ...]:
        """Return metrics of a service."""
        ...

    @route(
        "POST /apps/{app}/services/{name}/restart",
        "service:restart",
        event="app:service:restart",
    )
    def service_restart(self, app: str, name: str) -> None:
        """Replace the processes of a service, as a deploy would."""
        ...

    @route("PUT /apps/{app}/services/{name}", "service:scale", event="app:service:update")
    def service_update(self, app: str, name: str, opts: ServiceUpdateOptions) -> None:
        """Scale a service."""
        ...

    @route("GET /apps/{app}/timers", "timer:read")
    def timer_list(self, app: str) -> tuple[Timer, ...]:
        """Return the timers of the active release, in the manifest's order; ours."""
        ...

    @route("GET /apps/{app}/timers/{name}/runs", "timer:read")
    def timer_runs(self, app: str, name: str, opts: ListOptions) -> tuple[TimerRun, ...]:
        """Return runs of a timer, newest first; ours."""
        ...

    @route("POST /apps/{app}/timers/{name}/run", "timer:run", event="app:timer:run")
    def timer_run(self, app: str, name: str) -> TimerRun:
        """Run a timer now, whatever its schedule says; ours."""
        ...

    @route("GET /system", "rack:read")
    def system_get(self) -> System:
        """Return the rack."""
        ...

    @route("PUT /system", "rack:update", event="rack:update")
    def system_update(self, opts: SystemUpdateOptions) -> None:
        """Change count, parameters, type or version of the rack."""
        ...

    @route("POST /system/jwt/token", "rack:access", event="rack:access")
    def system_jwt_token(self, opts: SystemJwtTokenOptions) -> SystemJwt:
        """Make a token that opens the rack for a time."""
        ...

    @route("PUT /system/jwt/rotate", "rack:access", event="rack:access:rotate")
    def system_jwt_rotate(self) -> None:
        """Replace the key that signs tokens; all of them end."""
        ...

    @route("PUT /system/password", "rack:access", event="rack:password:rotate")
    def system_password_rotate(self, opts: SystemPasswordOptions) -> None:
        """Let a new password open the rack beside the one before; ours."""
        ...

    @route("PUT /system/password/confirm", "rack:access", event="rack:password:confirm")
    def system_password_confirm(self, opts: SystemPasswordOptions) -> None:
        """Let only the new password open the rack, shown once more; ours."""
        ...

    @route("SOCKET /system/logs", "rack:logs:read")
    def system_logs(self, opts: LogsOptions) -> LogFeed:
        """Follow the log of the rack."""
        ...

    @route("GET /system/metrics", "metric:read")
    def system_metrics(self, opts: MetricsOptions) -> tuple[Metric, ...]:
        """Return metrics of the rack."""
        ...

    @route("GET /system/processes", "process:read")
    def system_processes(self, opts: SystemProcessesOptions) -> tuple[Process, ...]:
        """Return the rack's processes."""
        ...

    @route("GET /system/releases", "rack:read")
    def system_releases(self) -> tuple[Release, ...]:
        """Return the versions the rack has run, newest first."""
        ...

    @route("GET /system/sync/whitelist/instances/ip", "rack:update", event="rack:sync")
    def system_sync_instances_ip(self) -> None:
        """Bring the whitelist up to date with the instances' addresses."""
        ...

    @route("GET /system/capacity", "rack:read")
    def capacity_get(self) -> Capacity:
        """Return what the rack holds and what runs on it."""
        ...

    @route("POST /resources", "rack:resource:create", event="rack:resource:create")
    def system_resource_create(self, opts: SystemResourceCreateOptions) -> Resource:
        """Create a rack-level resource."""
        ...

    @route("GET /resources", "rack:resource:read")
    def system_resource_list(self) -> tuple[Resource, ...]:
        """Return rack-level resources, by name."""
        ...

    @route("OPTIONS /resources", "rack:resource:read")
    def system_resource_types(self) -> tuple[ResourceType, ...]:
        """Return the types of rack-level resources."""
        ...

    @route("GET /resources/{name}", "rack:resource:read")
    def system_resource_get(self, name: str) -> Resource:
        """Return a rack-level resource."""
        ...

    @route("PUT /resources/{name}", "rack:resource:update", event="rack:resource:update")
    def system_resource_update(self, name: str, opts: SystemResourceUpdateOptions) -> Resource:
        """Change a rack-level resource."""
        ...

    @route("DELETE /resources/{name}", "rack:resource:delete", event="rack:resource:delete")
    def system_resource_delete(self, name: str) -> None:
        """Delete a rack-level resource."""
        ...

    @route("POST /resources/{name}/links", "rack:resource:link", event="rack:resource:link")
    def system_resource_link(self, name: str, opts: SystemResourceLinkOptions) -> Resource:
        """Link a rack-level resource to an app."""
        ...

    @route(
        "DELETE /resources/{name}/links/{app}",
        "rack:resource:link",
        event="rack:resource:unlink",
    )
    def system_resource_unlink(self, name: str, app: str) -> Resource:
        """Unlink a rack-level resource from an app."""
        ...
