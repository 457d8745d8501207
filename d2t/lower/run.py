"""RUN: the Dockerfile's own text where the service does the same with it, otherwise as little around it as needed."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterable, Mapping

from d2t.dockerfile.expand import symbols
from d2t.lower import mounts, user, workdir
from d2t.lower.env import PATH_FILE, ensure_path
from d2t.lower.shell import INFLUENTIAL, PROFILE_FILES, Traits, tidy, traits
from d2t.lower.state import Lowering
from d2t.plan.build import DEFAULT_PATH, DEFAULT_SHELL, RunStep
from d2t.rules import behaviour, support

BASH = ("/bin/bash", "-c")
_SET_OPTIONS = re.compile(r"-[eux]+\Z|-o\Z|-[eux]*o\Z|pipefail\Z|errexit\Z|nounset\Z|xtrace\Z")


def lower_run(state: Lowering, step: RunStep) -> None:
    """Translate one RUN."""
    if step.network in ("none", "host"):
        state.report(support.network_not_supported((step.origin, "--network"), step.network))
    if step.security == "insecure":
        state.report(support.security_not_supported((step.origin, "--security")))
    if not mounts.supported(state, step):
        return
    for name in step.args:
        if symbols(step.env[name]):
            state.report(behaviour.value_needs_base(step.origin, f"ARG {name}", _symbol_names(step.env[name])))
            return
    ensure_path(state, step.env, step.origin)
    workdir.ensure_workdir(state, step.workdir, step.origin)
    command, why = translated(state, step)
    limit = state.provider["runtime.command_bytes"]
    mounts.before(state, step)
    if len(command.encode()) >= limit:
        state.report(behaviour.command_split(step.origin, len(command.encode())))
        command, why = _in_pieces(state, step, command, limit)
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
    exports = _exports(step, found)
    reasons, prelude = [], _prelude(state, exports)
    if state.provider["runtime.waits_for_output"] and found.leaves_processes:
        return _supervised(state, step, exports), "Docker ends background processes with the step"
    command = text
    wrap = _needs_shell(state, tuple(shell), found)
    if wrap or state.identity.prefix or state.profile_edited:
        command = _exec(state, [*shell, text], exports)
        if wrap:
            reasons.append(f"Docker runs it with {shell[0]}")
        if state.profile_edited:
            reasons.append("without what login shells now read")
        if state.identity.prefix:
            reasons.append("as Docker's user")
    else:
        options = _set_options(tuple(shell))
        if options:
            prelude.append(f"set {options}")
        if state.provider["runtime.stdin_never_ends"] and found.may_read_input:
            prelude.insert(0, "exec </dev/null")
            reasons.append("its input is empty in Docker")
    if exports:
        reasons.append("ARG")
    return _joined(prelude, command), "; ".join(reasons)


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


def _prelude(state: Lowering, exports: Mapping[str, str]) -> list[str]:
    """The statements that set a command's own variables, where the environment is not made anew for it."""
    return [] if state.profile_edited else [f"export {name}={shlex.quote(value)}" for name, value in exports.items()]


def _joined(prelude: list[str], command: str) -> str:
    if not prelude:
        return command
    separator = "\n" if "\n" in command or len(prelude) > 2 else "; "
    return separator.join([*prelude, command])


def _exec(state: Lowering, argv: Iterable[str], exports: Mapping[str, str] | None = None) -> str:
    """Replace the service's shell by a command with Docker's user, variables and empty input.

    `exports` are variables that only this command sees; they come here where the environment is made anew.
    """
    words = shlex.join(argv)
    clean = ""
    if state.profile_edited:
        # what login shells read has changed: begin with the variables that the shell itself was started with
        clean = "readarray -d '' -t e </proc/$$/environ; "
        own = [f"{name}={shlex.quote(value)}" for name, value in (exports or {}).items()]
        words = " ".join(["env", "-i", '"${e[@]}"', _path_word(state), *own, *_CLEANED, words])
    front = f"{user.prefix_text(state.identity)} " if state.identity.prefix else "exec "
    if words.startswith("-"):
        front += "-- "
    input = " </dev/null" if state.provider["runtime.stdin_never_ends"] else ""
    return f"{clean}{front}{words}{input}"


