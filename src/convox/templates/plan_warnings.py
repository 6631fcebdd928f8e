"""What a person should know before a rack is made with these options, one sentence each.

A warning never refuses: what cannot work is refused by option_checks.py.
"""

from __future__ import annotations

from collections.abc import Iterator

from convox.templates.options import Options
from convox.templates.spec import Spec

_FEW_TASKS = 8


def warnings(spec: Spec) -> Iterator[str]:
    """Give each warning for the options of a rack."""
    yield from _reach(spec.options)
    yield from _failures(spec.options)
    yield from _hardware(spec.options)
    yield from _names(spec.options)


def _reach(options: Options) -> Iterator[str]:
    if not options.on("PrivateApi") and not options.many("WhiteList"):
        yield "the API can be reached from everywhere; narrow it with WhiteList or PrivateApi=Yes"
    if not options.on("Private"):
        yield "Private=No: instances get public addresses; tasks on them still leave by NAT"
    if options.text("NatGateways") == "none":
        yield (
            "NatGateways=none: apps reach AWS services with an endpoint and nothing else outside;"
            " an image for a build must come from this account"
        )


def _failures(options: Options) -> Iterator[str]:
    if not options.on("HighAvailability"):
        yield "HighAvailability=No: one instance and one API process; their loss is an outage"
    if options.text("NatGateways") == "one":
        yield (
            "NatGateways=one: while its zone is down, tasks in no zone reach the outside;"
            " per-zone costs a gateway in each"
        )
    if options.text("SpotInstanceBid"):
        sure = options.number("OnDemandMinCount")
        yield f"spot instances can be taken back at any time; {sure} are never spot"


def _hardware(options: Options) -> Iterator[str]:
    kind = options.instance("InstanceType")
    if kind.tasks < _FEW_TASKS:
        yield (
            f"InstanceType={kind.name} holds {kind.tasks} tasks at most, however small;"
            " types such as m5.large hold 10 and more"
        )
    if options.text("Tenancy") == "dedicated":
        yield (
            "Tenancy=dedicated holds for instances; balancers, NAT gateways, tables and buckets"
            " are AWS's own on any tenancy"
        )
    if options.text("Tenancy") == "dedicated" and options.text("ExistingVpc"):
        yield (
            f"ExistingVpc={options.text('ExistingVpc')} keeps its own tenancy; every instance of"
            " the rack asks for dedicated itself"
        )


def _names(options: Options) -> Iterator[str]:
    if not options.text("Domain"):
        yield "without Domain apps have no names of their own: they answer by Host header"
    if not options.text("Domain") and not options.text("Certificate"):
        yield "without Domain and Certificate the rack's certificate is self-signed"
    if options.text("Domain") and not options.text("HostedZone"):
        yield f"Domain={options.text('Domain')} without HostedZone: you make its records yourself"
