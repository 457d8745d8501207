"""The first hint that exists decides what a template waits for."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from enum import StrEnum
from typing import NamedTuple

from d2t.ready.hint import parse_hint
from d2t.ready.notes import DEFAULT_SHELL, HEALTHCHECK, Kind, Note
from d2t.ready.tools import PACKAGE_OF, tools_of
from d2t.template import Ready, WaitForPort, WaitForTimeout

DEFAULT_MILLISECONDS = 20_000  # e2b-dev/infra, phases/finalize/ready.go: what the service waits without a ready command


class Source(StrEnum):
    """Where a ready check comes from, in the order in which they are tried; the value is for people."""

    OPTION = "--ready"
    COMMENT = "# d2t: ready="
    HEALTHCHECK = HEALTHCHECK
    COMPOSE = "the compose file's healthcheck"
    EXPOSE = "EXPOSE"
    DEFAULT = "no hint"


class Resolved(NamedTuple):
    ready: Ready
    source: Source
    notes: tuple[Note, ...] = ()


def resolve(
    *,
    has_start: bool,
    option: Ready | None = None,
    comment: str = "",
    health: Sequence[str] | None = None,
    compose: Sequence[str] | None = None,
    exposed: Sequence[str] = (),
    shell: Sequence[str] = DEFAULT_SHELL,
    env: Mapping[str, str] | None = None,
    env_complete: bool = False,
    wrap: Callable[[str], str] | None = None,
    provided: Collection[str] = (),
    installed: Collection[str] = (),
    in_base: Collection[str] | None = None,
    default_milliseconds: int = DEFAULT_MILLISECONDS,
) -> Resolved:
    """What the template waits for, where that comes from, and what to say about it.

    - `has_start`: the template has a start command.
    - `option` is `--ready`, parsed; `comment` the text behind `# d2t: ready=`. One that `parse_hint` refuses gives a
      BAD_HINT note and is passed over.
    - `health` and `compose` are `Healthcheck.Test`s, read with `shell`, `env`, `env_complete` and `wrap` as
      `from_healthcheck` takes them. `("NONE",)` is no hint: the next one counts.
    - `exposed` are "port/protocol", in the Dockerfile's order: the first TCP port is waited for, because the others
      may be opened later or never (an admin or debug port, 443 without a certificate). It is a hint only where there
      is a start command; without one no port opens, and the build would fail when its time is up.
    - `provided` are the tools that the service adds (`provider["ready.tools"]`), `installed` those of
      `tools.installed_tools`, `in_base` those of `tools.image_tools`.
    """
    notes: list[Note] = []

    ready, chosen = option, Source.OPTION
    if ready is None and comment:
        ready, chosen = _comment(comment, notes), Source.COMMENT
    for test, source in ((health, Source.HEALTHCHECK), (compose, Source.COMPOSE)):
        if not test:
            continue
        from d2t.ready.check import from_healthcheck  # most files have no check, and reading one takes a shell parser

        found, said = from_healthcheck(
            test, shell=shell, env=env, env_complete=env_complete, wrap=wrap, origin=source.value
        )
        if ready is None:
            ready, chosen = found, source
            notes.extend(said)
        elif found is None:
            notes.extend(said)
        elif found != ready:
            notes.append(Note(Kind.NOT_USED, source.value, chosen.value))
    if ready is None:
        ready, chosen = _expose(exposed, has_start, notes), Source.EXPOSE
    if ready is None:
        ready, chosen = WaitForTimeout(default_milliseconds), Source.DEFAULT
        notes.append(Note(Kind.NO_HINT, detail=str(default_milliseconds)))
    if not has_start and chosen is not Source.DEFAULT and not isinstance(ready, WaitForTimeout):
        notes.append(Note(Kind.NO_START, chosen.value))
    notes.extend(_absent(ready, provided, installed, in_base))
    return Resolved(ready, chosen, tuple(notes))


def _comment(text: str, notes: list[Note]) -> Ready | None:
    try:
        return parse_hint(text)
    except ValueError as error:
        notes.append(Note(Kind.BAD_HINT, Source.COMMENT.value, str(error)))
        return None


def _expose(exposed: Sequence[str], has_start: bool, notes: list[Note]) -> Ready | None:
    if not exposed:
        return None
    ports = [port for port, _, protocol in (entry.partition("/") for entry in exposed) if protocol in ("", "tcp")]
    ports = [port for port in dict.fromkeys(ports) if port != "0"]
    if not ports:
        notes.append(Note(Kind.NO_TCP_PORT, detail=", ".join(exposed)))
        return None
    if not has_start:
        notes.append(Note(Kind.EXPOSE_UNUSED, ports[0]))
        return None
    if len(ports) > 1:
        notes.append(Note(Kind.SEVERAL_PORTS, ports[0], ", ".join(ports[1:])))
    else:
        notes.append(Note(Kind.EXPOSE, ports[0]))
    return WaitForPort(int(ports[0]))


def _absent(
    ready: Ready, provided: Collection[str], installed: Collection[str], in_base: Collection[str] | None
) -> list[Note]:
    kind = Kind.MAYBE_ABSENT_TOOL if in_base is None else Kind.ABSENT_TOOL
    there = {*provided, *installed, *(in_base or ())}
    return [Note(kind, tool, PACKAGE_OF[tool]) for tool in tools_of(ready) if tool not in there]
