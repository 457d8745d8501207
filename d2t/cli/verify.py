"""`d2t verify`: build with Docker and with the local service, and compare."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from d2t.cli import console, options, sources
from d2t.cli.progress import progress
from d2t.config import ConfigError, Finder

if TYPE_CHECKING:
    from d2t.verify.jobs import Job


@click.command()
@click.argument("files", nargs=-1, metavar="[DOCKERFILE]...")
@options.translation_options
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object a line for each file.")
@click.option("--jobs", "-j", type=click.IntRange(min=1), default=2, show_default=True, help="Builds at a time.")
def command(files: tuple[str, ...], translation: options.Translation, as_json: bool, jobs: int) -> None:
    """Build each DOCKERFILE with Docker and its template with the local service, and compare.

    Compared are files, and the user, folder, environment, arguments and children of the start command. Prints `same`, or
    the differences by the instruction that caused them. Needs a Docker or Podman engine, and its command line client.
    The base image's config is the engine's, unless --resolve-base says otherwise.

    \b
    Exit codes: 0 all the same; 1 something differs, is refused or does not build;
    2 wrong usage or environment.
    """
    from d2t.local.engine import EngineError, find
    from d2t.local.server import ServeError
    from d2t.verify.docker import VerifyError
    from d2t.verify.outcome import Status, to_json, to_text
    from d2t.verify.run import Verifier

    code = 0
    wanted: list[Job] = []
    for path in files or (sources.default(),):
        source = sources.read(path)
        if source.path == sources.STDIN:
            raise click.UsageError("verify needs files: `docker build` reads them too")
        if source.problem is not None and source.missing:
            console.error(f"cannot read {path}: {source.problem.message}")
            code = 2
            continue
        try:
            wanted.append(_job(source, translation))
        except options.BaseNotFound as error:
            console.error(f"{path}: {error.message}")
            code = 2
    try:
        with Verifier(find(), workers=jobs) as verifier, progress() as shown:
            for number, outcome in enumerate(
                verifier.verify(wanted, lambda job: shown.state(f"building {job.name}")), 1
            ):
                shown.state(f"{number} of {len(wanted)} done")
                click.echo(
                    json.dumps(to_json(outcome), ensure_ascii=False) if as_json else to_text(outcome), nl=as_json
                )
                code = max(code, int(outcome.status is not Status.SAME))
    except (VerifyError, EngineError, ServeError) as error:
        console.fail(str(error))
    except KeyboardInterrupt:
        console.fail("interrupted", 130)
    sys.exit(code)


def _job(source: sources.Source, translation: options.Translation) -> Job:
    """One file to verify. Raises BaseNotFound when a base's config is not where --resolve-base says."""
    from d2t import api
    from d2t.verify.translation import job

    try:
        settled = translation.over(Finder().of(source.settings_path))
    except ConfigError as error:
        console.fail(str(error))
    settled = settled.resolving("auto")
    if settled.resolve_base in ("engine", "registry") and settled.base_config is None:
        ask = options.asking(settled.bases)
        for image in api.base_images(source.text, build_args=settled.build_args, target=settled.target):
            if ask is not None:
                ask(image)
    pulled = settled.resolve_base in (None, "auto") and settled.base_config is None
    path = Path(source.path)
    return job(
        source.path,
        path,
        Path(settled.context or source.folder),
        settled.service(),
        lambda config: (settled._replace(base_config=config) if pulled else settled).transpile(source),
        build_args=settled.build_args,
        target=settled.target,
    )
