"""Balancers: one for the API, one or two for apps, each with its group and its listeners.

The API has a balancer of its own, so that no app can take its name and WhiteList is a rule of a
group. Everything that listens says which option asked for it, in a tag and in the rule that lets
it be reached. Balancers of apps reach nothing until an app's stack adds the rule.
"""

from __future__ import annotations

from dataclasses import dataclass

from convox.templates.groups import between, group, rule
from convox.templates.model import GetAtt, Output, Parameter, Ref, Resource, Value
from convox.templates.spec import Part, Spec, subnets
from convox.templates.tags import REASON

API_PORT = 5443
_ATTRIBUTES = {
    "deletion_protection.enabled": "false",
    "idle_timeout.timeout_seconds": "3600",
    "routing.http.desync_mitigation_mode": "defensive",
    "routing.http.drop_invalid_header_fields.enabled": "true",
}


@dataclass(frozen=True)
class Router:
    """A balancer for apps."""

    name: str
    internal: bool
    why: str

    @property
    def subnets(self) -> str:
        """Kind of subnet that it stands in."""
        return "Task" if self.internal else "Public"


def routers(spec: Spec) -> list[Router]:
    """Return the balancers for apps that the options ask for."""
    public = [] if spec.options.on("InternalOnly") else [Router("Router", False, "InternalOnly=No")]
    inner = [Router("InternalRouter", True, "Internal=Yes")] if spec.options.on("Internal") else []
    return [*public, *inner]


def api_subnets(spec: Spec) -> str:
    """Return the kind of subnet that the API's balancer stands in."""
    return "Task" if spec.options.on("PrivateApi") else "Public"


def certificate(spec: Spec) -> Value:
    """Return the certificate of all listeners: named by the options, or a parameter."""
    return spec.options.text("Certificate") or Ref("CertificateArn")


def certificate_parameter(spec: Spec) -> dict[str, Parameter]:
    """Return the parameter for the certificate, if the options do not name one."""
    if spec.options.text("Certificate"):
        return {}
    pattern = "arn:aws[a-z-]*:acm:[a-z0-9-]+:[0-9]{12}:certificate/.+"
    return {"CertificateArn": Parameter("String", "certificate of the listeners", pattern=pattern)}


def api_balancer(spec: Spec) -> Part:
    """Return the balancer of the API with its one listener and its one target group."""
    why = f"PrivateApi={spec.options.text('PrivateApi')}"
    internal = spec.options.on("PrivateApi")
    resources = {
        "ApiBalancerSecurity": group("balancer of the API", Ref("VpcId"), _api_ingress(spec)),
        **between("ApiBalancerSecurity", "ApiSecurity", API_PORT, "requests for the API"),
        "ApiBalancer": _balancer(api_subnets(spec), "ApiBalancerSecurity", internal, why),
        "ApiListener": _listener(spec, "ApiBalancer", _forward("ApiTargets"), why),
        "ApiTargets": _api_targets(),
    }
    output = Output(GetAtt("ApiBalancer", "DNSName"), "host of the API")
    return Part(resources, outputs={"ApiHost": output})


def router(spec: Spec, one: Router) -> Part:
    """Return a balancer for apps, which answers 404 until an app's stack adds a rule."""
    source = spec.options.text("VPCCIDR") if one.internal else "0.0.0.0/0"
    rules = [rule(port, f"apps, asked by {one.why}", CidrIp=source) for port in (80, 443)]
    balancer, security = f"{one.name}Balancer", f"{one.name}Security"
    resources = {
        security: group("balancer of apps", Ref("VpcId"), rules),
        balancer: _balancer(one.subnets, security, one.internal, one.why),
        f"{one.name}Listener": _listener(spec, balancer, _not_found(), one.why),
        f"{one.name}Redirect": _redirect(balancer, one.why),
    }
    values = {
        f"{one.name}Host": Output(GetAtt(balancer, "DNSName"), "host of apps"),
        f"{one.name}ListenerArn": Output(Ref(f"{one.name}Listener"), "where apps add rules"),
        f"{one.name}SecurityGroup": Output(GetAtt(security, "GroupId"), "what reaches apps"),
    }
    return Part(resources, outputs=values)


