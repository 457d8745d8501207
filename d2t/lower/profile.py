"""Files that login shells read. Every command of the service is a login shell, so what a step writes there is seen."""

from __future__ import annotations

from itertools import zip_longest

from d2t.patterns import deferred
from d2t.rules.effects import commands

_FILES = deferred(
    r"\.bashrc|\.bash_profile|\.bash_login|(?<!\w)\.profile\b|(?<![\w.-])/etc/profile|/etc/bash\.bashrc|/etc/bashrc|/etc/environment|"
    r"\bconda init\b|\bmamba init\b|sh\.rustup\.rs|\bnvm-sh\b|/nvm/v|install\.sdkman|\bbun\.sh/install|install\.determinate"
)
INSTALLERS = {  # what edits such files without naming them
    "conda init": "conda init",
    "mamba init": "mamba init",
    "sh.rustup.rs": "rustup's installer",
    "nvm-sh": "nvm's installer",
    "/nvm/v": "nvm's installer",
    "install.sdkman": "SDKMAN's installer",
    "bun.sh/install": "bun's installer",
    "install.determinate": "Nix's installer",
}
_SIGNS = (
    "bash|profile|/etc/environment|conda init|mamba init|sh.rustup.rs|nvm|install.sdkman|install.determinate|bun.sh/install"
).split("|")

# commands that change no file, or only whether there is one
_READ_ONLY = frozenset(". source cat grep egrep fgrep head tail wc less ls test [ stat file chmod chown rm".split())


def profile_files(text: str) -> tuple[str, ...]:
    """The files that login shells read, and the tools known to write one, that the text names, in order."""
    if not any(sign in text for sign in _SIGNS):
        return ()
    return tuple(_FILES.findall(text))


def edited_profile(text: str) -> str:
    """The first of `profile_files` that a shell text may write, "" for none. What is not understood counts as writing, and
    so does what keeps what it reads: the service adds to these files.
    """
    named = list(profile_files(text))
    if not named:
        return ""
    found = commands(text)
    for command, following in zip_longest(found, found[1:]):
        kept = command.outputs or (following is not None and following.joined == "|")
        if command.words and command.words[0] in _READ_ONLY and not kept:
            for file in profile_files(" ".join(command.words)):
                if file in named:
                    named.remove(file)
    if "--no-modify-path" in text:
        named = [file for file in named if file != "sh.rustup.rs"]
    return named[0] if named else ""
