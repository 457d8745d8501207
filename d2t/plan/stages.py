"""The stage graph: which stage builds on which, what each copies from, and the target's own chain."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from d2t.dockerfile import instructions as ins
from d2t.dockerfile.expand import Env, ExpansionError, expand
from d2t.dockerfile.source import Origin
from d2t.plan import platform, reference
from d2t.plan.problem import EXPANSION, IMAGE, STAGE, VALUE, PlanProblem

SCRATCH = "scratch"


@dataclass(slots=True, eq=False)
class Stage:
    """One FROM with its instructions, its names resolved."""

    index: int
    from_: ins.From
    image: str = ""  # FROM's image, expanded
    platform: str = ""  # "" for the target platform
    base: Stage | None = None  # the stage that FROM names
    reference: str | None = None  # of the base image; None for scratch and for a stage
    commands: list[ins.Instruction] = field(default_factory=list)
    triggers: int = 0  # how many of the commands come from ONBUILD of the base
    sources: dict[int, Stage | str] = field(default_factory=dict)  # id of a COPY → the stage or image it reads

    @property
    def name(self) -> str:
        return self.from_.name or f"stage-{self.index}"

    def chain(self) -> list[Stage]:
        """From the first stage that this one builds on to itself."""
        stage: Stage | None = self
        found: list[Stage] = []
        while stage is not None:
            found.append(stage)
            stage = stage.base
        return found[::-1]


def split(dockerfile: ins.Dockerfile) -> tuple[list[ins.Arg], list[Stage]]:
    """The global ARGs and the stages, unresolved."""
    globals: list[ins.Arg] = []
    stages: list[Stage] = []
    for instruction in dockerfile.instructions:
        if isinstance(instruction, ins.From):
            stages.append(Stage(len(stages), instruction))
        elif stages:
            stages[-1].commands.append(instruction)
        elif isinstance(instruction, ins.Arg):
            globals.append(instruction)
    return globals, stages


def resolve(stages: list[Stage], scope: Env, escape: str) -> list[PlanProblem]:
    """Fill in images, platforms and bases. `scope` holds the global ARGs."""
    problems = []
    by_name: dict[str, Stage] = {}
    for stage in stages:
        try:
            _resolve(stage, scope, escape, by_name)
        except PlanProblem as problem:
            problems.append(problem)
        if stage.from_.name:
            by_name[stage.from_.name] = stage
    for stage in stages:
        for command in stage.commands:
            try:
                _link(stage, command, stages, by_name)
            except PlanProblem as problem:
                problems.append(problem)
    return problems or _circles(stages)


def _resolve(stage: Stage, scope: Env, escape: str, by_name: Mapping[str, Stage]) -> None:
    origin = stage.from_.origin
    stage.image = expanded(stage.from_.image, scope, escape, origin)
    if not stage.image:
        raise PlanProblem(
            IMAGE,
            f"base name ({stage.from_.image}) should not be blank",
            origin,
            stage.from_.image,
            "give the variable a default with a global ARG, or a value with --build-arg",
        )
    if wanted := stage.from_.platform:
        value = expanded(wanted, scope, escape, origin)
        if not value:
            raise PlanProblem(VALUE, f"empty platform value from expression {wanted}", origin, wanted)
        try:
            stage.platform = platform.normalize(value)
        except platform.PlatformError as error:
            raise PlanProblem(VALUE, f"failed to parse platform {wanted}: {error}", origin, wanted) from None
    stage.base = by_name.get(stage.image)
    if stage.base is None and stage.image != SCRATCH:
        stage.reference = image_reference(stage.image, origin, stage.from_.image)


def image_reference(image: str, origin: Origin | None, token: str) -> str:
    """The canonical reference of an image. Raises PlanProblem in BuildKit's words."""
    try:
        return reference.normalize(image)
    except reference.InvalidReference as error:
        help = "give its ARG a default, or a value with --build-arg" if "$" in token else ""
        raise PlanProblem(IMAGE, f'failed to parse stage name "{image}": {error}', origin, token, help) from None


def _link(stage: Stage, command: ins.Instruction, stages: list[Stage], by_name: Mapping[str, Stage]) -> None:
    """Note which stage or image a COPY --from or a RUN --mount reads."""
    if isinstance(command, ins.Copy) and command.from_:
        stage.sources[id(command)] = source_of(command.from_, command.origin, stages, by_name)
    elif isinstance(command, ins.Run) and command.mounts:
        from d2t.plan import mounts

        for mount in command.mounts:
            name = mounts.source_name(mount)
            if name and name.lower() not in by_name and name != SCRATCH:
                image_reference(name, None, name)


def source_of(name: str, origin: Origin, stages: list[Stage], by_name: Mapping[str, Stage]) -> Stage | str:
    """The stage that `--from=name` means, or the canonical reference of an image ("" for scratch)."""
    if "$" in name or "\\" in name or "'" in name or '"' in name:
        try:
            if expand(name, Env({})) != name:
                raise PlanProblem(
                    STAGE,
                    "variable expansion is not supported for --from, define a new stage with FROM using ARG from global "
                    "scope as a workaround",
                    origin,
                    "--from",
                )
        except ExpansionError as error:
            raise PlanProblem(EXPANSION, str(error), origin, name) from None
    if name.lstrip("+-").isdecimal():
        index = int(name)
        if not 0 <= index < len(stages):
            raise PlanProblem(STAGE, f"invalid stage index {index}", origin, name)
        return stages[index]
    if (found := by_name.get(name.lower())) is not None:
        return found
    return "" if name == SCRATCH else image_reference(name, origin, name)


def _circles(stages: list[Stage]) -> list[PlanProblem]:
    done: set[int] = set()
    for stage in stages:
        problem = _circle(stage, done, [])
        if problem:
            return [problem]
    return []


def _circle(stage: Stage, done: set[int], path: list[Stage]) -> PlanProblem | None:
    if stage.index in done:
        return None
    if stage in path:
        message = f"circular dependency detected on stage: {stage.name}"
        return PlanProblem(STAGE, message, stage.from_.origin)
    for source in needs(stage):
        if problem := _circle(source, done, [*path, stage]):
            return problem
    done.add(stage.index)
    return None


def needs(stage: Stage) -> Iterator[Stage]:
    """The stages that must be built before this one."""
    if stage.base is not None:
        yield stage.base
    for source in stage.sources.values():
        if isinstance(source, Stage):
            yield source


def reachable(target: Stage) -> set[int]:
    """The indexes of all stages that the target needs, itself included."""
    found: set[int] = set()
    todo = [target]
    while todo:
        stage = todo.pop()
        if stage.index not in found:
            found.add(stage.index)
            todo.extend(needs(stage))
    return found


def target_of(stages: list[Stage], name: str) -> Stage:
    """The stage with this name, the last one by default. Raises PlanProblem."""
    if not name:
        return stages[-1]
    for stage in reversed(stages):
        if name.lower() == stage.from_.name:
            return stage
    known = ", ".join(stage.from_.name for stage in stages if stage.from_.name)
    help = f"the named stages are {known}" if known else "no stage of the file has a name"
    raise PlanProblem(STAGE, f'target stage "{name}" could not be found', None, help=help)


def expanded(word: str, env: Env, escape: str, origin: Origin) -> str:
    """`expand`, its error placed. Raises PlanProblem."""
    try:
        return expand(word, env, escape)
    except ExpansionError as error:
        raise PlanProblem(EXPANSION, str(error), origin, word) from None
