"""A Dockerfile and the builder's options to a `BuildPlan`."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from d2t.diagnostics import Diagnostic
from d2t.dockerfile import instructions as ins
from d2t.dockerfile.expand import Env
from d2t.dockerfile.parse import read_trigger
from d2t.plan import build, platform
from d2t.plan.base import SCRATCH as SCRATCH_CONFIG
from d2t.plan.base import BaseRefused
from d2t.plan.dispatch import Dispatch
from d2t.plan.problem import STAGE, UNUSABLE, PlanProblem
from d2t.plan.scope import Scope
from d2t.plan.stages import Stage, expanded, needs, reachable, resolve, source_of, split, target_of

Bases = Callable[[str], build.ImageConfig | None]


def unknown(reference: str) -> build.ImageConfig | None:
    """No base image is known."""
    return None


def plan(
    dockerfile: ins.Dockerfile,
    *,
    build_args: Mapping[str, str] | None = None,
    target: str = "",
    bases: Bases = unknown,
) -> tuple[build.BuildPlan | None, tuple[Diagnostic, ...]]:
    """What `docker build --target TARGET` would do on linux/amd64; None when it would refuse.

    `dockerfile` was read without errors. `bases` gives the config of a base image by its canonical reference; where it
    gives None, what the image defines stays symbolic. It may raise BaseRefused, which refuses the build.
    """
    planner = _Planner(dockerfile, dict(build_args or {}), target, bases)
    try:
        found = planner.run()
    except PlanProblem as problem:
        planner.problems.append(problem)
        found = None
    if planner.problems:
        return None, tuple(problem.diagnostic() for problem in planner.problems)
    return found, ()


class _Planner:
    def __init__(
        self,
        dockerfile: ins.Dockerfile,
        build_args: dict[str, str],
        target: str,
        bases: Bases,
    ) -> None:
        self.dockerfile = dockerfile
        self.build_args = build_args
        self.target = target
        self.bases = bases
        self.problems: list[PlanProblem] = []
        self.scopes: dict[int, Scope] = {}
        self.steps: dict[int, list[build.Step]] = {}

    def run(self) -> build.BuildPlan | None:
        globals, stages = split(self.dockerfile)
        scope = self._global_args(globals, stages)
        self.problems.extend(resolve(stages, scope, self.dockerfile.escape))
        if self.problems:
            return None
        target = target_of(stages, self.target)
        self._trigger(stages, target)
        chain = target.chain()
        wanted = reachable(target)
        dispatched: set[int] = set()
        for stage in stages:
            if stage.index in wanted:
                self._stage(stage, scope, dispatched)
                dispatched.add(stage.index)
        if self.problems:
            return None
        first = chain[0]
        return build.BuildPlan(
            target=target.from_.name,
            base=f"docker-image://{first.reference}" if first.reference else None,
            base_name=first.image,
            base_origin=first.from_.origin,
            platform=first.platform or platform.DEFAULT,
            base_config=self._config(first),
            steps=tuple(step for stage in chain for step in self.steps[stage.index]),
            image=self.scopes[target.index].image(),
            stages=len(stages),
            assumed=tuple(self.scopes[target.index].env.assumed),
        )

    def _global_args(self, globals: list[ins.Arg], stages: list[Stage]) -> Env:
        os, _, arch = platform.DEFAULT.partition("/")
        values = {}
        for side in ("BUILD", "TARGET"):
            values[f"{side}PLATFORM"] = platform.DEFAULT
            values[f"{side}OS"] = os
            values[f"{side}OSVERSION"] = ""
            values[f"{side}ARCH"] = arch
            values[f"{side}VARIANT"] = ""
        values["TARGETSTAGE"] = self.target or stages[-1].from_.name or "default"
        values.update((name, self.build_args[name]) for name in values if name in self.build_args)
        scope = Env(values)
        for arg in globals:
            for pair in arg.pairs:
                value = self.build_args.get(pair.name)
                if value is None and pair.default is not None:
                    try:
                        value = expanded(pair.default, scope, self.dockerfile.escape, arg.origin)
                    except PlanProblem as problem:
                        self.problems.append(problem)
                if value is not None:
                    scope.values[pair.name] = value
        return scope

    def _config(self, stage: Stage) -> build.ImageConfig | None:
        """The config of a first stage's base image; None: not known."""
        if stage.reference is None:
            return SCRATCH_CONFIG
        try:
            return self.bases(stage.reference)
        except BaseRefused as error:
            if stage.platform not in ("", platform.DEFAULT):
                return None  # it was asked for another platform
            raise PlanProblem(UNUSABLE, str(error), stage.from_.origin, stage.from_.image) from None

    def _trigger(self, stages: list[Stage], target: Stage) -> None:
        """Put ONBUILD's instructions in front of the stages that build on their stage or image."""
        by_name = {stage.from_.name: stage for stage in stages if stage.from_.name}
        wanted = reachable(target)
        for stage in stages:
            if stage.index not in wanted:
                continue
            found: list[ins.Instruction] = []
            if stage.base is not None:
                for command in stage.base.commands:
                    if isinstance(command, ins.Onbuild):
                        found.append(self._triggered(command, command.expression, stage))
            elif (config := self._config(stage)) and config.onbuild:
                for expression in config.onbuild:
                    found.append(self._triggered(None, expression, stage))
            for command in found:
                if isinstance(command, ins.Copy) and command.from_:
                    stage.sources[id(command)] = source_of(command.from_, stage.from_.origin, stages, by_name)
            stage.commands[:0] = found
            stage.triggers = len(found)
            if any(isinstance(source, Stage) and source.index not in wanted for source in needs(stage)):
                wanted = reachable(target)

    def _triggered(self, command: ins.Onbuild | None, expression: str, stage: Stage) -> ins.Instruction:
        instruction = command.instruction if command else None
        if instruction is None:
            try:
                instruction = read_trigger(expression)
            except ValueError as error:
                raise PlanProblem(STAGE, str(error), stage.from_.origin) from None
        return instruction._replace(origin=stage.from_.origin)

    def _stage(self, stage: Stage, globals: Env, dispatched: set[int]) -> None:
        base = stage.base
        if base is not None:
            scope = self.scopes[base.index].child()
        else:
            scope = Scope(self._config(stage))
            if stage.platform:
                scope.os = stage.platform.partition("/")[0]
        dispatch = Dispatch(stage, scope, self.dockerfile.escape, self.build_args, globals.values, dispatched)
        steps = []
        for number, command in enumerate(stage.commands):
            dispatch.triggered = number < stage.triggers
            try:
                steps.append(dispatch.step(command))
            except PlanProblem as problem:
                self.problems.append(problem)
        self.scopes[stage.index] = scope
        self.steps[stage.index] = steps
