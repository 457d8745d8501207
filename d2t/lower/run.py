"""RUN: the Dockerfile's own text where the service does the same with it, otherwise as little around it as needed."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterable, Mapping
from typing import NamedTuple

from d2t.dockerfile.expand import symbols
from d2t.lower import mounts, user, workdir
from d2t.lower.env import PATH_FILE, ensure_path, exact_path, origin_of
from d2t.lower.files import write_file
from d2t.lower.profile import INSTALLERS, edited_profile
from d2t.lower.shell import INFLUENTIAL, Traits, tidy, traits
from d2t.lower.state import Lowering
from d2t.patterns import deferred
from d2t.plan.build import DEFAULT_PATH, DEFAULT_SHELL, ArgStep, RunStep
from d2t.plan.paths import clean, is_below
from d2t.rules import behaviour, support

_FILES = "/tmp/d2t"  # gone when the machine is started afresh
_EXIT = deferred(r"(?<![|&] )(?<!\|\| )\bexit\b(?=[^\n]*>>)")
_STOPS = deferred(r"\b(?:stop|shutdown|kill|pkill|killall)\b")
BASH = ("/bin/bash", "-c")
_SET_OPTIONS = deferred(r"-[eux]+\Z|-o\Z|-[eux]*o\Z|pipefail\Z|errexit\Z|nounset\Z|xtrace\Z")


def lower_run(state: Lowering, step: RunStep) -> None:
    """Translate one RUN."""
    if step.network in ("none", "host"):
        state.report(support.network_not_supported((step.origin, "--network"), step.network))
    if step.security == "insecure":
        state.report(support.security_not_supported((step.origin, "--security")))
    if not mounts.supported(state, step) or symbols(step.workdir):  # of the folder WORKDIR's finding tells
        return
    if open_args := [name for name in step.args if symbols(step.env[name])]:
        for name in open_args:
            where = origin_of(state, name, ArgStep) or step.origin
            state.report(behaviour.value_needs_base(where, f"ARG {name}", _symbol_names(step.env[name])))
        return
    ensure_path(state, step.env, step.origin)
    workdir.ensure_workdir(state, step.workdir, step.origin)
    command, why = translated(state, step)
    limit = state.provider["runtime.command_bytes"]
    mounts.before(state, step)
    if len(command.encode()) >= limit:
        state.report(behaviour.command_split(step.origin, len(command.encode())))
        command, why = _in_pieces(state, step, command)
    state.run(command, step.origin, why)
    mounts.after(state, step)
    _note_text(state, step)
    workdir.after_run(state, step)


def translated(state: Lowering, step: RunStep) -> tuple[str, str]:
    """The command for the service's shell, and why it is not the Dockerfile's own text ("" when it is)."""
    if step.script:
        return _script(state, step)
    if not step.shell_form:
        return _exec_form(state, step)
    *shell, text = step.argv
    found, text = traits(text), tidy(text)
    around = _Around(state, step.env, step.workdir, _exports(step, found), found.sees_environment)
    if state.provider["runtime.waits_for_output"] and found.leaves_processes:
        return _supervised(around, [*shell, text]), "Docker ends background processes with the step"
    if (shell_differs := _needs_shell(state, tuple(shell), found)) or around.needed:
        reasons = [f"Docker runs it with {shell[0]}"] if shell_differs else []
        return around.command([*shell, text]), "; ".join([*reasons, *around.reasons()])
    prelude, reasons = around.exports(), around.reasons()
    if options := _set_options(tuple(shell)):
        prelude.append(f"set {options}")
    if state.provider["runtime.stdin_never_ends"] and found.may_read_input:
        prelude.insert(0, "exec </dev/null")
        reasons.insert(0, "its input is empty in Docker")
    return _joined(prelude, text), "; ".join(reasons)


def _needs_shell(state: Lowering, shell: tuple[str, ...], found: Traits) -> bool:
    if not state.provider["runtime.bash_login_shell"]:
        return shell != DEFAULT_SHELL
    if shell == DEFAULT_SHELL:
        return found.bash_differs
    return _set_options(shell) is None


def _set_options(shell: tuple[str, ...]) -> str | None:
    """The `set` options that make the service's bash this SHELL: "" for none, None when it is another shell."""
    if shell == DEFAULT_SHELL or shell in (BASH, ("bash", "-c"), ("/usr/bin/bash", "-c")):
        return ""
    if shell[:1] in (("/bin/bash",), ("bash",), ("/usr/bin/bash",)) and len(shell) > 2:
        *options, last = shell[1:]
        if last.startswith("-") and last.endswith("c") and "c" not in last[:-1]:
            if last != "-c":
                options.append(last[:-1])
            if all(_SET_OPTIONS.match(option) for option in options):
                return " ".join(options)
    return None


