from __future__ import annotations

import json

from tests.unit.cli.driver import OK, convox, stream

WEB = {
    "name": "web",
    "domain": "d",
    "count": 2,
    "cpu": 256,
    "memory": 512,
    "ports": [{"balancer": 443, "container": 0}],
    "nlb": [
        {
            "port": 8443,
            "container-port": 3000,
            "protocol": "tls",
            "scheme": "internal",
            "cross-zone": True,
            "allow-cidr": ["10.0.0.0/8", "1.2.3.4/32"],
            "preserve-client-ip": False,
        },
        {"port": 25, "container-port": 25, "protocol": "tcp", "scheme": "public"},
    ],
}
WORKER = {**WEB, "name": "worker", "domain": "", "ports": None, "nlb": None}


def test_ports_of_network_balancers_get_their_column() -> None:
    ran = convox("services", "-a", "a", answers={"GET /apps/a/services": [[WEB, WORKER]]})

    lines = ran.out.splitlines()
    assert lines[0].split() == ["SERVICE", "DOMAIN", "PORTS", "NLB", "PORTS"]
    assert lines[1].endswith("443    8443:3000/tls (internal) [cz=true allow=2 pcip=false] 25:25")


def test_scale_counts_processes_by_name() -> None:
    answers = {
        "GET /apps/a/services": [[WORKER, WEB]],
        "GET /apps/a/processes": [
            [{"name": "web"}, {"name": "web", "status": "running"}, {"name": "other"},
             {"name": "web", "status": "stopping"}]
        ],
    }  # fmt: skip

    ran = convox("scale", "-a", "a", "--json", answers=answers)

    assert {s["name"]: s["running"] for s in json.loads(ran.out)} == {"web": 2, "worker": 0}


def test_scaling_to_nothing_is_said_to_the_rack() -> None:
    ran = convox(
        "scale", "web", "--count", "0", "-a", "a", answers={"PUT /apps/a/services/web": OK}
    )

    assert ran.requests[-1] == "PUT /apps/a/services/web count=0"


def test_a_service_without_a_scale_is_a_mistake() -> None:
    ran = convox("scale", "web", "-a", "a")

    assert ran.err.startswith("ERROR: no more than 0 args expected")


def test_scaling_can_be_waited_for() -> None:
    answers = {
        "PUT /apps/a/services/web": OK,
        "GET /apps/a": [{"status": "updating"}, {"status": "running"}],
        "SOCKET /apps/a/logs": stream(),
    }

    ran = convox("scale", "web", "--count", "3", "-a", "a", "--wait", answers=answers)

    assert ran.out == "Scaling web... \nOK\n"
