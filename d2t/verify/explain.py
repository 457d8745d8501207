"""Differences to steps: which instruction caused each, and why. Pure."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from d2t.diagnostics import Diagnostic, Severity
from d2t.dockerfile.instructions import Cmd, Entrypoint
from d2t.plan.build import BuildPlan, ConfigStep, CopyStep, EnvStep, RunStep, Step, UserStep, WorkdirStep
from d2t.providers import Provider
from d2t.verify.compare import Difference
from d2t.verify.provisioning import ACCOUNTS
from d2t.verify.state import Files

_LOGIN_FILE = re.compile(
    r"^/etc/(profile|profile\.d/.+|bash\.bashrc|bashrc|environment)$|/\.(bashrc|profile|bash_\w+)$"
)


@dataclass(frozen=True, slots=True)
class Explained:
    """A difference, why it is there, and the warnings of d2t that told of it."""

    difference: Difference
    why: str
    announced_by: tuple[str, ...] = ()  # codes


@dataclass(frozen=True, slots=True)
class Cause:
    """One instruction and the differences that it causes. Line 0: no instruction of the Dockerfile."""

    line: int
    instruction: str  # its first line
    differences: tuple[Explained, ...]


def explain(
    differences: Sequence[Difference],
    plan: BuildPlan,
    docker: Files,
    base_layers: int,
    provider: Provider,
    diagnostics: Iterable[Diagnostic] = (),
) -> tuple[Cause, ...]:
    """Group differences by the instruction that caused them, in the order of the Dockerfile."""
    lines = Attribution(plan, docker, base_layers)
    warnings = [item for item in diagnostics if item.severity is Severity.WARNING]
    grouped: dict[int, list[Explained]] = {}
    for difference in differences:
        line = lines.of(difference)
        codes = {item.code for item in warnings if _concerns(item, line) or _tells_of(item, difference)}
        item = Explained(difference, why(difference, lines.step(line), provider), tuple(sorted(codes)))
        grouped.setdefault(line, []).append(item)
    order = sorted(grouped, key=lambda line: line or 1 << 31)
    return tuple(Cause(line, lines.text(line), tuple(grouped[line])) for line in order)


# warnings about what commands that are run later see, whichever instruction the difference itself goes back to
_OF_LATER = frozenset({"D2T307", "D2T322", "D2T327", "D2T328"})


def _tells_of(item: Diagnostic, difference: Difference) -> bool:
    return difference.area == "later" and item.code in _OF_LATER


def _concerns(item: Diagnostic, line: int) -> bool:
    if item.line == line:
        return True
    return item.span is not None and item.span.line <= line <= max(item.span.end_line, item.span.line)


class Attribution:
    """Which line of the Dockerfile a difference goes back to."""

    def __init__(self, plan: BuildPlan, docker: Files, base_layers: int) -> None:
        self._plan = plan
        self._files = docker
        self._line_of_layer = _lines_of_layers(plan, docker.made_by, base_layers)
        self._steps = {step.origin.line: step for step in plan.steps}

    def of(self, difference: Difference) -> int:
        """The line, 0 when no instruction can be named."""
        if difference.area == "files":
            return self._of_path(difference.subject)
        base = self._plan.base_origin.line  # what no instruction says comes with the base image
        if difference.subject == "env":
            name, config = difference.aspect, self._plan.base_config
            if line := self._last(lambda step: isinstance(step, EnvStep) and name in dict(step.values)):
                return line
            if difference.area == "later" and not difference.docker and (line := self._login_files()):
                return line
            if name in ("HOME", "PATH"):
                return self._last(lambda step: isinstance(step, UserStep)) or base
            return base if config is not None and name in config.env else 0
        if difference.subject in ("uid", "gid", "groups"):
            return self._last(lambda step: isinstance(step, UserStep)) or base
        if difference.area == "later" and difference.subject in ("cwd", "umask") and (line := self._login_files()):
            return line
        if difference.subject == "cwd" or difference.area == "later":
            return self._last(lambda step: isinstance(step, WorkdirStep)) or base
        return self._last(_starts) or base

    def _login_files(self) -> int:
        """The last step that changed what login shells read; 0 when there is none."""
        layers = (layer for path, layer in self._files.touched.items() if _LOGIN_FILE.search(path))
        return max((self._line_of_layer.get(layer, 0) for layer in layers), default=0)

    def _of_path(self, path: str) -> int:
        layer = self._files.touched.get(path)
        while layer not in self._line_of_layer and path != "/":
            path = posixpath.dirname(path)  # the nearest folder that a step made
            layer = self._files.touched.get(path)
        return self._line_of_layer.get(layer, 0) if layer is not None else 0

    def _last(self, wanted: Callable[[Step], bool]) -> int:
        return next((step.origin.line for step in reversed(self._plan.steps) if wanted(step)), 0)

    def step(self, line: int) -> Step | None:
        return self._steps.get(line)

    def text(self, line: int) -> str:
        """The instruction's first line, as the Dockerfile has it."""
        step = self._steps.get(line)
        origin = self._plan.base_origin if line == self._plan.base_origin.line else step.origin if step else None
        return origin.text.splitlines()[0] if origin is not None else ""