_CLEANED = ("env", "-u", "USER", "-u", "LOGNAME")  # the service sets these for every command


def _path_word(state: Lowering) -> str:
    if state.path is None:
        return f"PATH={DEFAULT_PATH}"
    if state.path and not symbols(state.path):
        return f"PATH={shlex.quote(state.path)}"
    return f'PATH="$(. {PATH_FILE}; echo "$PATH")"'


def in_shell(text: str) -> str:
    """A text for `/bin/sh`, as the service's bash runs it: itself where bash does the same."""
    return f"exec {shlex.join([*DEFAULT_SHELL, text])}" if traits(text).bash_differs else text


def started(state: Lowering, argv: tuple[str, ...]) -> str:
    """The start command for an image's argv: the same process, user and variables."""
    return _exec(state, argv)


def _exec_form(state: Lowering, step: RunStep) -> tuple[str, str]:
    if not step.argv:
        return "true", "RUN with an empty list does nothing"
    exports = _exports(step, None)
    return _joined(_prelude(state, exports), _exec(state, step.argv, exports)), "exec form: no shell reads it"


def _script(state: Lowering, step: RunStep) -> tuple[str, str]:
    """A heredoc with a shebang: Docker puts it into a file for the step and runs that through the shell."""
    path = step.argv[-1]
    name = path.rsplit("/", 1)[1]
    end = "EOF"
    while re.search(rf"(?m)^{end}$", step.script):
        end += "_"
    file = f"/tmp/d2t/{name}"
    body = step.script if step.script.endswith("\n") else f"{step.script}\n"
    write = f"mkdir -p /tmp/d2t && cat >{shlex.quote(file)} <<'{end}'\n{body}{end}\nchmod 755 {shlex.quote(file)}"
    state.run_as_root(write, step.origin, "the heredoc's script")
    argv = [*step.argv[:-1], file]
    exports = _exports(step, None)
    return _joined(_prelude(state, exports), _exec(state, argv, exports)), "run as a file, as its first line asks"


def _supervised(state: Lowering, step: RunStep, exports: Mapping[str, str]) -> str:
    """Run in a process group of its own, and end what is left of it; the step's output closes with it."""
    inner = shlex.join(step.argv)
    if state.identity.prefix or state.profile_edited:
        inner = f"bash -c {shlex.quote(_exec(state, step.argv, exports))}"
    command = f"set -m; {inner} </dev/null & wait $!; code=$?; kill -KILL -- -$! 2>/dev/null; exit $code"
    return _joined(_prelude(state, exports), command)


def _in_pieces(state: Lowering, step: RunStep, command: str, limit: int) -> tuple[str, str]:
    """A command that is too long for one argument, written to a file first."""
    file = f"/tmp/d2t/line-{step.origin.line}.sh"
    state.run_as_root(
        f"mkdir -p /tmp/d2t && : >{file} && chmod 755 /tmp/d2t {file}", step.origin, "a long command, in pieces"
    )
    size = limit // 2  # quoting makes it longer
    data = command
    while data:
        part = data[: size // 4]
        data = data[size // 4 :]
        state.run_as_root(f"printf %s {shlex.quote(part)} >>{file}", step.origin, "the next piece")
    return f". {file}", "the long command"


def _note_text(state: Lowering, step: RunStep) -> None:
    text = f"{step.argv[-1] if step.argv else ''}\n{step.script}"
    if match := PROFILE_FILES.search(text):
        state.report(behaviour.profile_edited((step.origin, match.group()), match.group()))
        state.profile_edited = state.provider["runtime.bash_login_shell"]
    if step.shell_form and not step.script:
        for command in traits(step.argv[-1]).daemons:
            state.report(behaviour.daemon_left_running((step.origin, command), command))


def _symbol_names(value: str) -> str:
    return ", ".join(f"${name}" for name in symbols(value))
