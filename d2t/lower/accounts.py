"""Users and groups that the Dockerfile's own RUNs create, as far as their text tells."""

import re
import shlex
from collections.abc import Iterator, Mapping
from typing import NamedTuple

from d2t.patterns import deferred
from d2t.plan.build import BuildPlan, RunStep

_CREATORS = deferred(r"(?:^|[\s;&|(/])(useradd|adduser|groupadd|addgroup)\s+([^;&|\n)]*)")
_BY_HAND = deferred(r">\s*/etc/(?:passwd|group)\b|\btee\b[^;&|]*/etc/(?:passwd|group)\b")
_VARIABLE = deferred(r"\$(?:(\w+)|\{(\w+)\})")
_VALUED = {  # options that take a word
    "useradd": "b c d e f g G k K p R P s u Z base-dir comment home-dir home expiredate inactive gid groups skel key password root prefix shell uid selinux-user".split(),
    "adduser": "h g s G u k home shell uid gid ingroup gecos comment firstuid lastuid conf".split(),
    "groupadd": "g K p R P gid key password root prefix".split(),
    "addgroup": "g gid firstgid lastgid conf".split(),
}


class Account(NamedTuple):
    """A user that a RUN creates."""

    name: str
    uid: str  # "" when the tool chooses it
    own_group: bool  # its primary group has its own name
    more_groups: bool  # it may be in further groups
    system: bool


def accounts(plan: BuildPlan) -> dict[str, Account]:
    """The users that the plan's RUNs create, by name."""
    found: dict[str, Account] = {}
    for tool, words, options in _creations(plan):
        if tool not in ("useradd", "adduser") or not words:
            continue
        name = words[0]
        if tool == "adduser" and len(words) == 2 and words[0] in found:
            old = found[words[0]]  # `adduser USER GROUP` adds to a group
            found[name] = Account(old.name, old.uid, old.own_group, True, old.system)
            continue
        group = options.get("gid", options.get("g" if tool == "useradd" else "G", options.get("ingroup")))
        system = any(key in options for key in ("system", "r" if tool == "useradd" else "S"))
        own = (group is None or group == name) and "N" not in options and "no-user-group" not in options
        if tool == "adduser" and group is None and system and "group" not in options:
            own = False  # Debian's adduser --system puts the user into nogroup
        found[name] = Account(
            name,
            options.get("uid", options.get("u", "")),
            own,
            any(key in options for key in ("G", "groups")) if tool == "useradd" else False,
            system,
        )
    return found


def takes_ids(plan: BuildPlan, name: str, uid: str) -> bool:
    """Whether a RUN creates a user or group of this name or id, or one whose id the tool chooses from there on."""
    by_hand = any(isinstance(step, RunStep) and _BY_HAND.search(" ".join(step.argv)) for step in plan.steps)
    return by_hand or any(_takes(tool, words, options, name, uid) for tool, words, options in _creations(plan))


def _takes(tool: str, words: list[str], options: dict[str, str], name: str, uid: str) -> bool:
    chosen = [options[key] for key in ("u", "uid", "gid") if key in options]
    if tool in ("groupadd", "addgroup", "useradd") and "g" in options:
        chosen.append(options["g"])
    if name in words or uid in chosen:
        return True
    short = {"useradd": "r", "groupadd": "r", "adduser": "S", "addgroup": "S"}[tool]
    return not chosen and "system" not in options and short not in options


def _creations(plan: BuildPlan) -> Iterator[tuple[str, list[str], dict[str, str]]]:
    for step in plan.steps:
        if not isinstance(step, RunStep):
            continue
        text = step.argv[-1] if step.shell_form and step.argv else shlex.join(step.argv)
        if "user" not in text and "group" not in text and not step.script:
            continue
        for match in _CREATORS.finditer(f"{text}\n{step.script}"):
            yield match[1], *_read(match[1], _expanded(match[2], step.env))


def _expanded(text: str, env: Mapping[str, str]) -> str:
    """Plain variables replaced: names and ids often come from ARG."""
    return _VARIABLE.sub(lambda match: env.get(match[1] or match[2], match.group()), text)


def _read(tool: str, text: str) -> tuple[list[str], dict[str, str]]:
    try:
        tokens = shlex.split(text, comments=True)
    except ValueError:
        tokens = text.split()
    words: list[str] = []
    options: dict[str, str] = {}
    valued = _VALUED[tool]
    position = 0
    while position < len(tokens):
        token = tokens[position]
        position += 1
        if token.startswith("--"):
            name, equals, value = token[2:].partition("=")
            if not equals and name in valued and position < len(tokens):
                value = tokens[position]
                position += 1
            options[name] = value
        elif token.startswith("-") and len(token) > 1:
            for index, letter in enumerate(token[1:], 1):
                if letter in valued:
                    value = token[index + 1 :]
                    if not value and position < len(tokens):
                        value = tokens[position]
                        position += 1
                    options[letter] = value
                    break
                options[letter] = ""
        elif not re.match(r"\d*[<>]", token):
            words.append(token)
    return words, options
