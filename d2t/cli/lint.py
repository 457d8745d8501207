"""`d2t lint`: what will not translate, before anything is built."""

import os
import sys
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import NamedTuple

import click

from d2t import providers
from d2t.cli import console, sources
from d2t.cli.options import Translation, base_config_option, build_arg_option, target_option
from d2t.config import ConfigError, Finder, Settings
from d2t.diagnostics import Severity
from d2t.discover import Found, find
from d2t.lint import Ask, Choice, ChoiceError, lint, repaired
from d2t.lower.options import ALLOWED, Options
from d2t.plan.build import ImageConfig
from d2t.report import FORMATS, Report, render
from d2t.report.color import wanted
from d2t.rules import RULES

_MANY = 200  # files from which on it pays to start more processes


class Job(NamedTuple):
    """What the options say; the same for every file."""

    providers: tuple[str, ...] = ()
    translation: Translation = Translation()
    select: tuple[str, ...] = ()
    ignore: tuple[str, ...] = ()
    least: Severity = Severity.INFO
    fix: bool = False  # look for all fixes, one after the other
    stdin_filename: str = ""


class Outcome(NamedTuple):
    """One file, linted."""

    report: Report
    exit_code: int
    before: str = ""  # the text without the fixes that `report` has
    fixed: int = 0  # how many fixes those are
    stdin: bool = False


class Ruling(NamedTuple):
    """What holds for a file, from options and settings."""

    choice: Choice
    providers: tuple[providers.Provider, ...]
    ask: Ask


def _codes(ctx: click.Context, param: click.Parameter, given: tuple[str, ...]) -> tuple[str, ...]:
    codes = tuple(code.strip().upper() for text in given for code in text.split(",") if code.strip())
    try:
        Choice(select=codes)
    except ChoiceError as error:
        raise click.BadParameter(str(error), ctx, param) from None
    return codes


@click.command()
@click.argument("paths", nargs=-1, metavar="[FILE|FOLDER]...")
@click.option(
    "--provider",
    "names",
    multiple=True,
    metavar="NAME|FILE",
    help=f"The sandbox service; repeat it for several: {', '.join(providers.names())}, or a .toml file."
    f"  [default: {providers.DEFAULT}]",
)
@click.option("--select", multiple=True, metavar="CODES", callback=_codes, help="Rules to look for: D2T203, D2T2, …")
@click.option("--ignore", multiple=True, metavar="CODES", callback=_codes, help="Rules to leave out.")
@click.option(
    "--min-severity",
    type=click.Choice([one.value for one in Severity]),
    default="info",
    show_default=True,
    help="Leave out what is milder.",
)
@click.option("--output-format", type=click.Choice([*FORMATS]), default="full", show_default=True)
@click.option("--statistics", is_flag=True, help="Count the findings of each rule instead of showing them.")
@click.option("--exit-zero", is_flag=True, help="Exit with 0 also when there are errors.")
@click.option("--fix", is_flag=True, help="Repair what can be repaired.")
@click.option("--diff", is_flag=True, help="Show what --fix changes, and change nothing.")
@click.option("--stdin-filename", default="", metavar="PATH", help="The path of what comes from standard input.")
@click.option("--color/--no-color", default=None, help="Colours, also where the output is no terminal.")
@build_arg_option
@target_option
@base_config_option
@click.option(
    "--allow",
    multiple=True,
    type=click.Choice(ALLOWED),
    help="Take EXPOSE or VOLUME as a warning where the provider has no counterpart.",
)
@click.option("--context", default="", metavar="DIR", help="The build context, to look at what COPY copies.")
@click.option(
    "-j",
    "--jobs",
    type=click.IntRange(min=1),
    metavar="N",
    help=f"Processes.  [default: several from {_MANY} files on]",
)
def command(
    paths: tuple[str, ...],
    names: tuple[str, ...],
    select: tuple[str, ...],
    ignore: tuple[str, ...],
    min_severity: str,
    output_format: str,
    statistics: bool,
    exit_zero: bool,
    fix: bool,
    diff: bool,
    stdin_filename: str,
    color: bool | None,
    build_args: dict[str, str],
    target: str,
    base_config: ImageConfig | None,
    allow: tuple[str, ...],
    context: str,
    jobs: int | None,
) -> None:
    """Say what a sandbox provider will refuse, drop or do differently.

    Reads files whatever their name, the Dockerfiles of folders (this one when nothing is named), and standard input for
    `-`. A comment `# d2t: ignore=D2T203` hides findings of the instruction below it, or of the whole file when it stands
    above the first instruction.

    Exits with 1 when a finding of severity error is left (with --diff: or something would change), and with 2 when a file
    is missing or an option is wrong.
    """
    if statistics and output_format not in ("full", "concise", "json", "jsonl"):
        raise click.UsageError(f"--statistics has no form in {output_format}: use full, concise, json or jsonl")
    translation = Translation(
        build_args=build_args, target=target, base_config=base_config, allow=allow, context=context
    )
    job = Job(names, translation, select, ignore, Severity(min_severity), fix or diff, stdin_filename)
    outcomes = list(_all(list(_files(paths or (".",))), job, jobs))
    if not outcomes:
        console.warn("there is no Dockerfile here" if not paths else "there is no Dockerfile in what is named")
    code = max((outcome.exit_code for outcome in outcomes), default=0)
    if diff:
        changed = _show_diffs(outcomes)
        code = max(code if code == 2 else 0, int(changed))
    else:
        if fix:
            code = max(code, _write(outcomes))
        _show(outcomes, output_format, statistics, color, fix)
    sys.exit(0 if exit_zero and code == 1 else code)