def _exports(step: RunStep, found: Traits | None) -> dict[str, str]:
    """ARGs in scope that this command may see: all of them, unless it only runs tools that no variable changes."""
    return {
        name: step.env[name]
        for name in step.args
        if name != "PATH"
        and re.fullmatch(r"[A-Za-z_]\w*", name)
        and (found is None or not found.inert or name in found.words or INFLUENTIAL.match(name))
    }


def _joined(prelude: list[str], command: str) -> str:
    if not prelude:
        return command
    separator = "\n" if "\n" in command or len(prelude) > 2 else "; "
    return separator.join([*prelude, command])


class _Around(NamedTuple):
    """What has to be put around a command, so that it runs as Docker runs it."""

    state: Lowering
    env: Mapping[str, str]  # all variables of Docker's command
    workdir: str
    own: Mapping[str, str]  # those that only this command has
    sees_environment: bool  # it looks at what the service adds to the environment

    @property
    def clean(self) -> bool:
        """Whether the environment is made anew: the service's own shows, or login shells read something changed."""
        return bool(self.state.profile_edited) or (
            self.sees_environment and self.state.provider["runtime.bash_login_shell"]
        )

    @property
    def needed(self) -> bool:
        return self.clean or bool(self.state.identity.prefix)

    def exports(self) -> list[str]:
        """The statements that set the command's own variables."""
        path = exact_path(self.state)
        own = {**self.own, **({"PATH": path} if path else {})}
        return [f"export {name}={shlex.quote(value)}" for name, value in own.items()]

    def reasons(self) -> list[str]:
        found = ["without what login shells now read"] if self.state.profile_edited else []
        if self.clean and not found:
            found.append("with Docker's variables alone")
        if self.state.identity.prefix:
            found.append("as Docker's user")
        return [*found, "ARG"] if self.own else found

    def command(self, argv: Iterable[str]) -> str:
        """Replace the service's shell by the command: Docker's user, variables, folder and empty input."""
        words, before = shlex.join(argv), self.exports()
        if self.clean:
            before, made = self._made_anew()
            words = f"{made} {words}"
        front = f"{user.prefix_text(self.state.identity)} " if self.state.identity.prefix else "exec "
        if words.startswith("-"):
            front += "-- "
        input = " </dev/null" if self.state.provider["runtime.stdin_never_ends"] else ""
        return _joined(before, f"{front}{words}{input}")

    def _made_anew(self) -> tuple[list[str], str]:
        before = []
        if self.state.profile_edited:
            before += ["umask 022", f"cd {shlex.quote(self.workdir)}"]
        path = self.env.get("PATH")
        known = self.state.plan.base_config is not None and not any(symbols(value) for value in self.env.values())
        if known:
            values = {name: shlex.quote(value) for name, value in self.env.items()}
            values.setdefault("HOME", '"$HOME"')
            return before, " ".join(["/usr/bin/env", "-i", *(f"{name}={value}" for name, value in values.items())])
        drop = [name for name in ("USER", "LOGNAME") if name not in self.env]
        drop += ["PATH", "E2B_*"]
        patterns = "|".join(f"{name}=*" if "*" not in name else name for name in drop)
        before.append("e=()")
        before.append(
            f'while IFS= read -rd "" v; do case "$v" in {patterns}) ;; *) e+=("$v") ;; esac; done </proc/$$/environ'
        )
        word = shlex.quote(path) if path and not symbols(path) else f'"$(. {PATH_FILE}; echo "$PATH")"'
        if path is None and "PATH" not in self.state.login:
            word = DEFAULT_PATH
        own = [f"{name}={shlex.quote(value)}" for name, value in self.own.items()]
        return before, " ".join(["/usr/bin/env", "-i", '"${e[@]}"', f"PATH={word}", *own])