def records(spec: Spec) -> Part:
    """Return the names of API and apps in the account's zone."""
    domain = spec.options.text("Domain")
    apps = routers(spec)[0].name
    return Part(
        {
            "ApiRecord": _record(spec, f"rack.{domain}", "ApiBalancer"),
            "AppsRecord": _record(spec, f"*.{domain}", f"{apps}Balancer"),
        }
    )


def _api_ingress(spec: Spec) -> list[dict[str, Value]]:
    listed = spec.options.many("WhiteList")
    rules = [rule(443, f"API, asked by WhiteList={one}", CidrIp=one) for one in listed]
    if spec.options.on("PrivateApi"):
        why = "API, asked by PrivateApi=Yes, by port forwarding"
        return [*rules, rule(443, why, SourceSecurityGroupId=Ref("InstanceSecurityGroup"))]
    return rules or [rule(443, "API, asked by PrivateApi=No, no WhiteList", CidrIp="0.0.0.0/0")]


def _balancer(kind: str, security: str, internal: bool, why: str) -> Resource:
    return Resource(
        "AWS::ElasticLoadBalancingV2::LoadBalancer",
        {
            "Type": "application",
            "Scheme": "internal" if internal else "internet-facing",
            "Subnets": subnets(kind),
            "SecurityGroups": [GetAtt(security, "GroupId")],
            "LoadBalancerAttributes": [{"Key": k, "Value": v} for k, v in _ATTRIBUTES.items()],
            "Tags": {REASON: why},
        },
    )


def _listener(spec: Spec, balancer: str, action: dict[str, Value], why: str) -> Resource:
    return Resource(
        "AWS::ElasticLoadBalancingV2::Listener",
        {
            "LoadBalancerArn": Ref(balancer),
            "Port": 443,
            "Protocol": "HTTPS",
            "SslPolicy": spec.options.text("SslPolicy"),
            "Certificates": [{"CertificateArn": certificate(spec)}],
            "DefaultActions": [action],
            "Tags": {REASON: why},
        },
    )


def _redirect(balancer: str, why: str) -> Resource:
    to = {"Protocol": "HTTPS", "Port": "443", "StatusCode": "HTTP_301"}
    return Resource(
        "AWS::ElasticLoadBalancingV2::Listener",
        {
            "LoadBalancerArn": Ref(balancer),
            "Port": 80,
            "Protocol": "HTTP",
            "DefaultActions": [{"Type": "redirect", "RedirectConfig": to}],
            "Tags": {REASON: why},
        },
    )


def _forward(targets: str) -> dict[str, Value]:
    return {"Type": "forward", "TargetGroupArn": Ref(targets)}


def _not_found() -> dict[str, Value]:
    answer: Value = {
        "StatusCode": "404",
        "ContentType": "text/plain",
        "MessageBody": "no app answers here",
    }
    return {"Type": "fixed-response", "FixedResponseConfig": answer}


def _api_targets() -> Resource:
    return Resource(
        "AWS::ElasticLoadBalancingV2::TargetGroup",
        {
            "VpcId": Ref("VpcId"),
            "TargetType": "ip",
            "Port": API_PORT,
            "Protocol": "HTTPS",
            "HealthCheckProtocol": "HTTPS",
            "HealthCheckPath": "/check",
            "HealthCheckIntervalSeconds": 5,
            "HealthCheckTimeoutSeconds": 4,
            "HealthyThresholdCount": 2,
            "UnhealthyThresholdCount": 2,
            "Matcher": {"HttpCode": "200"},
            "TargetGroupAttributes": [
                {"Key": "deregistration_delay.timeout_seconds", "Value": "30"}
            ],
        },
    )


def _record(spec: Spec, name: str, balancer: str) -> Resource:
    return Resource(
        "AWS::Route53::RecordSet",
        {
            "HostedZoneId": spec.options.text("HostedZone"),
            "Name": name,
            "Type": "A",
            "AliasTarget": {
                "DNSName": GetAtt(balancer, "DNSName"),
                "HostedZoneId": GetAtt(balancer, "CanonicalHostedZoneID"),
            },
        },
    )
