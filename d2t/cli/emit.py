"""`d2t emit`: write the builder code."""

from __future__ import annotations

import os
import sys

import click

from d2t.cli import console, options, sources
from d2t.config import ConfigError, Finder
from d2t.report import Report


@click.command()
@options.dockerfile_argument
@click.option(
    "--format",
    "format_",
    type=click.Choice(["python", "python-async", "typescript", "json"]),
    default="python",
    show_default=True,
    help="The language, or the body of the API's request.",
)
@click.option("-o", "--output", metavar="FILE", help="Write to FILE instead of standard output.")
@click.option("--line-numbers", is_flag=True, help="Say in comments which Dockerfile line a call comes from.")
@click.option(
    "--registry",
    is_flag=True,
    help="Let the code take the registry's credentials from REGISTRY_USERNAME and REGISTRY_PASSWORD.",
)
@options.naming_options
@options.translation_options
def command(
    dockerfile: str | None,
    translation: options.Translation,
    name: str,
    cpu: int | None,
    memory: int | None,
    format_: str,
    output: str | None,
    line_numbers: bool,
    registry: bool,
) -> None:
    """Translate DOCKERFILE and write the code that builds it as a template.

    Without DOCKERFILE the current folder's Dockerfile or Containerfile is taken; - is standard input. Nothing is
    contacted, unless --resolve-base asks for it.
    """
    from d2t.emit import emit

    finder = Finder()
    try:
        source = sources.read(dockerfile or sources.default(finder.default_dockerfile()))
        settings = finder.of(source.settings_path)
    except ConfigError as error:
        console.fail(str(error))
    if source.problem is not None:
        console.show([Report(source.path, source.text, (source.problem,))])
        sys.exit(source.exit_code)
    translation = translation.over(settings).resolving("never", engine_first=False)
    result = translation.transpile(source)
    console.show([Report(source.path, source.text, result.diagnostics)])
    if result.template is None:
        sys.exit(1)
    if output is not None and _is_same(output, source.path):
        console.fail(f"{output} is the Dockerfile itself: name another file with -o")
    template = options.named(result.template, settings, name, cpu, memory)
    text = emit(
        template,
        format_,
        line_numbers=line_numbers,
        context=_context(template.context, output),
        registry=registry,
        provider=translation.service(),
    )
    if output is None:
        click.echo(text, nl=False)
        return
    try:
        with open(output, "w", encoding="utf-8", newline="\n") as file:
            file.write(text)
    except OSError as error:
        console.fail(f"cannot write {output}: {(error.strerror or str(error)).lower()}")


def _is_same(output: str, path: str) -> bool:
    return os.path.realpath(output) == os.path.realpath(path)


def _context(context: str, output: str | None) -> str:
    """The build context as seen from the folder that the code will be in."""
    folder = os.path.dirname(os.path.abspath(output)) if output else os.getcwd()
    return os.path.relpath(context, folder).replace(os.sep, "/") if context else ""
