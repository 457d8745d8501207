"""`d2t plan`: what `docker build` would do."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from typing import Any

import click

from d2t import api
from d2t.cli import options, sources
from d2t.diagnostics import Diagnostic
from d2t.plan.build import ImageConfig


@click.command()
@click.argument("files", nargs=-1, metavar="[DOCKERFILE]...")
@options.build_arg_option
@options.target_option
@options.base_config_option
@options.resolve_base_option
@click.option("--format", "format_", type=click.Choice(["text", "json"]), default="text", show_default=True)
def command(
    files: tuple[str, ...],
    build_args: Mapping[str, str],
    target: str,
    base_config: ImageConfig | None,
    resolve_base: str | None,
    format_: str,
) -> None:
    """Show what `docker build` would do, step by step.

    Reads Dockerfile or Containerfile in this folder when no file is named, and standard input for `-`. JSON is one object
    a line for each file.
    """
    code = 0
    given = [sources.read(path) for path in files or (sources.default(),)]
    resolver = options.resolver(resolve_base or "never")
    if resolver is not None and base_config is None:
        texts = (source.text for source in given if source.problem is None)
        resolver.prefetch(
            image for text in texts for image in api.base_images(text, build_args=build_args, target=target)
        )
    bases = options.asking(resolver)
    for source in given:
        if source.problem is not None:
            found = api.PlanResult(None, (source.problem,))
        else:
            try:
                found = api.plan(
                    source.text, build_args=build_args, target=target, base_config=base_config, bases=bases
                )
            except options.BaseNotFound as error:
                from d2t.cli import console

                console.error(f"{source.path}: {error.message}")
                code = 2
                continue
        code = max(code, source.exit_code or int(found.plan is None))
        if format_ == "json":
            click.echo(_json(source.path, target, found))
            continue
        if found.diagnostics:
            from d2t.cli import console
            from d2t.report import Report

            console.show([Report(source.path, source.text, found.diagnostics)])
        if found.plan is not None:
            from d2t.plan.text import text

            click.echo(f"{source.path}\n{text(found.plan)}")
    sys.exit(code)


def _json(path: str, target: str, found: api.PlanResult) -> str:
    import json

    from d2t.plan.document import document

    data: dict[str, Any] = {
        "file": path,
        "target": found.plan.target if found.plan else target,
        "diagnostics": [_diagnostic(diagnostic) for diagnostic in found.diagnostics],
    }
    if found.plan is not None:
        data |= document(found.plan)
    return json.dumps(data, ensure_ascii=False)


def _diagnostic(diagnostic: Diagnostic) -> dict[str, Any]:
    return {
        "code": diagnostic.code,
        "severity": diagnostic.severity.value,
        "message": diagnostic.message,
        "line": diagnostic.line,
    }
