"""A rack on AWS before it exists: its exact templates, its plan, and what installing it takes.

Calls nothing and asks nobody: no credential is looked for.
"""

from __future__ import annotations

from convox.core.errors import InvalidError, UnavailableError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from convox.cli.context import Context
    from convox.templates.spec import Spec

_QUESTIONS = ("template", "plan", "policy")
_REGION = "us-east-1"
"""As the existing client has it, where nothing names another."""


def install(ctx: Context) -> None:
    """Show what a rack on AWS will be: `--template`, `--plan` or `--policy`."""
    asked = [question for question in _QUESTIONS if ctx.on(question)]
    if len(asked) > 1:
        raise InvalidError(f"--{asked[0]} and --{asked[1]} are two questions: ask one")
    if ctx.text("stack") and asked != ["template"]:
        raise InvalidError("--stack goes with --template")
    spec = _spec(ctx)
    if not asked:
        raise UnavailableError(
            "racks on AWS cannot be installed yet",
            fix=f"see what it will be: convox rack install aws --name {spec.names.rack} --plan",
        )
    {"template": _template, "plan": _plan, "policy": _policy}[asked[0]](ctx, spec)


def refuse_flags(ctx: Context) -> None:
    """Refuse the flags of AWS on another provider.

    Raises:
        InvalidError: one of them was given.
    """
    for flag in (*_QUESTIONS, "stack", "region", "json"):
        if flag in ctx.flags:
            raise InvalidError(f"--{flag} is for racks on AWS")


def _spec(ctx: Context) -> Spec:
    from convox.cli.nouns.apps import key_values
    from convox.providers.aws.calls import KERNEL
    from convox.templates.rack import spec

    name = ctx.text("name")
    if not name:
        raise InvalidError("a rack on AWS needs a name", fix="give it: --name NAME")
    _refuse_twice(ctx.args[1:])
    return spec(name, _region(ctx), key_values(ctx.args[1:]), KERNEL)


def _refuse_twice(words: list[str]) -> None:
    names = [word.partition("=")[0] for word in words]
    for name in names:
        if names.count(name) > 1:
            raise InvalidError(f"{name} is given twice")


def _region(ctx: Context) -> str:
    """Return the region that is asked for; a rack's names differ from region to region."""
    for found in (ctx.text("region"), *map(ctx.environ.get, ("AWS_REGION", "AWS_DEFAULT_REGION"))):
        if found:
            return found
    ctx.out.note(f"region {_REGION}; for another: --region NAME, or AWS_REGION")
    return _REGION


def _template(ctx: Context, spec: Spec) -> None:
    import json

    from convox.templates.rack import stack, stacks

    if ctx.text("stack"):
        found = stack(spec, ctx.text("stack")).to_json()
    else:
        found = {name: template.to_json() for name, template in stacks(spec).items()}
    ctx.out.line(json.dumps(found, indent=2))


def _plan(ctx: Context, spec: Spec) -> None:
    from convox.providers.aws.calls import INSTALLER
    from convox.templates.plan import plan
    from convox.templates.plan_text import text

    made = plan(spec, INSTALLER)
    if not ctx.json(made):
        ctx.out.write(text(made))


def _policy(ctx: Context, spec: Spec) -> None:
    """Print the least that a person needs to install this rack, ready to attach.

    KernelUser, whom the install makes, does the rest with permissions of its own: see `--plan`.
    """
    import json

    from convox.providers.aws.calls import INSTALLER
    from convox.templates.rack import installer_policy

    ctx.out.line(json.dumps(installer_policy(spec, INSTALLER), indent=2))
