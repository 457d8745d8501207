"""All that is to say about one Dockerfile: what reading, planning and translating find, and what only linting looks for."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from types import MappingProxyType
from typing import NamedTuple

from d2t.diagnostics import Diagnostic, Findings, Severity
from d2t.dockerfile import instructions as ins
from d2t.dockerfile.parse import read
from d2t.lower.options import Context as BuildContext
from d2t.lower.options import Options
from d2t.lower.translate import lower
from d2t.plan.build import BuildPlan, CopyStep, ImageConfig
from d2t.plan.planner import plan as make_plan
from d2t.plan.problem import EXPANSION, IMAGE
from d2t.providers import Provider
from d2t.rules.registry import RULES, Context, run_checks

_ROUNDS = 20  # of planning without what was refused; a file with more errors is not read to its end
_STAND_IN = "image.invalid/not-known"  # for a FROM that cannot be resolved: what follows it is still looked at
_NEEDS_CONTEXT = "D2T217"
_UNUSABLE = ("D2T208", "D2T209")  # images that nothing can be built on: the rest is about a template that cannot be


class Ask(NamedTuple):
    """What the user says besides the file, as `d2t.api.transpile` takes it."""

    build_args: Mapping[str, str] = MappingProxyType({})
    target: str = ""
    base_config: ImageConfig | None = None
    options: Options = Options()
    context: BuildContext | Callable[[], BuildContext] | None = None  # called when a step copies from it


class Gathered(NamedTuple):
    """A Dockerfile with its findings, those of several providers merged."""

    dockerfile: ins.Dockerfile
    plan: BuildPlan | None  # of what could be read
    diagnostics: tuple[Diagnostic, ...]  # in file order


def gather(text: str, providers: Sequence[Provider], ask: Ask, *, quiet: bool = True) -> Gathered:
    """Find everything; `quiet` leaves out that a build context is needed.

    What reading or planning refuses is left out, and the rest is looked at without it: an error does not hide what is
    found elsewhere. Rules that speak of the file as a whole are then silent.
    """
    dockerfile, errors = read(text)
    problems = list(errors)
    plan = None
    if any(isinstance(instruction, ins.From) for instruction in dockerfile.instructions):
        dockerfile = _from_first_stage(dockerfile) if problems else dockerfile
        plan = _plan(dockerfile, ask, problems)
    found = Findings()
    for problem in problems:
        found.add(problem)
    if plan is None:
        return Gathered(dockerfile, None, found.sorted())
    options = ask.options
    if ask.context is not None and _copies(plan):
        options = replace(options, context=ask.context() if callable(ask.context) else ask.context)
    refused = {problem.line for problem in problems}
    per_provider: dict[str, list[Diagnostic]] = {}
    for provider in providers:
        own = Findings()
        lower(plan, dockerfile, provider, options, own)
        run_checks(Context(plan, dockerfile, provider, ask.build_args), own, lint=True)
        unusable = any(item.code in _UNUSABLE for item in own)
        per_provider[provider.id] = [
            item
            for item in own
            if not (unusable and item.severity is not Severity.ERROR)
            and not (problems and (RULES[item.code].whole or item.line in refused))
            and not (quiet and item.code == _NEEDS_CONTEXT and options.context is None)
        ]
    for item in _merged(per_provider):
        found.add(item)
    return Gathered(dockerfile, plan, found.sorted())


def _from_first_stage(dockerfile: ins.Dockerfile) -> ins.Dockerfile:
    """Without what stands in front of the first FROM and must not."""
    started = False
    kept = []
    for instruction in dockerfile.instructions:
        started = started or isinstance(instruction, ins.From)
        if started or isinstance(instruction, ins.Arg):
            kept.append(instruction)
    return dockerfile._replace(instructions=tuple(kept))


def _plan(dockerfile: ins.Dockerfile, ask: Ask, problems: list[Diagnostic]) -> BuildPlan | None:
    """Plan, again and again without the instructions that are refused. Adds to `problems`."""
    for _ in range(_ROUNDS):
        plan, errors = make_plan(
            dockerfile, build_args=ask.build_args, target=ask.target, bases=lambda reference: ask.base_config
        )
        unset = any(
            problem.code == EXPANSION for problem in (*problems, *errors)
        )  # then FROM's name is wrong only because of it
        problems.extend(error for error in errors if not (unset and error.code == IMAGE))
        if plan is not None:
            return plan
        lines = {error.line for error in errors}
        rest: list[ins.Instruction] = []
        for instruction in dockerfile.instructions:
            if instruction.origin.line not in lines:
                rest.append(instruction)
            elif isinstance(instruction, ins.From) and instruction.image != _STAND_IN:
                rest.append(instruction._replace(image=_STAND_IN, platform=""))
        if tuple(rest) == dockerfile.instructions:
            return None  # an error without a place, such as a target that does not exist
        dockerfile = dockerfile._replace(instructions=tuple(rest))
        if not any(isinstance(instruction, ins.From) for instruction in rest):
            return None
    return None


def _copies(plan: BuildPlan) -> bool:
    return any(
        isinstance(step, CopyStep) and any(source.kind == "context" for source in step.sources) for step in plan.steps
    )


def _merged(found: Mapping[str, Sequence[Diagnostic]]) -> list[Diagnostic]:
    """The findings of all providers. What does not hold for all of them says for which it does."""
    if len(found) == 1:
        return list(next(iter(found.values())))
    everywhere = set.intersection(*(set(items) for items in found.values())) if found else set()
    merged = []
    for provider, items in found.items():
        for item in items:
            own = item.provider or item in everywhere
            merged.append(item if own else item._replace(provider=provider))
    return merged


def worse(before: Sequence[Diagnostic], after: Sequence[Diagnostic]) -> bool:
    """Whether something above info is found after a change that was not before it, wherever it stands."""
    known = {(item.code, item.provider, item.message) for item in before}
    return any(
        item.severity is not Severity.INFO and (item.code, item.provider, item.message) not in known for item in after
    )