def _starts(step: Step) -> bool:
    return isinstance(step, ConfigStep) and isinstance(step.instruction, Cmd | Entrypoint)


def _lines_of_layers(plan: BuildPlan, made_by: Sequence[str], base_layers: int) -> dict[int, int]:
    """The line of each layer above the base's. BuildKit's history keeps the order and the keyword of instructions."""
    pending = [step for step in plan.steps if isinstance(step, RunStep | CopyStep | WorkdirStep)]
    found: dict[int, int] = {}
    for number in range(base_layers, len(made_by)):
        keyword = made_by[number].split(" ", 1)[0].upper()
        while pending:
            step = pending.pop(0)
            if _layer_keyword(step) == keyword:
                found[number] = step.origin.line
                break
    return found


def _layer_keyword(step: Step) -> str:
    if isinstance(step, CopyStep):
        return step.keyword.upper()
    return "RUN" if isinstance(step, RunStep) else "WORKDIR"


def why(difference: Difference, step: Step | None, provider: Provider) -> str:
    """One line on a difference, from the service's known ways; a plain statement where none of them fits."""
    if difference.area == "files":
        return _why_file(difference, step, provider)
    if difference.area == "later":
        return _why_later(difference)
    return _why_start(difference, provider)


def _below(path: str, folders: Iterable[str]) -> str:
    return next((folder for folder in folders if path == folder or path.startswith(folder + "/")), "")


def _why_file(difference: Difference, step: Step | None, provider: Provider) -> str:
    path, aspect = difference.subject, difference.aspect
    missing, extra = difference.service == "", difference.docker == ""
    if missing and (folder := _below(path, provider["runtime.clears_tmp"])):
        return f"the service starts the machine afresh after the last step: what steps leave in {folder} is gone"
    if aspect == "mode" and (folder := _below(path, provider["runtime.opens_modes"])):
        return f"the service ends every build with chmod -R 777 {folder}"
    if aspect == "owner" and (folder := _below(path, provider["runtime.takes_over"])):
        return f"the service ends every build by giving {folder} to its own user"
    if path in ACCOUNTS:
        reserved = f"{provider['runtime.reserved_user']} ({provider['runtime.reserved_uid']})"
        return f"the account {aspect} differs; the service's user {reserved} exists before the first step"
    if isinstance(step, CopyStep):
        did = {"owner": "gave it another owner", "mode": "gave it another mode"}.get(aspect, "did not give the same")
        return f"the template's counterpart of {step.keyword} {did}"
    if isinstance(step, WorkdirStep):
        return "the service makes a missing working directory for the user of that moment"
    if isinstance(step, RunStep):
        if missing:
            return "the command did not make it under the service's shell"
        if extra:
            return "the command left it under the service's shell, Docker's shell did not"
        return f"the command gave another {aspect} under the service's shell"
    if extra:
        return "no instruction makes it: the template or the service leaves it behind"
    return "no instruction touches it: the template or the service changed it"


def _why_start(difference: Difference, provider: Provider) -> str:
    name = difference.aspect
    if difference.subject == "env":
        if difference.service == "":
            return f"the start command does not see {name}"
        if difference.docker == "":
            return f"{name} is set for the start command, in Docker's container it is not"
        if name == "PATH" and provider["runtime.login_resets_path"]:
            return "the service's login shell resets PATH"
        return f"the start command sees another {name}"
    return {
        "uid": "the start command runs as another user",
        "gid": "the start command runs with another group",
        "groups": "the start command has other supplementary groups",
        "cwd": "the start command runs in another folder",
        "umask": "the start command has another umask",
        "argv": "another command runs",
        "children": "the start command has other children",
        "state": "the start command does not fare as Docker's does",
        "output": "the start command wrote something else",
    }[difference.subject]


def _why_later(difference: Difference) -> str:
    if difference.subject == "env":
        if difference.service == "":
            return f"a command that is run later in the sandbox does not see {difference.aspect}"
        return f"a command that is run later in the sandbox sees another {difference.aspect}"
    if difference.subject == "state":
        return "a command cannot be run later in the sandbox"
    what = {
        "uid": "runs as another user",
        "gid": "runs with another group",
        "groups": "has other groups",
        "cwd": "runs in another folder",
        "umask": "has another umask",
    }[difference.subject]
    return f"a command that is run later in the sandbox {what}"
