"""`d2t plan`: what `docker build` would do."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from typing import Any

import click

from d2t import api
from d2t.cli import sources
from d2t.cli.options import base_config_option, build_arg_option, target_option
from d2t.diagnostics import Diagnostic
from d2t.plan.build import ImageConfig


@click.command()
@click.argument("files", nargs=-1, metavar="[DOCKERFILE]...")
@build_arg_option
@target_option
@base_config_option
@click.option("--format", "format_", type=click.Choice(["text", "json"]), default="text", show_default=True)
def command(
    files: tuple[str, ...],
    build_args: Mapping[str, str],
    target: str,
    base_config: ImageConfig | None,
    format_: str,
) -> None:
    """Show what `docker build` would do, step by step.

    Reads Dockerfile or Containerfile in this folder when no file is named, and standard input for `-`. JSON is one object
    a line for each file.
    """
    code = 0
    for path in files or (sources.default(),):
        source = sources.read(path)
        if source.problem is not None:
            found = api.PlanResult(None, (source.problem,))
        else:
            found = api.plan(source.text, build_args=build_args, target=target, base_config=base_config)
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
