"""A healthcheck as the image config has it → the ready check of a template."""

from __future__ import annotations

import shlex
from collections.abc import Callable, Mapping, Sequence

from d2t.patterns import deferred
from d2t.ready.notes import DEFAULT_SHELL, HEALTHCHECK, Kind, Note
from d2t.ready.outcome import Verdict
from d2t.ready.probes import DEV_TCP, Shell, probe_command, probe_script, shell_of
from d2t.ready.script import Command, Group, Script, parse
from d2t.ready.words import NotUnderstoodError, Word, expander
from d2t.template import Ready, ReadyCommand, WaitForUrl

_PLAIN_BASH = {("/bin/bash", "-c"), ("/usr/bin/bash", "-c"), ("bash", "-c")}
_BASH_BUILTINS = frozenset(
    "[[ . builtin caller compgen complete compopt declare dirs disown enable eval help history let local logout mapfile popd "
    "pushd read readarray shopt source suspend trap type typeset ulimit".split()
)
_BASH_TESTS = frozenset({"==", "=~", "<", ">", "-a", "-o", "-N", "-v"})
_BASH_VARIABLES = deferred(
    r"BASH\w*|COMP_\w+|DIRSTACK|E?UID|FUNCNAME|GROUPS|HOST\w+|LINENO|OSTYPE|RANDOM|S?RANDOM|SECONDS|SHELL\w*|SHLVL|_"
)


def from_healthcheck(
    test: Sequence[str],
    *,
    shell: Sequence[str] = DEFAULT_SHELL,
    env: Mapping[str, str] | None = None,
    env_complete: bool = False,
    wrap: Callable[[str], str] | None = None,
    origin: str = HEALTHCHECK,
) -> tuple[Ready | None, tuple[Note, ...]]:
    """The ready check for a `Healthcheck.Test` of the Docker image spec.

    A helper of the SDK where it says the same as the check, the check's own command otherwise; None for no check.

    - `curl -f URL` and `wget URL` become WaitForUrl, though it waits for status 200 and they also take other statuses
      that are no failure (a note says so). `curl` without `-f` takes any answer and stays as it is.
    - Time limits and retries of the check's tools are left out: the service retries, and ends the wait itself.
    - A name in `env` is expanded when its value is one plain word. `env_complete` says that other names are unset.
    - `shell` is the image's SHELL; a command that stays is passed through `wrap` when it has a shell that is a
      /bin/sh, and `wrap` returns what the service's bash shall run (default: `in_bash`). Another shell is named.
    - `origin` is where notes say that the check stands.
    """
    values = expander(env or {}, complete=env_complete)
    match list(test):
        case [] | [""]:
            return None, ()
        case ["NONE"]:
            return None, (Note(Kind.NONE, origin),)
        case ["CMD-SHELL", script, *more] if script.strip():
            known = None if more else shell_of(shell)
            if known is None:
                raw = shlex.join([*shell, script, *more])
                name = shell[0] if shell else "no shell"
                return ReadyCommand(raw), (Note(Kind.RAW, origin, f"its shell is `{name}`"),)
            raw = script if tuple(shell) in _PLAIN_BASH else shlex.join([*shell, script])
            if tuple(shell) == DEFAULT_SHELL:
                raw = (wrap or in_bash)(script)
        case ["CMD", program, *arguments] if program:
            known, raw = Shell(), shlex.join([program, *arguments])
        case words:
            return None, (Note(Kind.NO_CHECK, origin, shlex.join(words)),)
    try:
        if known.name:
            probe = probe_script(test[1], values, known)
        else:
            probe = probe_command(Command(tuple(Word(text, quoted=True) for text in test[1:])), values, known)
    except NotUnderstoodError as reason:
        return ReadyCommand(raw), (Note(Kind.RAW, origin, str(reason)),)
    if isinstance(probe, Verdict):
        return ReadyCommand(raw), (Note(Kind.ALWAYS if probe is Verdict.ALWAYS else Kind.NEVER, origin),)
    if isinstance(probe.ready, WaitForUrl):
        return probe.ready, (Note(Kind.STATUS_200, probe.tool),)
    if probe.tool == DEV_TCP and not probe.shell.bash:
        return probe.ready, (Note(Kind.DEV_TCP, probe.shell.name),)
    return probe.ready, ()


def in_bash(script: str) -> str:
    """What bash has to run so that a script of /bin/sh does what it did: the script, or /bin/sh with it.

    The script alone where it uses nothing that bash reads in another way.
    """
    names: list[str] = []

    def expand(name: str, default: str | None, colon: bool) -> str:
        names.append(name)
        return "x"

    try:
        plain = _is_portable(parse(script, expand, bash=False, pipes=True))
    except NotUnderstoodError:
        plain = False
    if plain and not any(map(_BASH_VARIABLES.fullmatch, names)):
        return script
    return shlex.join([*DEFAULT_SHELL, script])


def _is_portable(script: Script) -> bool:
    for chain in script:
        for _, item in chain.items:
            if isinstance(item, Group):
                if not _is_portable(item.body):
                    return False
                continue
            values = [word.text for word in item.words]
            if any(redirect.target.text.startswith("/dev/tcp/") for redirect in item.redirects):
                return False
            match values:
                case [name, *_] if name in _BASH_BUILTINS:
                    return False
                case ["echo" | "printf", *rest] if any(text.startswith("-") or "\\" in text for text in rest):
                    return False
                case ["[" | "test", *rest] if _BASH_TESTS & set(rest):
                    return False
    return True
