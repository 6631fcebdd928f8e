"""The pipeline: interpolate, compose, decode, default, check. Start reading here.

    text ─ interpolate ─ compose ─ decode ─ defaults ─ rules ─ Manifest
             Source        Node     Drafts    Service     │
                                                      Report ─ findings

Every stage reports into one `Report`, so all findings come at once; the first error, in the
incumbent's order of checks, is what `ManifestError.what` says. Nothing is raised by the stages
but `ComposeError`, when there is no tree to go on with.

Source: manifest.md section 1.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from convox.manifest.advice import give_advice
from convox.manifest.compose import ComposeError, compose
from convox.manifest.defaults import Present, with_defaults
from convox.manifest.findings import Finding, ManifestError, Report
from convox.manifest.interpolate import interpolate
from convox.manifest.model import Manifest
from convox.manifest.rules import check_rules, required_names
from convox.manifest.sections import attributes, decode
from convox.manifest.unknown import warn_unknown

if TYPE_CHECKING:
    from collections.abc import Mapping

    from convox.manifest.interpolate import Source
    from convox.manifest.nodes import Node

FILENAME = "convox.yml"
# Reads as a number, as text, as part of an image's tag and of a port.
_STAND_IN = "1"


@dataclass(frozen=True)
class Check:
    """What a check found."""

    manifest: Manifest | None
    """None if there is an error, or nothing that could be read. Without an env, 1 stands for
    each `${NAME}`."""
    findings: tuple[Finding, ...]
    """In the order of the file."""
    needed: tuple[str, ...]
    """Without an env: the names that must have, or stand in the text for, a value; sorted."""


def parse(text: str, env: Mapping[str, str], *, filename: str = FILENAME) -> Manifest:
    """Return the manifest of a text in an environment.

    Raises:
        ManifestError: it has errors; its `what` is the first in the incumbent's words where the
            incumbent has its own, else the first finding; `findings` has all.
    """
    manifest, report, _ = _load(text, env, filename)
    if manifest is None or report.first is not None:
        raise ManifestError(report.first or f"{filename} cannot be read", report.findings())
    return manifest


def check(text: str, env: Mapping[str, str] | None, *, filename: str = FILENAME) -> Check:
    """Return the manifest if it has no errors, and all findings; raises nothing.

    Without an `env`, names that need a value are listed, and an error that a `${NAME}` may have
    caused is only a warning.
    """
    manifest, report, source = _load(text, env, filename, stand_in=_STAND_IN)
    if manifest is None and env is None:
        # A placeholder that stands for whole lines reads better as nothing than as a word.
        manifest, report, source = _load(text, env, filename)
    needed: set[str] = set()
    if env is None:
        needed = {*source.names, *required_names(manifest.services if manifest else ())}
    usable = manifest if report.first is None else None
    return Check(usable, report.findings(), tuple(sorted(needed)))


def read_text(data: bytes, *, filename: str = FILENAME) -> str:
    """Return the text of a manifest file's bytes, without a byte order mark.

    Raises:
        ManifestError: they are not UTF-8.
    """
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as e:
        line = data.count(b"\n", 0, e.start) + 1
        column = e.start - (data.rfind(b"\n", 0, e.start) + 1) + 1
        message = f"byte 0x{data[e.start]:02x} is not UTF-8, the file must be UTF-8 text"
        finding = Finding(filename, line, column, "error", message)
        raise ManifestError(str(finding), (finding,)) from e


def _load(
    text: str,
    env: Mapping[str, str] | None,
    filename: str,
    *,
    stand_in: str = "",
    loader: Any = None,
) -> tuple[Manifest | None, Report, Source]:
    source = interpolate(text.removeprefix("\ufeff"), env, stand_in=stand_in)
    report = Report(source, filename)
    for line, column, name in source.missing if env is not None else ():
        hint = f"for a variable of the shell write ${name}"
        message = f"${{{name}}} is not set and becomes nothing; {hint}"
        report.warn_place(line, column, message)
    try:
        root = compose(source.text, report, loader=loader)
    except ComposeError as e:
        report.error(e.at, e.message)
        return None, report, source
    return _build(root, env, report), report, source


def _build(root: Node | None, env: Mapping[str, str] | None, report: Report) -> Manifest:
    present = attributes(root)
    drafts, paths = decode(root, report), Present(present)
    services = [with_defaults(draft.value, paths, drafts.environment) for draft in drafts.services]
    check_rules(drafts, services, env, report)
    give_advice(drafts, services, report)
    warn_unknown(drafts.root, report)
    return Manifest(
        environment=drafts.environment,
        params=drafts.params,
        resources=tuple(draft.value for draft in drafts.resources),
        services=tuple(services),
        timers=tuple(draft.value for draft in drafts.timers),
        attributes=present,
    )
