"""The order in which the modules of `lower` speak."""

from __future__ import annotations

from d2t.diagnostics import Findings
from d2t.dockerfile import hints
from d2t.dockerfile import instructions as ins
from d2t.lower import base, config, env, images, run, start, user, workdir
from d2t.lower.options import Options
from d2t.lower.state import ROOT, Lowering
from d2t.plan.build import ArgStep, BuildPlan, ConfigStep, CopyStep, EnvStep, RunStep, Step, UserStep, WorkdirStep
from d2t.plan.paths import clean, is_below
from d2t.providers import Provider
from d2t.ready import Source
from d2t.rules import behaviour, support
from d2t.rules.registry import Context, run_checks
from d2t.template import Template


def lower(
    plan: BuildPlan, dockerfile: ins.Dockerfile, provider: Provider, options: Options, found: Findings
) -> Template | None:
    """Translate a plan for one provider.

    Returns None when a finding of severity error was added: there is no template that would behave as planned.
    Raises ValueError for a malformed `options.ready`.
    """
    state = Lowering(plan, provider, options, found)
    said = hints.read(dockerfile.comments)
    start.report_hints(state, said)
    origin = base.lower_base(state)
    if plan.assumed:
        found.add(behaviour.variable_assumed_unset(None, ", ".join(f"${name}" for name in plan.assumed)))
    begin(state)
    for step in plan.steps:
        lower_step(state, step)
    end(state)
    start_cmd, why = start.lower_start(state, said)
    resolved = start.lower_ready(state, said, start_cmd)
    if not provider["api.steps"]:
        _refuse_steps(state)
    run_checks(Context(plan, dockerfile, provider), found, lint=False)
    if found.has_errors:
        return None
    ready = resolved.ready if start_cmd or resolved.source is not Source.DEFAULT else None
    return Template(
        base=origin,
        steps=tuple(state.steps) if provider["api.steps"] else (),
        start_cmd=start_cmd,
        start_why=why,
        ready=ready,
        ready_why=resolved.source.value,
        name=said.text("name"),
        cpu_count=said.number("cpu"),
        memory_mb=said.number("memory"),
        provider=provider.id,
        context=options.context.root if options.context else "",
    )


def begin(state: Lowering) -> None:
    """Bring the service's context to where Docker begins: the base image's user and folder."""
    state.set_user(
        ROOT, None
    )  # an SDK of 2.3 or later makes the service begin as its own user: e2b-dev/infra, build/builder.go
    user.free_reserved_user(state)
    env.keep_base_values(state)
    config = state.plan.base_config
    known = config is not None or state.plan.base is None or images.begins_at_root(state.plan.base_name)
    state.folder_known = known or bool(state.options.from_template) or state.found.has_errors
    if config is not None and config.user:
        user.lower_user(state, config.user, state.plan.base_origin)
    if config is not None and config.workdir not in ("", "/"):
        workdir.ensure_workdir(state, config.workdir, None)


def end(state: Lowering) -> None:
    """Leave the context that the sandbox's later commands have: the image's variables, user and folder."""
    env.persist(state, None)
    if state.options.user:
        state.set_user(state.options.user, None, "--user")
    folder = clean(state.options.workdir or state.plan.image.workdir or "/")
    if any(is_below(folder, cleared) for cleared in state.provider["runtime.clears_tmp"]):
        state.set_workdir("/", None, f"{folder} is gone when the sandbox starts; the start command makes it")
    elif state.options.workdir or not state.context_workdir:
        state.set_workdir(workdir.quoted(folder), None)


def lower_step(state: Lowering, step: Step) -> None:
    """Translate one step of the plan."""
    match step:
        case RunStep():
            run.lower_run(state, step)
        case CopyStep():
            from d2t.lower.copy import lower_copy

            workdir.ensure_workdir(state, "/", step.origin)
            if step.relative:
                workdir.note_unknown_folder(state, step)
            lower_copy(state, step)
        case EnvStep():
            config.look_for_secrets(state, step)
            env.lower_env(state, step)
        case ArgStep():
            config.look_for_secrets(state, step)
        case WorkdirStep():
            workdir.lower_workdir(state, step)
        case UserStep():
            user.lower_user(state, step.user, step.origin)
        case ConfigStep():
            config.lower_config(state, step)


def _refuse_steps(state: Lowering) -> None:
    """A provider without build steps: name each instruction that needs one."""
    for step in state.plan.steps:
        if isinstance(step, RunStep | EnvStep | WorkdirStep | UserStep):
            keyword = type(step).__name__.removesuffix("Step").upper()
            state.report(support.steps_not_supported(step.origin, state.provider, keyword))
        elif isinstance(step, CopyStep):
            state.report(support.steps_not_supported(step.origin, state.provider, step.keyword))