def in_shell(text: str) -> str:
    """A text for `/bin/sh`, as the service's bash runs it: itself where bash does the same."""
    return f"exec {shlex.join([*DEFAULT_SHELL, text])}" if traits(text).bash_differs else text


def started(state: Lowering, argv: tuple[str, ...]) -> str:
    """The start command for an image's argv: the same process, user, folder and variables."""
    image = state.plan.image
    folder = clean(image.workdir or "/")
    command = _Around(state, image.env, folder, {}, False).command(argv)
    if any(is_below(folder, cleared) for cleared in state.provider["runtime.clears_tmp"]):
        return f"mkdir -p {shlex.quote(folder)}; cd {shlex.quote(folder)}; {command}"
    return command


def _exec_form(state: Lowering, step: RunStep) -> tuple[str, str]:
    if not step.argv:
        return "true", "RUN with an empty list does nothing"
    sees = step.argv[0].rsplit("/", 1)[-1] in ("env", "printenv")
    around = _Around(state, step.env, step.workdir, _exports(step, None), sees)
    return around.command(step.argv), "exec form: no shell reads it"


def _script(state: Lowering, step: RunStep) -> tuple[str, str]:
    """A heredoc with a shebang: Docker puts it into a file for the step and runs that through the shell."""
    file = f"{_FILES}/{step.argv[-1].rsplit('/', 1)[1]}"
    write_file(state, step.origin, file, step.script, "install -D -m 755", "the heredoc's script")
    around = _Around(state, step.env, step.workdir, _exports(step, None), traits(step.script).sees_environment)
    return around.command([*step.argv[:-1], file]), "run as a file, as its first line asks"


def _supervised(around: _Around, argv: list[str]) -> str:
    """Run in a process group of its own, and end what is left of it; the step's output closes with it."""
    inner, before = shlex.join(argv), around.exports()
    if around.needed:
        inner, before = f"( {around.command(argv)} )", []
    command = f"set -m; {inner} </dev/null & wait $!; code=$?; kill -KILL -- -$! 2>/dev/null; exit $code"
    return _joined(before, command)


def _in_pieces(state: Lowering, step: RunStep, command: str) -> tuple[str, str]:
    """A command that is too long for one argument, written to a file first."""
    file = f"{_FILES}/line-{step.origin.line}.sh"
    write_file(state, step.origin, file, f"{command}\n", "install -D -m 644", "a long command, in pieces")
    return f". {file}", "the long command"


def _note_text(state: Lowering, step: RunStep) -> None:
    text = f"{step.argv[-1] if step.argv else ''}\n{step.script}"
    if file := edited_profile(text):
        state.report(behaviour.profile_edited((step.origin, file), file, INSTALLERS.get(file, "")))
        state.profile_edited = file if state.provider["runtime.bash_login_shell"] else ""
        if state.profile_edited and _EXIT.search(text):
            state.report(behaviour.profile_ends_shells((step.origin, file), file))
    if step.shell_form and not step.script:
        found = traits(step.argv[-1])
        if found.leaves_processes:
            return  # see `_supervised`
        for command in found.daemons:
            if not _STOPS.search(text, text.find(command) + len(command)):
                state.report(behaviour.daemon_left_running((step.origin, command), command))


def _symbol_names(value: str) -> str:
    return ", ".join(f"${name}" for name in symbols(value))
