"""A rack in memory: the main life of the contract for real, without containers.

Apps, objects, builds, releases, promote, processes and logs keep state and refuse what a rack
refuses, in the same words. Commands run on this machine with `sh -c`, in a directory that stands
for the process's file system. What it leaves out, a server over it answers as not supported.
"""

from __future__ import annotations

import dataclasses
import io
import re
import shutil
import tarfile
import tempfile
from datetime import UTC, datetime, timedelta
from pathlib import Path
from threading import RLock

import yaml

from convox.api import types
from convox.core import ids, tokens
from convox.core.errors import ConflictError, InvalidError, NotFoundError
from convox.core.stream import Chunks
from tests.fakes import shell
from tests.fakes.logs import FakeLog

_NAME = re.compile(r"[a-z][a-z0-9-]{0,62}")


class FakeKeys:
    """Keeps the key that signs tokens in memory."""

    def __init__(self):
        self._key = tokens.new_key()

    def load(self):
        return self._key

    def rotate(self):
        self._key = tokens.new_key()


class Bytes:
    """A body out of memory."""

    def __init__(self, data):
        self._file = io.BytesIO(data)
        self.closed = False

    def read(self, size=65536, /):
        return self._file.read(size)

    def close(self):
        self.closed = True


class _Output:
    """A stream without a client: what is written goes to a log, line by line."""

    gone = False

    def __init__(self, log, name):
        self._log, self._name, self._rest = log, name, b""

    def read(self):
        return b""

    def write(self, data):
        *lines, self._rest = (self._rest + data).split(b"\n")
        for line in lines:
            self._log.write(line.decode(errors="replace"), self._name)

    def close(self):
        pass


