"""CMD and ENTRYPOINT: the start command, and when the sandbox is ready."""

from __future__ import annotations

from collections.abc import Iterator

from d2t import ready
from d2t.diagnostics import Span
from d2t.dockerfile import instructions as ins
from d2t.dockerfile.expand import symbols
from d2t.dockerfile.hints import Hints
from d2t.dockerfile.source import Origin
from d2t.lower import run, workdir
from d2t.lower.env import ensure_path
from d2t.lower.images import starts_nothing
from d2t.lower.state import Lowering
from d2t.plan.build import DEFAULT_SHELL, ConfigStep, RunStep
from d2t.ready.resolve import Resolved
from d2t.rules import behaviour, readiness
from d2t.rules.registry import Where

# commands that wait for input, and end at once without: the CMD of base images
_INTERACTIVE = frozenset(
    "bash sh ash dash zsh fish /bin/bash /bin/sh /bin/ash /bin/zsh /usr/bin/bash python python2 python3 node irb ghci erl iex "
    "jshell R julia pypy pypy3 php psql bun deno lua luajit sbcl guile swift".split()
)


def lower_start(state: Lowering, hints: Hints) -> tuple[str, str]:
    """The start command and why it is wrapped; "" for none. What runs is Docker's argv, user, folder and variables."""
    if hints.text("start"):
        return hints.text("start"), "# d2t: start="
    if state.options.start:
        return state.options.start, "as the settings say"
    image, config = state.plan.image, state.plan.base_config
    argv = (*(image.entrypoint or ()), *(image.cmd or ()))
    origin = _origin(state)
    base = state.plan.base_name
    told = state.options.from_template or starts_nothing(base)
    if config is None and not _says_entrypoint(state) and not told:
        state.report(behaviour.base_start_unknown(origin or state.plan.base_origin, base, bool(argv)))
    if not argv:
        return "", ""
    program = argv[-1] if argv[:-1] in ((), DEFAULT_SHELL) else ""
    if program in _INTERACTIVE:
        state.report(behaviour.start_is_a_shell(origin, program))
        return "", ""
    ensure_path(state, image.env, origin)
    workdir.ensure_workdir(state, image.workdir or "/", origin)
    return run.started(state, argv), ""


def _says_entrypoint(state: Lowering) -> bool:
    """Whether the file has an ENTRYPOINT, an empty one too: then the base's does not count."""
    return any(
        isinstance(step, ConfigStep) and isinstance(step.instruction, ins.Entrypoint) for step in state.plan.steps
    )


def _origin(state: Lowering) -> Origin | None:
    """Where the start command is said."""
    for step in reversed(state.plan.steps):
        if isinstance(step, ConfigStep) and isinstance(step.instruction, ins.Cmd | ins.Entrypoint):
            return step.origin
    return None


def lower_ready(state: Lowering, hints: Hints, start: str) -> Resolved:
    """What the template waits for. Reports what there is to say about it."""
    plan, provider = state.plan, state.provider
    known = plan.base_config is not None
    resolved = ready.resolve(
        has_start=bool(start),
        option=ready.parse_hint(state.options.ready) if state.options.ready else None,
        comment=hints.text("ready") or state.options.default_ready,
        health=plan.image.healthcheck.test if plan.image.healthcheck else None,
        compose=state.options.compose_test,
        exposed=tuple(_exposed(state)),
        shell=plan.image.shell or ("/bin/sh", "-c"),
        env=plan.image.env,
        env_complete=known,
        wrap=lambda text: run.in_shell(text),
        provided=provider["ready.tools"],
        installed=ready.installed_tools(
            step.argv[-1] for step in plan.steps if isinstance(step, RunStep) and step.shell_form
        ),
        in_base=ready.image_tools(plan.base_name),
        default_milliseconds=provider["ready.default_milliseconds"],
    )
    for note in resolved.notes:
        if note.kind is ready.Kind.NO_HINT and not start:
            continue  # nothing is waited for
        state.report(readiness.of_note(_where(state, hints, resolved, note.kind), note))
    return resolved


def _exposed(state: Lowering) -> Iterator[str]:
    for step in state.plan.steps:
        if isinstance(step, ConfigStep) and isinstance(step.instruction, ins.Expose):
            yield from (value for value in step.values if not symbols(value))


def _where(state: Lowering, hints: Hints, resolved: Resolved, kind: ready.Kind) -> Where:
    if kind is ready.Kind.BAD_HINT and "ready" in hints.values:
        return _comment(state, hints.values["ready"].line)
    wanted: type[ins.Instruction] = ins.Healthcheck
    if kind.startswith("expose") or kind in (ready.Kind.SEVERAL_PORTS, ready.Kind.NO_TCP_PORT):
        wanted = ins.Expose
    elif kind is ready.Kind.NO_HINT:
        return _origin(state)
    for step in reversed(state.plan.steps):
        if isinstance(step, ConfigStep) and isinstance(step.instruction, wanted):
            return step.origin
    return _origin(state)


def _comment(state: Lowering, line: int) -> Where:
    text = state.plan.base_origin.source.lines[line - 1]
    return Span(line, len(text) - len(text.lstrip()) + 1, line, len(text) + 1)


def report_hints(state: Lowering, hints: Hints) -> None:
    """Name the comments that cannot be read."""
    for line, message in hints.errors:
        state.report(readiness.hint_malformed(_comment(state, line), message))
