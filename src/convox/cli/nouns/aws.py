"""A rack on AWS before it exists: its exact templates and its plan. Calls nothing, asks nobody."""

from __future__ import annotations

from convox.core.errors import InvalidError, UnavailableError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from convox.cli.context import Context
    from convox.templates.spec import Spec

_SHOWN = ("template", "plan", "stack")


def install(ctx: Context) -> None:
    """Show what a rack on AWS will be: `--template` or `--plan`."""
    if ctx.on("template") and ctx.on("plan"):
        raise InvalidError("--template and --plan are two questions: ask one")
    if ctx.text("stack") and not ctx.on("template"):
        raise InvalidError("--stack goes with --template")
    spec = _spec(ctx)
    if ctx.on("template"):
        _template(ctx, spec)
    elif ctx.on("plan"):
        _plan(ctx, spec)
    else:
        raise UnavailableError(
            "racks on AWS cannot be installed yet",
            fix=f"see what it will be: convox rack install aws --name {spec.names.rack} --plan",
        )


def refuse_flags(ctx: Context) -> None:
    """Refuse the flags of AWS on another provider.

    Raises:
        InvalidError: one of them was given.
    """
    for flag in (*_SHOWN, "region", "json"):
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
    """Return the region that is asked for; a name differs from region to region."""
    for found in (ctx.text("region"), *map(ctx.environ.get, ("AWS_REGION", "AWS_DEFAULT_REGION"))):
        if found:
            return found
    raise InvalidError("no region is known", fix="give it: --region eu-west-1, or set AWS_REGION")


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
