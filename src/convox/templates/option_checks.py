"""What cannot go together among the options of a rack on AWS, told before anything is called.

`parse` is the only way in to options. Each check looks at options that are valid by themselves and
returns an error to raise, or None.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from convox.core.errors import InvalidError
from convox.templates import cidr
from convox.templates.options import Options, given_subnets, read


def parse(words: Mapping[str, str], region: str) -> Options:
    """Return the options that words ask for.

    Raises:
        InvalidError: a name is unknown or refused, a value is not allowed, or two do not go
            together.
    """
    options = read(words)
    for check in CHECKS:
        error = check(options, region)
        if error is not None:
            raise error
    return options


def _tenancy(options: Options, _region: str) -> InvalidError | None:
    if options.text("Tenancy") != "dedicated":
        return None
    for name in ("InstanceType", "BuildInstance"):
        kind = options.instance(name)
        if not kind.dedicated:
            return InvalidError(
                f"Tenancy=dedicated does not go with {name}={kind.name}",
                why=f"instances of family {kind.family} cannot run on hardware of one account",
                fix=f"choose another: {name}=m5.large",
            )
    return None


def _architecture(options: Options, _region: str) -> InvalidError | None:
    apps, builds = options.instance("InstanceType"), options.instance("BuildInstance")
    if apps.architecture == builds.architecture:
        return None
    return InvalidError(
        f"BuildInstance={builds.name} builds for {builds.architecture}, but"
        f" InstanceType={apps.name} runs {apps.architecture}",
        fix="choose both of one architecture, such as m7g.large and t4g.medium",
    )


def _private_api(options: Options, _region: str) -> InvalidError | None:
    if options.on("PrivateApi") and not options.on("Private"):
        return InvalidError("PrivateApi=Yes needs private subnets: set Private=Yes")
    return None


def _internal_only(options: Options, _region: str) -> InvalidError | None:
    if options.on("InternalOnly") and not options.on("Internal"):
        return InvalidError("InternalOnly=Yes leaves apps no balancer: set Internal=Yes too")
    return None


def _existing_vpc(options: Options, _region: str) -> InvalidError | None:
    vpc, gateway = options.text("ExistingVpc"), options.text("InternetGateway")
    if gateway and not vpc:
        return InvalidError("InternetGateway is for an ExistingVpc: a new VPC gets its own")
    if vpc and "VPCCIDR" not in options.given:
        return InvalidError(f"ExistingVpc={vpc} needs VPCCIDR, the range of that VPC or part of it")
    if vpc and options.public and not gateway:
        return InvalidError(
            f"ExistingVpc={vpc} needs InternetGateway, for balancers or NAT are public",
            fix="name its gateway, or ask for nothing public: PrivateApi=Yes Internal=Yes"
            " InternalOnly=Yes NatGateways=none",
        )
    if gateway and not options.public:
        return InvalidError(f"InternetGateway={gateway} has no use: nothing of this rack is public")
    return None


def _zones(options: Options, region: str) -> InvalidError | None:
    named = options.many("AvailabilityZones")
    foreign = [zone for zone in named if not zone.startswith(region)]
    if foreign:
        return InvalidError(f"AvailabilityZones: {foreign[0]} is not in {region}")
    if len(set(named)) < len(named):
        return InvalidError("AvailabilityZones: a zone is named twice")
    if named and options.zones != len(named):
        text = f"MaxAvailabilityZones={options.zones} but {len(named)} AvailabilityZones"
        return InvalidError(text)
    return None


def _unused_subnets(options: Options, _region: str) -> InvalidError | None:
    for kind, zone in given_subnets(options.texts):
        name = cidr.option(kind, zone)
        if zone >= options.zones:
            return InvalidError(f"{name} has no use: the rack has {options.zones} zones")
        if kind == "Public" and not options.public:
            return InvalidError(f"{name} has no use: nothing of this rack is public")
    return None


def _layout(options: Options, _region: str) -> InvalidError | None:
    try:
        cidr.layout(cidr.vpc(options.text("VPCCIDR")), given_subnets(options.texts))
    except InvalidError as error:
        return error
    return None


def _spot(options: Options, _region: str) -> InvalidError | None:
    if "OnDemandMinCount" in options.given and not options.text("SpotInstanceBid"):
        return InvalidError("OnDemandMinCount has no use without SpotInstanceBid")
    return None


def _capacity(options: Options, _region: str) -> InvalidError | None:
    wanted, least = options.number("InstanceCount"), 2 if options.on("HighAvailability") else 1
    if wanted < least:
        return InvalidError(f"InstanceCount={wanted}: HighAvailability=Yes needs at least {least}")
    return None


def _domain(options: Options, region: str) -> InvalidError | None:
    zone, certificate = options.text("HostedZone"), options.text("Certificate")
    if zone and not options.text("Domain"):
        return InvalidError(f"HostedZone={zone} needs Domain, the name to make records for")
    if certificate and certificate.split(":")[3] != region:
        return InvalidError(f"Certificate is of {certificate.split(':')[3]}, the rack of {region}")
    return None


CHECKS: tuple[Callable[[Options, str], InvalidError | None], ...] = (
    _tenancy,
    _architecture,
    _private_api,
    _internal_only,
    _existing_vpc,
    _zones,
    _unused_subnets,
    _layout,
    _spot,
    _capacity,
    _domain,
)
