"""ENV: values in the service's notation, and the files below /etc/profile.d by which login shells see them.

A login shell of most distributions resets PATH, so PATH is written to a file that is read after that. Other variables are
in the service's context; for commands run later in the sandbox they are written to a file as well, once, at the end.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Mapping

from d2t.dockerfile.expand import pieces, symbols
from d2t.dockerfile.source import Origin
from d2t.lower.images import has_login_path
from d2t.lower.state import Lowering
from d2t.patterns import deferred
from d2t.plan.build import DEFAULT_PATH, ArgStep, EnvStep
from d2t.rules import behaviour

PATH_FILE = "/etc/profile.d/zz-d2t-path.sh"  # read last: others there may set PATH, too
ENV_FILE = "/etc/profile.d/00-d2t-env.sh"  # read first: it sees what the caller set, and leaves that alone

_EXPANDS = deferred(r"\$(?=[A-Za-z0-9_{@*#?$!\[-])")  # where bash would expand a `$` between double quotes
_NAME = deferred(r"[A-Za-z_][A-Za-z0-9_]*\Z")
_READ_ONLY = frozenset("UID EUID PPID SHELLOPTS BASHOPTS BASH_VERSINFO".split())  # bash refuses to assign them
_RESET = ("PS1", "SHELL")  # provisioning's files in /etc/profile.d export them
_SERVICE_FOLDERS = (
    "/usr/sbin",
    "/usr/bin",
    "/sbin",
    "/bin",
)  # the service's last phase runs tools of these in a login shell
_SET_BY_LOGIN = frozenset("HOME USER LOGNAME SHELL PS1 MAIL PWD".split())  # never unset, so the caller's cannot be told
_OF_SHELLS = frozenset(
    "HOME USER LOGNAME PWD OLDPWD UID EUID PPID HOSTNAME TERM SHELL SHLVL RANDOM SECONDS LINENO".split()
)
_INITIAL_PATH = "tr '\\0' '\\n' </proc/$$/environ | sed -n 's/^PATH=//p'"  # as it was before /etc/profile


def encode(value: str) -> str:
    """A value so that the service's `printf "%s" "VALUE"` gives exactly it (e2b-dev/infra, commands/env.go).

    The service escapes backslash, double quote, backtick and `$(` itself; `${D2T_-$}` is a literal `$`, as D2T_ is unset.
    """
    return _EXPANDS.sub("${D2T_-$}", value)


def lower_env(state: Lowering, step: EnvStep) -> None:
    """ENV becomes `set_envs`; PATH and values that only the base image completes go to files of login shells."""
    plain: list[tuple[str, str]] = []
    for name, value in step.values:
        # what a step's shell has under these names is not what the base image says; a distribution's says nothing
        open_names = frozenset() if has_login_path(state.plan.base_name) else _OF_SHELLS
        taken = [each for each in symbols(value) if each in open_names or (each in state.exported and each != "PATH")]
        state.exported[name] = value
        if taken:
            state.report(behaviour.value_needs_base((step.origin, name), name, ", ".join(f"${each}" for each in taken)))
            continue
        if name == "PATH" and state.provider["runtime.login_resets_path"]:
            continue
        if symbols(value):
            if not _NAME.match(name):
                state.report(behaviour.value_needs_base((step.origin, name), name, _names(value)))
                continue
            command = f"printf 'export {name}=%q\\n' \"{_runtime(value)}\" >>{ENV_FILE}"
            state.run_as_root(command, step.origin, f"{name} is completed by the base image's {_names(value)}")
            state.symbolic_exported = True
            continue
        plain.append((name, encode(value) if state.provider["runtime.evaluates_env"] else value))
    last = dict(plain)
    state.set_envs(tuple(last.items()), step.origin)


def ensure_path(state: Lowering, env: Mapping[str, str], origin: Origin | None) -> None:
    """Make login shells give the PATH (and what else they set themselves) that Docker's next command has."""
    if not state.provider["runtime.login_resets_path"]:
        return
    wanted = {name: env[name] for name in _RESET if name in env}
    path = _wanted_path(state, env)
    if path is not None:
        wanted["PATH"] = path
    if wanted == state.login:
        return
    state.login = wanted
    lines, base = [], ""
    for name, value in sorted(wanted.items()):
        if name == "PATH" and (not value or symbols(value)):
            base = f"base=$({_INITIAL_PATH})\n"
            text = _runtime(value, path="$base") if value else "$base"
            lines.append(f"printf 'export PATH=%q\\n' \"{text}\"")
            continue
        if name == "PATH" and (missing := [folder for folder in _SERVICE_FOLDERS if folder not in value.split(":")]):
            state.report(behaviour.path_completed(origin_of(state, "PATH"), state.provider, ":".join(missing)))
            value = ":".join([value, *missing])
        lines.append(f"echo {shlex.quote(f'export {name}={shlex.quote(value)}')}")
    joined = lines[0] if len(lines) == 1 else "{ " + "; ".join(lines) + "; }"
    if "PATH" in wanted and (where := origin_of(state, "PATH")):
        state.report(behaviour.path_set_again(where, state.provider))
    state.run_as_root(f"{base}{joined} >{PATH_FILE}", origin, f"login shells reset {' and '.join(sorted(wanted))}")


