"""How often a translated Dockerfile behaves as `docker build`'s image: d2t and the SDK's `from_dockerfile`, in Markdown.

    python benchmarks/sameness.py [--rows] [--case PREFIX]...

Over the cases of `tests/engine/cases`, with the container engine that DOCKER_HOST names. Each template is submitted by the
e2b SDK to d2t's local service and compared by `d2t verify`'s own code.
"""

from __future__ import annotations

import contextlib
import io
import sys
import tempfile
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import click

ROOT = Path(__file__).parents[1]
sys.path[:0] = [str(ROOT), str(ROOT / "tests" / "engine")]

from cases.load import Case, base_tag, bases, cases  # noqa: E402
from cases.verdicts import Verdicts, job_of, verdict  # noqa: E402

from d2t import api  # noqa: E402
from d2t.local.engine import EngineError, find  # noqa: E402
from d2t.plan.build import BuildPlan, ImageConfig, UserStep, WorkdirStep  # noqa: E402
from d2t.providers import load  # noqa: E402
from d2t.service import Build, Connection, ServiceError  # noqa: E402
from d2t.verify.docker import Builder, VerifyError  # noqa: E402
from d2t.verify.jobs import Job, Translated  # noqa: E402
from d2t.verify.run import Verifier  # noqa: E402

COLUMNS = ("same", "warned", "different", "failed", "refused", "unknown")
HEADINGS = ("same", "different, as warned", "different", "does not build", "refused", "Docker cannot build it here")
INTERACTIVE = ("bash", "sh", "/bin/bash", "/bin/sh")


def sdk_job(case: Case, folder: Path, corrected: bool) -> Job:
    """The SDK's own translation; `corrected` gives it Docker's user and folder where the Dockerfile names none."""
    context = case.write(folder)
    found = api.plan(folder / "Dockerfile", build_args=case.args, target=case.target).plan
    base = found.base_name if found is not None and found.base is not None else ""

    def translate(config: ImageConfig | None) -> Translated:
        import e2b

        plan = api.plan(folder / "Dockerfile", build_args=case.args, target=case.target, base_config=config).plan
        try:
            with contextlib.redirect_stdout(io.StringIO()):
                builder = e2b.Template(file_context_path=str(context)).from_dockerfile(str(folder / "Dockerfile"))
            if corrected and not _has(plan, UserStep):
                builder.set_user("root")
            if corrected and not _has(plan, WorkdirStep):
                builder.set_workdir("/")
        except Exception as error:  # the SDK's own refusal, of whatever type
            return Translated(plan, message=f"{type(error).__name__}: {error}")

        def send(connection: Connection, name: str) -> Build:
            try:
                info = e2b.Template.build_in_background(
                    builder, name=name, cpu_count=2, memory_mb=2048, api_key=connection.api_key, api_url=connection.url
                )
            except Exception as error:  # as above: a file that it does not find is found only here
                raise ServiceError(f"{type(error).__name__}: {error}") from None
            return Build(info.template_id, info.build_id, name, name, info)

        return Translated(plan, send=send, starts_nothing=_only_waits(plan))

    return Job(
        case.id,
        folder / "Dockerfile",
        context,
        load(case.provider),
        translate,
        base,
        case.args,
        case.target,
        folder / "Dockerfile.docker" if case.docker else None,
    )


def _has(plan: BuildPlan | None, kind: type) -> bool:
    return plan is not None and any(isinstance(step, kind) for step in plan.steps)


def _only_waits(plan: BuildPlan | None) -> bool:
    if plan is None:
        return False
    argv = (*(plan.image.entrypoint or ()), *(plan.image.cmd or ()))
    return len(argv) == 1 and argv[0] in INTERACTIVE


TRANSLATORS: dict[str, Callable[[Case, Path], Job]] = {
    "d2t": job_of,
    "`from_dockerfile`": lambda case, folder: sdk_job(case, folder, corrected=False),
    "`from_dockerfile`, with user root and folder /": lambda case, folder: sdk_job(case, folder, corrected=True),
}


@click.command()
@click.option("--rows", is_flag=True, help="Also a table by row of the cases, for each translator.")
@click.option("--case", "prefixes", multiple=True, metavar="PREFIX", help="Only cases whose id begins so.")
@click.option("--jobs", type=click.IntRange(min=1), default=2, show_default=True)
def main(rows: bool, prefixes: tuple[str, ...], jobs: int) -> None:
    """Print the table."""
    selected = [case for case in cases() if not prefixes or case.id.startswith(prefixes)]
    try:
        counts = {name: _count(selected, make, name, jobs) for name, make in TRANSLATORS.items()}
    except (EngineError, VerifyError) as error:
        raise click.ClickException(str(error)) from None
    click.echo(_table("translator", {name: sum(found.values(), Counter()) for name, found in counts.items()}))
    if rows:
        for name, found in counts.items():
            click.echo(f"\n{name}\n\n{_table('row', found)}")


def _count(selected: list[Case], make: Callable[[Case, Path], Job], name: str, jobs: int) -> dict[str, Counter[str]]:
    """Verdicts by row."""
    found: dict[str, Counter[str]] = {}
    engine = find()
    with (
        tempfile.TemporaryDirectory(prefix="d2t-sameness-") as scratch,
        Verifier(engine, workers=jobs, batch=30, step_timeout=20, settle=2, repeat=False) as one,
    ):
        _build_bases(Builder.find(engine), Path(scratch))
        verdicts = Verdicts(one, selected, Path(scratch), make)
        for number, case in enumerate(selected, 1):
            found.setdefault(case.row, Counter())[verdict(verdicts.of(case))] += 1
            if number % 20 == 0 or number == len(selected):
                click.echo(f"{name}: {number} of {len(selected)}", err=True)
    return found


def _build_bases(builder: Builder, scratch: Path) -> None:
    for name, text in bases().items():
        folder = scratch / f"base-{name}"
        folder.mkdir()
        (folder / "Dockerfile").write_text(text.removeprefix("\n"), encoding="utf-8")
        built = builder.build(folder / "Dockerfile", folder, tag=base_tag(name))
        if built.error:
            raise VerifyError(f"the base image {name} does not build: {built.error}")


def _table(first: str, counts: dict[str, Counter[str]]) -> str:
    lines = [f"| {first} | cases | {' | '.join(HEADINGS)} |", f"|---|{'---:|' * (len(HEADINGS) + 1)}"]
    for name, found in counts.items():
        cells = " | ".join(str(found[column]) for column in COLUMNS)
        lines.append(f"| {name} | {sum(found.values())} | {cells} |")
    return "\n".join(lines)


if __name__ == "__main__":
    main()
