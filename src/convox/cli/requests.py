"""Every request that the CLI can send, as literals: loading the contract would take longer.

A row is the operation's name in the contract: method (SOCKET for a websocket), path, the carrier of
its parameters (`query`, `form`, `header` or none) and their names on the wire. A test compares
each row with `convox.api`; a request that is in no row cannot be sent, but for `api get` and the
console's own routes, which are in the second table. Read context.py for how a row is filled in.
"""

from __future__ import annotations

REQUESTS: dict[str, tuple[str, str, str, tuple[str, ...]]] = {
    "app_list": ("GET", "/apps", "", ()),
    "app_create": ("POST", "/apps", "form", ("name", "generation")),
    "app_get": ("GET", "/apps/{}", "", ()),
    "app_update": ("PUT", "/apps/{}", "form", ("lock", "parameters")),
    "app_delete": ("DELETE", "/apps/{}", "", ()),
    "app_cancel": ("POST", "/apps/{}/cancel", "", ()),
    "app_logs": ("SOCKET", "/apps/{}/logs", "header", ("Filter", "Follow", "Prefix", "Since")),
    "build_import": ("POST", "/apps/{}/builds/import", "", ()),
    "build_export": ("GET", "/apps/{}/builds/{}.tgz", "", ()),
    "build_create": (
        "POST",
        "/apps/{}/builds",
        "form",
        (
            "url",
            "build-args",
            "description",
            "development",
            "git-sha",
            "manifest",
            "no-cache",
            "wildcard-domain",
        ),
    ),
    "build_list": ("GET", "/apps/{}/builds", "query", ("limit",)),
    "build_get": ("GET", "/apps/{}/builds/{}", "", ()),
    "build_logs": (
        "SOCKET",
        "/apps/{}/builds/{}/logs",
        "header",
        ("Filter", "Follow", "Prefix", "Since"),
    ),
    "certificate_apply": ("PUT", "/apps/{}/ssl/{}/{}", "form", ("id",)),
    "certificate_generate": ("POST", "/certificates/generate", "form", ("domains",)),
    "certificate_create": ("POST", "/certificates", "form", ("pub", "key", "chain")),
    "certificate_list": ("GET", "/certificates", "", ()),
    "certificate_delete": ("DELETE", "/certificates/{}", "", ()),
    "files_download": ("GET", "/apps/{}/processes/{}/files", "query", ("file",)),
    "files_upload": ("POST", "/apps/{}/processes/{}/files", "", ()),
    "instance_keyroll": ("POST", "/instances/keyroll", "", ()),
    "instance_list": ("GET", "/instances", "", ()),
    "instance_shell": ("SOCKET", "/instances/{}/shell", "header", ("Command", "Height", "Width")),
    "instance_terminate": ("DELETE", "/instances/{}", "", ()),
    "object_store": ("POST", "/apps/{}/objects/{}", "", ()),
    "process_exec": (
        "SOCKET",
        "/apps/{}/processes/{}/exec",
        "header",
        ("Command", "Entrypoint", "Height", "Tty", "Width"),
    ),
    "process_list": ("GET", "/apps/{}/processes", "query", ("release", "service")),
    "process_get": ("GET", "/apps/{}/processes/{}", "", ()),
    "process_run": (
        "POST",
        "/apps/{}/services/{}/processes",
        "header",
        ("Command", "Environment", "Height", "Image", "Memory", "Release", "Volumes", "Width"),
    ),
    "process_stop": ("DELETE", "/apps/{}/processes/{}", "", ()),
    "proxy": ("SOCKET", "/proxy/{}/{}", "", ()),
    "registry_add": ("POST", "/registries", "form", ("server", "username", "password")),
    "registry_list": ("GET", "/registries", "", ()),
    "registry_remove": ("DELETE", "/registries/{}", "", ()),
    "release_create": ("POST", "/apps/{}/releases", "form", ("build", "description", "env")),
    "release_list": ("GET", "/apps/{}/releases", "query", ("limit",)),
    "release_get": ("GET", "/apps/{}/releases/{}", "", ()),
    "release_promote": ("POST", "/apps/{}/releases/{}/promote", "", ()),
    "resource_list": ("GET", "/apps/{}/resources", "", ()),
    "resource_get": ("GET", "/apps/{}/resources/{}", "", ()),
    "service_list": ("GET", "/apps/{}/services", "", ()),
    "service_restart": ("POST", "/apps/{}/services/{}/restart", "", ()),
    "service_update": ("PUT", "/apps/{}/services/{}", "form", ("count", "cpu", "memory")),
    "system_get": ("GET", "/system", "", ()),
    "system_update": ("PUT", "/system", "form", ("count", "parameters", "type", "version")),
    "system_jwt_token": ("POST", "/system/jwt/token", "form", ("role", "durationInHour")),
    "system_jwt_rotate": ("PUT", "/system/jwt/rotate", "", ()),
    "system_logs": ("SOCKET", "/system/logs", "header", ("Filter", "Follow", "Prefix", "Since")),
    "system_processes": ("GET", "/system/processes", "query", ("all",)),
    "system_releases": ("GET", "/system/releases", "", ()),
    "system_sync_instances_ip": ("GET", "/system/sync/whitelist/instances/ip", "", ()),
    "system_resource_create": ("POST", "/resources", "form", ("kind", "name", "parameters")),
    "system_resource_list": ("GET", "/resources", "", ()),
    "system_resource_types": ("OPTIONS", "/resources", "", ()),
    "system_resource_get": ("GET", "/resources/{}", "", ()),
    "system_resource_update": ("PUT", "/resources/{}", "form", ("parameters",)),
    "system_resource_delete": ("DELETE", "/resources/{}", "", ()),
    "system_resource_link": ("POST", "/resources/{}/links", "form", ("app",)),
    "system_resource_unlink": ("DELETE", "/resources/{}/links/{}", "", ()),
}

CONSOLE: dict[str, tuple[str, str, str, tuple[str, ...]]] = {
    "auth": ("GET", "/auth", "", ()),
    "rack_list": ("GET", "/racks", "", ()),
    "runtime_list": ("GET", "/racks/{}/runtimes", "", ()),
    "runtime_attach": ("PUT", "/racks/{}/runtimes", "form", ("runtime",)),
    "rack_sync": ("POST", "/racks/{}/sync", "", ()),
}
"""Routes of a console, which no rack has; sent without the `Rack` header."""