def _wanted_path(state: Lowering, env: Mapping[str, str]) -> str | None:
    """The PATH to write, "" for the base image's own; None where a login shell gives it anyway."""
    login = state.identity.name == "root" and "PATH" not in state.login and not state.profile_edited.startswith("/etc/")
    path = env.get("PATH")
    if path is None:
        known = state.plan.base_config is not None or (login and has_login_path(state.plan.base_name))
        return None if known else ""
    return None if login and path == DEFAULT_PATH else path


def exact_path(state: Lowering) -> str | None:
    """The PATH that a command needs set in front of it: where the file had to be completed for the service."""
    path = state.login.get("PATH")
    if path and not symbols(path) and not set(_SERVICE_FOLDERS) <= set(path.split(":")):
        return path
    return None


def persist(state: Lowering, origin: Origin | None) -> None:
    """Let commands that are run later in the sandbox see the image's ENV, as in Docker; what the caller sets wins."""
    if state.provider["runtime.env_reaches_sandbox"] or not state.options.persist_env:
        return
    ensure_path(state, state.plan.image.env, origin)
    lines = []
    for name, value in state.plan.image.env.items():
        if name in ("PATH", *_RESET) and state.provider["runtime.login_resets_path"]:
            continue
        if name in state.exported and symbols(value):
            continue  # written when it was set
        if not _NAME.match(name) or name in _READ_ONLY:
            if name in state.exported:
                state.report(behaviour.env_name_not_kept(origin_of(state, name), name))
            continue
        guard = "" if name in _SET_BY_LOGIN else f'[ "${{{name}+x}}" ] || '
        lines.append(f"{guard}export {name}={shlex.quote(value)}")
    if not lines:
        return
    text = "\n".join(lines)
    end = "EOF"
    while end in text.split("\n"):
        end += "_"
    redirect = ">>" if state.symbolic_exported else ">"
    why = "commands run later in the sandbox see ENV, too"
    state.run_as_root(f"cat {redirect}{ENV_FILE} <<'{end}'\n{text}\n{end}", origin, why)


def origin_of(state: Lowering, name: str, kind: type[EnvStep] | type[ArgStep] = EnvStep) -> tuple[Origin, str] | None:
    """The last ENV, or ARG, that names a variable."""
    for step in reversed(state.plan.steps):
        if isinstance(step, kind) and any(key == name for key, _ in step.values):
            return step.origin, name
    return None


def _names(value: str) -> str:
    return ", ".join(f"${name}" for name in symbols(value))


def _runtime(value: str, path: str = "$PATH") -> str:
    """A symbolic value as shell text between double quotes, completed when the step runs."""
    out = []
    for text, is_name in pieces(value):
        if is_name:
            out.append(path if text == "PATH" else "" if text in _OF_SHELLS else f"${{{text}}}")
        else:
            out.append(re.sub(r'([\\"$`])', r"\\\1", text))
    return "".join(out)


def keep_base_values(state: Lowering) -> None:
    """Set the base image's variables again whose value the service drops or trims (e2b-dev/infra, core/oci)."""
    config = state.plan.base_config
    if config is None or not state.provider["runtime.evaluates_env"]:
        return
    odd = tuple((name, encode(value)) for name, value in config.env.items() if not value or value != value.strip())
    state.set_envs(odd, None, "the service drops empty values of the base image, and trims others")
