"""146 manifests and what the incumbent's parser makes of each; ours must make the same.

The fixture holds its normalized value, effective environments and attribute paths, or its error.
"""

import json
from dataclasses import asdict
from pathlib import Path

import pytest
import yaml

from convox.manifest import load, parse, service_environment
from convox.manifest.findings import ManifestError
from convox.manifest.model import Manifest, NlbListener, Resource, Scale, Service, Timer

FIXTURE = Path(__file__).parents[2] / "fixtures" / "manifest-samples.jsonl"
SAMPLES = [json.loads(line) for line in FIXTURE.read_text("utf-8").splitlines()]
GOOD = [sample for sample in SAMPLES if "error" not in sample]
BAD = [sample for sample in SAMPLES if "error" in sample]
# Go's runtime and its YAML library speak here, not the incumbent; ours says it in its own words.
RUNTIME_WORDS = ("strconv.", "yaml: ")


def by_name(samples):
    return pytest.mark.parametrize("sample", samples, ids=[sample["name"] for sample in samples])


def test_the_fixture_is_whole():
    assert (len(GOOD), len(BAD)) == (101, 45)


@by_name(GOOD)
def test_a_good_sample_means_what_it_means_to_the_incumbent(sample):
    manifest = parse(sample["yaml"], sample["env"])

    assert as_incumbent(manifest) == sample["manifest"]
    assert sorted(manifest.attributes) == sample["attributes"]


@by_name(GOOD)
def test_a_good_sample_gives_its_services_the_same_environment(sample):
    manifest = parse(sample["yaml"], sample["env"])

    effective = {
        service.name: service_environment(manifest, service.name, sample["env"])
        for service in manifest.services
    }
    assert effective == sample["service_environment"]


@by_name(BAD)
def test_a_bad_sample_is_refused_in_the_incumbents_words_where_it_has_some(sample):
    with pytest.raises(ManifestError) as caught:
        parse(sample["yaml"], sample["env"])

    if sample["error"].startswith(RUNTIME_WORDS):
        assert caught.value.what.startswith("convox.yml:")
    else:
        assert caught.value.what == sample["error"]


@by_name(SAMPLES)
def test_a_sample_reads_the_same_with_the_parser_written_in_python(sample):
    fast, fast_report, _ = load._load(sample["yaml"], sample["env"], "convox.yml")
    slow, slow_report, _ = load._load(
        sample["yaml"], sample["env"], "convox.yml", loader=yaml.SafeLoader
    )

    assert fast == slow
    assert (fast_report.first is None) == (slow_report.first is None)


def as_incumbent(manifest: Manifest):
    return {
        "Environment": listed(manifest.environment),
        "Params": dict(manifest.params) or None,
        "Resources": listed(map(resource, manifest.resources)),
        "Services": listed(map(service, manifest.services)),
        "Timers": listed(map(timer, manifest.timers)),
    }


def listed(items):
    return list(items) or None


def titled(value):
    return {name.title(): item for name, item in asdict(value).items()}


def resource(value: Resource):
    return {
        "Name": value.name,
        "Type": value.type,
        "Options": dict(value.options) or None,
        "Tags": dict(value.tags) or None,
    }


def timer(value: Timer):
    return {
        "Name": value.name,
        "Command": value.command,
        "Schedule": value.schedule,
        "Service": value.service,
        "Policies": listed(value.policies),
    }


def service(value: Service):
    return {
        "Name": value.name,
        "Agent": {"Enabled": value.agent.enabled, "Ports": listed(map(titled, value.agent.ports))},
        "Build": titled(value.build) | {"Args": listed(value.build.args)},
        "Command": None if value.command is None else list(value.command),
        "Deployment": titled(value.deployment),
        "Domains": listed(value.domains),
        "Drain": value.drain,
        "Environment": list(value.environment),
        "Health": titled(value.health),
        "Image": value.image,
        "Init": value.init,
        "Internal": value.internal,
        "InternalAndExternal": value.internal_and_external,
        "Links": listed(value.links),
        "NLB": listed(map(listener, value.nlb)),
        "Policies": listed(value.policies),
        "Port": titled(value.port),
        "Privileged": value.privileged,
        "Resources": listed(value.resources),
        "Scale": scale(value.scale),
        "Singleton": value.singleton,
        "Sticky": value.sticky,
        "Tags": dict(value.tags) or None,
        "Termination": {"Grace": value.termination_grace},
        "Test": value.test,
        "Volumes": listed(value.volumes),
    }


def listener(value: NlbListener):
    return {
        "Port": value.port,
        "Protocol": value.protocol,
        "ContainerPort": value.container_port,
        "Scheme": value.scheme,
        "Certificate": value.certificate,
        "CrossZone": value.cross_zone,
        "AllowCIDR": listed(value.allow_cidr),
        "PreserveClientIP": value.preserve_client_ip,
    }


def scale(value: Scale):
    targets = value.targets
    return {
        "Cooldown": titled(value.cooldown),
        "Count": titled(value.count),
        "Cpu": value.cpu,
        "Memory": value.memory,
        "Targets": titled(targets) | {"Custom": listed(map(titled, targets.custom))},
    }