class FakeRack:
    """Implements `Rack`; close it to remove its files."""

    def __init__(self, keys=None):
        self._lock = RLock()
        self._keys = keys or FakeKeys()
        self._files = Path(tempfile.mkdtemp(prefix="fake-rack-"))
        self._now = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
        self._apps = {}
        self._objects = {}
        self._builds = {}
        self._build_logs = {}
        self._releases = {}
        self._counts = {}
        self._processes = {}
        self._registries = {}
        self._parameters = {"LogRetention": "7"}
        self.logs = {}
        self.log = FakeLog()

    def close(self):
        for log in (*self.logs.values(), *self._build_logs.values(), self.log):
            log.end()
        shutil.rmtree(self._files, ignore_errors=True)

    def app_list(self):
        return tuple(self._apps.values())

    def app_create(self, opts):
        if not _NAME.fullmatch(opts.name):
            raise InvalidError(f'invalid app name: "{opts.name}"')
        with self._lock:
            if opts.name in self._apps:
                raise ConflictError(f"app already exists: {opts.name}")
            self.logs[opts.name] = FakeLog()
            return self._put(
                types.App(
                    name=opts.name,
                    generation=opts.generation or "2",
                    status="running",
                    router="router.fake",
                    parameters={},
                )
            )

    def app_get(self, name):
        return self._found(self._apps, name, "app")

    def app_update(self, name, opts):
        app = self.app_get(name)
        lock = app.locked if opts.lock is None else opts.lock
        parameters = {**(app.parameters or {}), **(opts.parameters or {})}
        self._put(dataclasses.replace(app, locked=lock, parameters=parameters))

    def app_delete(self, name):
        if self.app_get(name).locked:
            raise ConflictError(f"app is locked: {name}")
        del self._apps[name]
        self.logs.pop(name).end()

    def app_cancel(self, name):
        if self.app_get(name).status != "updating":
            raise ConflictError("app is not updating")
        self._put(dataclasses.replace(self.app_get(name), status="running"))

    def app_logs(self, name, opts):
        self.app_get(name)
        return self.logs[name].feed(opts)

    def build_create(self, app, opts):
        self.app_get(app)
        key = opts.url.removeprefix(f"object://{app}/")
        source = self._found(self._objects, (app, key), "object", key)
        build = types.Build(
            id=ids.build_id(),
            app=app,
            description=opts.description or "",
            git_sha=opts.git_sha or "",
            status="running",
            started=self._tick(),
        )
        with self._lock:
            self._builds[build.id] = build
            self._build_logs[build.id] = FakeLog()
        self._build(build, source, opts.manifest or "convox.yml")
        return build

    def build_get(self, app, id):
        self.app_get(app)
        return self._found(self._builds, id, "build")

    def build_list(self, app, opts):
        self.app_get(app)
        mine = [b for b in reversed(self._builds.values()) if b.app == app]
        return tuple(mine[: opts.limit or 10])

    def build_logs(self, app, id, opts):
        self.build_get(app, id)
        return self._build_logs[id].feed()

    def build_export(self, app, id):
        return Bytes(b"\x1f\x8b" + self.build_get(app, id).id.encode())

    def build_import(self, app, body):
        data = _read(body)
        if data[:2] != b"\x1f\x8b":
            raise InvalidError("not a gzip archive")
        build = types.Build(id=ids.build_id(), app=app, status="complete", started=self._tick())
        release = self._release(app, build=build.id, description="import")
        return self._builds.setdefault(build.id, dataclasses.replace(build, release=release.id))

    def object_store(self, app, key, body):
        self.app_get(app)
        key = key or "tmp/" + ids.request_id() + ids.request_id() + "abcdef"
        self._objects[app, key] = _read(body)
        return types.Object(url=f"object://{app}/{key}")

    def object_fetch(self, app, key):
        return Bytes(self._found(self._objects, (app, key), "object", key))

    def object_exists(self, app, key):
        self.app_get(app)
        return (app, key) in self._objects

    def object_delete(self, app, key):
        self._found(self._objects, (app, key), "object", key)
        del self._objects[app, key]

    def object_list(self, app, opts):
        self.app_get(app)
        keys = (key for owner, key in self._objects if owner == app)
        return tuple(sorted(key for key in keys if key.startswith(opts.prefix or "")))

    def release_create(self, app, opts):
        self.app_get(app)
        newest = next(iter(self._newest(app)), types.Release())
        build = opts.build or newest.build
        env = newest.env if opts.env is None else opts.env
        return self._release(app, build=build, env=env, description=opts.description or "")

    def release_get(self, app, id):
        self.app_get(app)
        return self._found(self._releases, id, "release")

    def release_list(self, app, opts):
        self.app_get(app)
        newest = self._newest(app)[: opts.limit or 10]
        return tuple(dataclasses.replace(release, env="") for release in newest)

    def release_promote(self, app, id, opts):
        release = self.release_get(app, id)
        found = self.app_get(app)
        if not release.manifest.strip():
            raise InvalidError("can not promote a release with an empty manifest")
        active = self._releases.get(found.release)
        if active and release.created < active.created:
            raise InvalidError("can not promote an older release, try rollback")
        self._put(dataclasses.replace(found, release=id))
        self.logs[app].write(f"promoted {id}", f"system/fake/{app}")
        self._converge(app)

    def service_list(self, app):
        release = self._releases.get(self.app_get(app).release)
        if not release:
            return ()
        services = yaml.safe_load(release.manifest)["services"]
        return tuple(
            types.Service(
                name=name,
                count=self._counts.get((app, name), 1),
                cpu=256,
                memory=512,
                ports=(types.ServicePort(balancer=443, container=(service or {}).get("port", 0)),),
            )
            for name, service in services.items()
        )

    def service_update(self, app, name, opts):
        self._service(app, name)
        if opts.count is not None:
            if opts.count < 0:
                raise InvalidError(f"count must not be below zero: {opts.count}")
            self._counts[app, name] = opts.count
        self._converge(app)

    def service_restart(self, app, name):
        self._service(app, name)
        for process in self.process_list(app, types.ProcessListOptions(service=name)):
            del self._processes[process.id]
        self._converge(app)

    def process_list(self, app, opts):
        self.app_get(app)
        return tuple(
            p
            for p in self._processes.values()
            if p.app == app
            and (not opts.service or p.name == opts.service)
            and (not opts.release or p.release == opts.release)
        )

    def process_get(self, app, pid):
        self.app_get(app)
        return self._found(self._processes, pid, "process")

    def process_run(self, app, service, opts):
        self._service(app, service)
        process = self._start(app, service, opts.release or self.app_get(app).release, opts.command)
        if opts.command and not opts.command.startswith("sleep "):
            output = _Output(self.logs[app], f"service/{service}/{process.id}")
            shell.run(opts.command, output, cwd=self._root(process.id))
        return process

    def process_stop(self, app, pid):
        process = self.process_get(app, pid)
        del self._processes[process.id]
        self._converge(app)

    def process_exec(self, app, pid, stream, opts):
        self.process_get(app, pid)
        return shell.run(opts.command, stream, cwd=self._root(pid))

    def process_logs(self, app, pid, opts):
        self.process_get(app, pid)
        return self.logs[app].feed(opts)

    def files_upload(self, app, pid, body):
        self.process_get(app, pid)
        with tarfile.open(fileobj=io.BytesIO(_read(body))) as archive:
            for member in archive.getmembers():
                member.name = member.name.lstrip("/")
                archive.extract(member, self._root(pid), filter="data")

    def files_download(self, app, pid, opts):
        self.process_get(app, pid)
        path = self._root(pid) / opts.file.lstrip("/")
        if not path.exists():
            raise NotFoundError(f"file not found: {opts.file}")
        out = io.BytesIO()
        with tarfile.open(fileobj=out, mode="w") as archive:
            archive.add(path, arcname=opts.file.lstrip("/"))
        return Bytes(out.getvalue())

    def files_delete(self, app, pid, opts):
        self.process_get(app, pid)
        for name in opts.files:
            (self._root(pid) / name.lstrip("/")).unlink(missing_ok=True)

    def proxy(self, host, port, stream):
        if host != "echo.internal":
            raise InvalidError(f"cannot reach {host}:{port}")
        while data := stream.read():
            stream.write(data)

    def registry_add(self, opts):
        registry = types.Registry(server=opts.server, username=opts.username, password="")
        return self._registries.setdefault(opts.server, registry)

    def registry_list(self):
        return tuple(self._registries.values())

    def registry_remove(self, server):
        self._found(self._registries, server, "registry")
        del self._registries[server]

    def resource_list(self, app):
        self.app_get(app)
        return ()

    def system_get(self):
        return types.System(
            count=1,
            domain="router.fake",
            name="fake",
            parameters=dict(self._parameters),
            provider="fake",
            rack_domain="localhost:5443",
            region="here",
            status="running",
            version="3.0.0",
        )

    def system_update(self, opts):
        self._parameters |= opts.parameters or {}

    def system_jwt_token(self, opts):
        key = self._keys.load()
        token = tokens.issue(key, role=opts.role, hours=opts.duration_in_hour, now=_wall())
        return types.SystemJwt(token=token)

    def system_jwt_rotate(self):
        self._keys.rotate()

    def system_logs(self, opts):
        return self.log.feed(opts)

    def system_processes(self, opts):
        return tuple(self._processes.values()) if opts.all else ()

    def system_releases(self):
        return (types.Release(id="3.0.0", created=self._now),)

    def capacity_get(self):
        return types.Capacity(cluster_cpu=2048, process_count=len(self._processes))

    def _put(self, app):
        with self._lock:
            self._apps[app.name] = app
        return app

    def _tick(self):
        with self._lock:
            self._now += timedelta(seconds=1)
            return self._now

    def _newest(self, app):
        return [r for r in reversed(self._releases.values()) if r.app == app]

    def _found(self, table, key, kind, name=None):
        if key not in table:
            raise NotFoundError(f"{kind} not found: {name or key}")
        return table[key]

    def _service(self, app, name):
        if name not in [service.name for service in self.service_list(app)]:
            raise NotFoundError(f"service not found: {name}")

    def _build(self, build, source, manifest):
        log = self._build_logs[build.id]
        try:
            with tarfile.open(fileobj=io.BytesIO(source)) as archive:
                text = archive.extractfile(manifest).read().decode()
                archive.getmember("Dockerfile")
        except (tarfile.TarError, KeyError) as e:
            reason = f"cannot build: {e}"
            log.write(reason)
            done = dataclasses.replace(build, status="failed", reason=reason, ended=self._tick())
        else:
            log.write(f"building {build.app}")
            done = dataclasses.replace(build, status="complete", manifest=text, ended=self._tick())
            self._builds[build.id] = done
            release = self._release(build.app, build=build.id, description=build.description)
            done = dataclasses.replace(done, release=release.id)
        self._builds[build.id] = done
        log.end()

    def _release(self, app, *, build, description, env=None):
        newest = next(iter(self._newest(app)), types.Release())
        release = types.Release(
            id=ids.release_id(),
            app=app,
            build=build,
            env="\n".join(sorted((newest.env if env is None else env).splitlines())),
            manifest=self._builds.get(build, types.Build()).manifest,
            description=description,
            created=self._tick(),
        )
        with self._lock:
            self._releases[release.id] = release
        return release

    def _converge(self, app):
        release = self.app_get(app).release
        for service in self.service_list(app):
            running = self.process_list(app, types.ProcessListOptions(service=service.name))
            current = [p for p in running if p.release == release and not p.command]
            for process in [p for p in running if p.release != release] + current[service.count :]:
                del self._processes[process.id]
            for _ in range(service.count - len(current)):
                self._start(app, service.name, release, "")

    def _start(self, app, service, release, command):
        process = types.Process(
            id=ids.request_id(),
            app=app,
            name=service,
            release=release,
            command=command or "",
            status="running",
            started=self._tick(),
            ports=(),
        )
        with self._lock:
            self._processes[process.id] = process
        return process

    def _root(self, pid):
        path = self._files / pid
        path.mkdir(exist_ok=True)
        return path


def _read(body: Chunks):
    data = bytearray()
    while piece := body.read():
        data += piece
    body.close()
    return bytes(data)


def _wall():
    return datetime.now(UTC)  # noqa: TID251  tokens are checked against the server's clock
