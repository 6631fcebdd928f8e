"""Calls to the API of a rack under measurement without the CLI's start-up, for many in a row."""

from __future__ import annotations

import base64
import http.client
import json
from typing import Any

from bench.harness import BenchRack, Loopback


def get(bench: BenchRack, path: str, timeout_s: float = 10) -> Any:
    """Return what a GET answers; None when the rack does not answer or refuses."""
    ((host, password),) = json.loads((bench.home / "config" / "auth").read_text()).items()
    token = base64.b64encode(f"convox:{password}".encode()).decode()
    name = host.split(":")[0]
    connection = Loopback(name, bench.api_port, timeout=timeout_s)
    try:
        connection.request("GET", path, headers={"Authorization": f"Basic {token}"})
        answer = connection.getresponse()
        body = answer.read()
    except (OSError, http.client.HTTPException):
        return None
    finally:
        connection.close()
    return json.loads(body) if answer.status == 200 else None


def is_running(bench: BenchRack, app: str, release: str = "") -> bool:
    """Tell whether an app has settled, on `release` if one is given."""
    found = get(bench, f"/apps/{app}")
    if found is None or found["status"] != "running":
        return False
    return not release or bool(found["release"] == release)
