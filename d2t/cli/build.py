"""`d2t build`: translate a Dockerfile and have a service build the template."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING

import click

from d2t import service
from d2t.cli import console, options, sources
from d2t.cli.outcome import Outcome
from d2t.cli.submission import INTERRUPTED, Submission
from d2t.config import ConfigError, Finder, Settings
from d2t.template import Template

if TYPE_CHECKING:
    from d2t.api import Result
    from d2t.bases.credentials import Login


@click.command()
@options.dockerfile_argument
@options.naming_options
@options.translation_options
@click.option("--registry-username", default="", metavar="NAME", help="The user name for the registry of FROM's image.")
@click.option("--registry-password-stdin", is_flag=True, help="Read the registry's password from standard input.")
@click.option("--detach", is_flag=True, help="Do not wait for the end of the build.")
@click.option("--dry-run", is_flag=True, help="Show what would be sent, and send nothing.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
@click.option("--local", is_flag=True, help="Build with d2t's own service on this machine: no key, no network.")
@click.option(
    "--engine",
    type=click.Choice(["auto", "docker", "none"]),
    help="What executes the steps of a --local build.  [default: auto]",
)
@click.option("--step-timeout", type=click.FloatRange(min=0.1), help="Seconds that a step of a --local build may take.")
def command(
    dockerfile: str | None,
    translation: options.Translation,
    name: str,
    cpu: int | None,
    memory: int | None,
    registry_username: str,
    registry_password_stdin: bool,
    detach: bool,
    dry_run: bool,
    as_json: bool,
    local: bool,
    engine: str | None,
    step_timeout: float | None,
) -> None:
    """Translate DOCKERFILE and build it as a sandbox template.

    Without DOCKERFILE the current folder's Dockerfile or Containerfile is taken; - is standard input. The key comes from
    E2B_API_KEY; E2B_DOMAIN and E2B_API_URL replace the provider's address.

    The base image's config is read from its registry or, where that cannot be asked, from the local engine; a --local
    build asks the engine first. --resolve-base never leaves it unknown.

    \b
    Exit codes: 0 built; 1 the Dockerfile has errors or the build failed;
    2 wrong usage or environment; 130 interrupted.
    """
    if bool(registry_username) != registry_password_stdin:
        raise click.UsageError("--registry-username and --registry-password-stdin need each other")
    if registry_password_stdin and dockerfile == sources.STDIN:
        raise click.UsageError("standard input cannot be both the Dockerfile and the password")
    if local and detach:
        raise click.UsageError("--detach has no use with --local: the local service ends with this command")
    if not local and (engine is not None or step_timeout is not None):
        raise click.UsageError("--engine and --step-timeout are for --local")

    source, settings = _read(dockerfile)
    translation = translation.over(settings)
    outcome = Outcome(source, translation.service(), as_json)
    if registry_username and translation.from_template:
        raise click.UsageError("the registry's credentials are for an image, and the base is a template")
    if registry_username and "registry" not in outcome.provider["api.registries"]:
        raise click.UsageError(f"{outcome.provider.title} takes no credentials of registries")
    registry = service.Credentials(registry_username, _password()) if registry_username and not dry_run else None
    translation = translation.resolving("auto", engine_first=local, login=_login(translation, source, registry))
    result = _translate(translation, outcome)
    assert result.template is not None
    template = options.named(result.template, settings, name, cpu, memory)
    _check(template, outcome)
    if dry_run:
        _show(template, registry_username, local, outcome)
    submission = Submission(template, result.plan, registry, outcome)
    if local:
        submission.to_local(engine or "auto", step_timeout)
    submission.to_provider(detach)


def _read(dockerfile: str | None) -> tuple[sources.Source, Settings]:
    finder = Finder()
    try:
        source = sources.read(dockerfile or sources.default(finder.default_dockerfile()))
        if source.problem is not None and source.missing:
            console.fail(f"cannot read {source.path}: {source.problem.message}", source.exit_code)
        return source, finder.of(source.settings_path)
    except ConfigError as error:
        console.fail(str(error))


def _translate(translation: options.Translation, outcome: Outcome) -> Result:
    """The template. Ends the program when there is none."""
    if outcome.source.problem is not None:
        outcome.add(outcome.source.problem)
        outcome.end(1)
    try:
        result = translation.transpile(outcome.source)
    except options.BaseNotFound as error:
        outcome.stop(error.message)
    except KeyboardInterrupt:
        outcome.stop("interrupted", INTERRUPTED)
    outcome.add(*result.diagnostics)
    if result.template is None:
        outcome.end(1)
    return result


def _login(
    translation: options.Translation, source: sources.Source, registry: service.Credentials | None
) -> tuple[str, Login] | None:
    """The base image, and the credentials that are for it."""
    if registry is None:
        return None
    from d2t import api
    from d2t.bases.credentials import Login
    from d2t.plan.bases import own_reference

    found = api.plan(source.text, build_args=translation.build_args, target=translation.target).plan
    return (own_reference(found), Login(registry.username, registry.password)) if found is not None else None


def _check(template: Template, outcome: Outcome) -> None:
    """Ends the program where the provider is known to refuse the build."""
    outcome.name = template.name
    refused = service.check(template, outcome.provider)
    outcome.add(*refused)
    if refused:
        outcome.end(2)


def _show(template: Template, username: str, local: bool, outcome: Outcome) -> None:
    """What would be sent; ends the program."""
    try:
        url = "" if local else service.address(outcome.provider, os.environ)
        cpu, memory = service.resources(template, outcome.provider)
        if outcome.as_json:
            outcome.requests = service.requests(
                template, name=template.name, cpu_count=cpu, memory_mb=memory, username=username, url=url
            )
            outcome.end(0)
    except service.ServiceError as error:
        outcome.stop(str(error))
    from d2t.cli.dry_run import summary

    where = "the local service" if local else f"{outcome.provider.title}, {service.without_credentials(url)}"
    click.echo(summary(template, where, cpu, memory, username), nl=False)
    outcome.end(0)


def _password() -> str:
    """The registry's password from standard input, without the line's end."""
    try:
        text = sys.stdin.buffer.read(65536).decode("utf-8")
    except (UnicodeDecodeError, AttributeError, OSError):
        console.fail("the password on standard input cannot be read: it must be UTF-8")
    password = text.removesuffix("\n").removesuffix("\r")
    if not password:
        console.fail("there is no password on standard input")
    return password