def _files(paths: Sequence[str]) -> Iterator[str | Outcome]:
    """The files to read, and what is wrong with paths that cannot be looked at; standard input comes first."""
    if sources.STDIN in paths:
        yield sources.STDIN
    for item in find(path for path in paths if path != sources.STDIN):
        yield item.path if isinstance(item, Found) else _unreadable(item.path, item.message, 2)


def _unreadable(path: str, message: str, code: int) -> Outcome:
    from d2t.rules import reading

    return Outcome(Report(path, "", (reading.unreadable_file(None, message),)), code)


def _all(items: list[str | Outcome], job: Job, jobs: int | None) -> Iterator[Outcome]:
    """Lint all files, in the order given."""
    if jobs is None:
        jobs = min(os.cpu_count() or 1, len(items) // _MANY + 1, 8)
    if jobs == 1 or len(items) < 2 or sources.STDIN in items:
        worker = Worker(job)
        for item in items:
            yield worker(item) if isinstance(item, str) else item
        return
    from multiprocessing import Pool

    with Pool(jobs, _begin, (job,)) as pool:
        yield from pool.imap(_work, items, chunksize=16)


_worker: "Worker"


def _begin(job: Job) -> None:
    import signal

    global _worker
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the process that waits: it ends the others
    _worker = Worker(job)


def _work(item: str | Outcome) -> Outcome:
    return _worker(item) if isinstance(item, str) else item


class Worker:
    """Lints one file after the other; files of settings are read once."""

    def __init__(self, job: Job) -> None:
        self._job = job
        self._finder = Finder()
        self._known: dict[str, Ruling] = {}

    def __call__(self, path: str) -> Outcome:
        try:
            return self._lint(path)
        except click.ClickException:
            raise
        except Exception as error:  # a fault of d2t itself must not hide what is found in other files
            return _unreadable(path, f"d2t itself failed, please report it: {type(error).__name__}: {error}", 2)

    def _lint(self, path: str) -> Outcome:
        source = sources.read(path, self._job.stdin_filename if path == sources.STDIN else "")
        if source.problem is not None:
            return Outcome(Report(source.path, "", (source.problem,)), source.exit_code)
        ruling = self._ruling(source)
        if self._job.fix:
            text, found, count = repaired(source.text, ruling.providers, ruling.ask, ruling.choice)
        else:
            text, count = source.text, 0
            found = lint(text, ruling.providers, ruling.ask, ruling.choice)
        code = int(any(item.severity is Severity.ERROR for item in found))
        return Outcome(Report(source.path, text, found), code, source.text, count, path == sources.STDIN)

    def _ruling(self, source: sources.Source) -> Ruling:
        """What holds for a file: the options over the file of settings that is nearest to it.

        Raises click.UsageError.
        """
        settings = None
        try:
            settings = self._finder.of(source.settings_path)
            ruling = self._known.get(settings.file)
            if ruling is None:
                ruling = self._of(settings)
                if not settings.dockerfile:  # otherwise the settings are not the same for all files
                    self._known[settings.file] = ruling
            if settings.per_file_ignores and (codes := _per_file(settings, source.settings_path)):
                ruling = ruling._replace(choice=replace(ruling.choice, never=tuple(codes)))
        except ChoiceError as error:
            raise click.UsageError(f"{settings.file if settings else ''}: {error}") from None
        except (ConfigError, providers.ProviderError) as error:
            raise click.UsageError(str(error)) from None
        return ruling

    def _of(self, settings: Settings) -> Ruling:
        job = self._job
        select = job.select or settings.select or ("D2T",)
        names = job.providers or ((settings.provider,) if settings.provider else (providers.DEFAULT,))
        return Ruling(
            Choice(select, job.ignore or settings.ignore, settings.severity, job.least),
            tuple(providers.load(name) for name in dict.fromkeys(names)),
            _ask(job.translation.over(settings)),
        )


def _per_file(settings: Settings, path: str) -> list[str]:
    """The codes that the settings leave out of a file."""
    from wcmatch import glob

    name = os.path.relpath(os.path.abspath(path), os.path.dirname(settings.file)).replace(os.sep, "/")
    flags = glob.GLOBSTAR | glob.DOTGLOB | glob.MATCHBASE | glob.FORCEUNIX
    return [
        code
        for pattern, codes in settings.per_file_ignores.items()
        if glob.globmatch(name, pattern.removeprefix("./"), flags=flags)
        for code in codes
    ]


def _ask(translation: Translation) -> Ask:
    context = translation.context

    def scanned():  # type: ignore[no-untyped-def]
        from d2t.context import scan

        return scan(context)

    return Ask(
        translation.build_args,
        translation.target,
        translation.base_config,
        Options(
            start=translation.start,
            ready=translation.ready,
            default_ready=translation.default_ready,
            compose_test=translation.compose_test,
            allow=frozenset(translation.allow),
            user=translation.user,
            workdir=translation.workdir,
            from_template=translation.from_template,
            persist_env=translation.persist_env is not False,
        ),
        scanned if context else None,
    )


def _show(outcomes: Sequence[Outcome], format: str, statistics: bool, color: bool | None, fix: bool) -> None:
    """The findings, on standard output unless that has a repaired text."""
    stream = sys.stderr if fix and any(outcome.stdin for outcome in outcomes) else sys.stdout
    text = render(
        [outcome.report for outcome in outcomes],
        format,
        color=wanted(stream, color),
        width=console.width(stream),
        rules=RULES,
        statistics=statistics,
    )
    click.echo(text, file=stream, nl=False)


def _write(outcomes: Sequence[Outcome]) -> int:
    """Keep the repaired texts: in their files, and on standard output what came from standard input."""
    code = 0
    for outcome in outcomes:
        data = outcome.report.text.encode("utf-8")
        if outcome.stdin:
            sys.stdout.buffer.write(data)
        if outcome.stdin or not outcome.fixed:
            continue
        try:
            with open(outcome.report.path, "wb") as file:
                file.write(data)
        except OSError as error:
            console.error(f"{outcome.report.path} cannot be written: {(error.strerror or str(error)).lower()}")
            code = 2
    if fixed := sum(outcome.fixed for outcome in outcomes):
        console.note(f"{fixed} {'finding' if fixed == 1 else 'findings'} repaired")
    return code


def _show_diffs(outcomes: Sequence[Outcome]) -> bool:
    """What would change, and whether something would."""
    from difflib import unified_diff

    for outcome in outcomes:
        if outcome.fixed:
            path = outcome.report.path
            before, after = (text.splitlines(keepends=True) for text in (outcome.before, outcome.report.text))
            for line in unified_diff(before, after, path, path):
                click.echo(line if line.endswith("\n") else f"{line}\n\\ No newline at end of file\n", nl=False)
    for outcome in outcomes:
        if outcome.report.text == "":
            console.show([outcome.report])
    return any(outcome.fixed for outcome in outcomes)
