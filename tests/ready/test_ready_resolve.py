from __future__ import annotations

from typing import Any

import pytest

from d2t.ready import Kind, Note, Source, image_tools, installed_tools, resolve, tools_of
from d2t.template import (
    Ready,
    ReadyCommand,
    WaitForFile,
    WaitForPort,
    WaitForProcess,
    WaitForTimeout,
    WaitForUrl,
)

TOOLS = ("bash", "curl", "ss")
HEALTH = ("CMD-SHELL", "test -f /health")
COMPOSE = ("CMD", "test", "-f", "/compose")
ALL: dict[str, Any] = {
    "option": WaitForPort(1),
    "comment": "port:2",
    "health": HEALTH,
    "compose": COMPOSE,
    "exposed": ("5/tcp",),
}


@pytest.mark.parametrize(
    ("first", "ready", "source"),
    [
        (0, WaitForPort(1), Source.OPTION),
        (1, WaitForPort(2), Source.COMMENT),
        (2, WaitForFile("/health"), Source.HEALTHCHECK),
        (3, WaitForFile("/compose"), Source.COMPOSE),
        (4, WaitForPort(5), Source.EXPOSE),
        (5, WaitForTimeout(20_000), Source.DEFAULT),
    ],
)
def test_the_first_hint_wins(first: int, ready: Ready, source: Source) -> None:
    found = resolve(has_start=True, provided=TOOLS, **dict(list(ALL.items())[first:]))
    assert (found.ready, found.source) == (ready, source)


def test_what_is_not_used_is_named() -> None:
    found = resolve(has_start=True, provided=TOOLS, **ALL)
    assert found.notes == (
        Note(Kind.NOT_USED, "HEALTHCHECK", "--ready"),
        Note(Kind.NOT_USED, "the compose file's healthcheck", "--ready"),
    )


def test_the_same_check_twice_is_not_worth_a_note() -> None:
    found = resolve(has_start=True, health=HEALTH, compose=("CMD", "test", "-f", "/health"))
    assert (found.source, found.notes) == (Source.HEALTHCHECK, ())


def test_no_hint() -> None:
    assert resolve(has_start=True).notes == (Note(Kind.NO_HINT, detail="20000"),)
    assert resolve(has_start=False, default_milliseconds=5000).ready == WaitForTimeout(5000)


def test_none_passes_the_turn() -> None:
    found = resolve(has_start=True, health=("NONE",), compose=("NONE",), exposed=("80/tcp",), provided=TOOLS)
    assert (found.ready, found.source) == (WaitForPort(80), Source.EXPOSE)
    assert found.notes == (
        Note(Kind.NONE, "HEALTHCHECK"),
        Note(Kind.NONE, "the compose file's healthcheck"),
        Note(Kind.EXPOSE, "80"),
    )


def test_a_wrong_comment_is_named_and_passed_over() -> None:
    found = resolve(has_start=True, comment="port:http", health=HEALTH)
    assert found.source is Source.HEALTHCHECK
    (note,) = found.notes
    assert (note.kind, note.subject) == (Kind.BAD_HINT, "# d2t: ready=")
    assert "a number from 1 to 65535" in note.detail


@pytest.mark.parametrize(
    ("exposed", "ready", "note"),
    [
        (("8080/tcp",), WaitForPort(8080), Note(Kind.EXPOSE, "8080")),
        (("8080",), WaitForPort(8080), Note(Kind.EXPOSE, "8080")),
        (("8080/tcp", "8080/udp"), WaitForPort(8080), Note(Kind.EXPOSE, "8080")),
        (("443/tcp", "80/tcp", "443/tcp"), WaitForPort(443), Note(Kind.SEVERAL_PORTS, "443", "80")),
        (("53/udp", "80/tcp"), WaitForPort(80), Note(Kind.EXPOSE, "80")),
        (("53/udp", "9/sctp"), None, Note(Kind.NO_TCP_PORT, detail="53/udp, 9/sctp")),
        (("0/tcp",), None, Note(Kind.NO_TCP_PORT, detail="0/tcp")),
    ],
)
def test_expose(exposed: tuple[str, ...], ready: Ready | None, note: Note) -> None:
    found = resolve(has_start=True, exposed=exposed, provided=TOOLS)
    assert found.ready == (ready or WaitForTimeout(20_000))
    assert found.notes[0] == note


def test_expose_is_no_hint_where_nothing_is_started() -> None:
    found = resolve(has_start=False, exposed=("80/tcp",), provided=TOOLS)
    assert (found.ready, found.source) == (WaitForTimeout(20_000), Source.DEFAULT)
    assert found.notes == (Note(Kind.EXPOSE_UNUSED, "80"), Note(Kind.NO_HINT, detail="20000"))


@pytest.mark.parametrize(
    ("hint", "notes"),
    [
        ({"option": WaitForPort(80)}, (Note(Kind.NO_START, "--ready"),)),
        ({"health": HEALTH}, (Note(Kind.NO_START, "HEALTHCHECK"),)),
        ({"option": WaitForTimeout(1000)}, ()),
    ],
)
def test_a_ready_command_without_a_start_command(hint: dict[str, Any], notes: tuple[Note, ...]) -> None:
    assert resolve(has_start=False, provided=TOOLS, **hint).notes == notes


def test_healthchecks_are_read_with_the_images_shell_and_environment() -> None:
    found = resolve(
        has_start=True,
        health=("CMD-SHELL", "[[ -f /$NAME ]]"),
        shell=("/bin/bash", "-c"),
        env={"NAME": "x"},
    )
    assert found.ready == WaitForFile("/x")
    found = resolve(has_start=True, compose=("CMD-SHELL", "pg_isready"), wrap=lambda script: f"wrapped {script}")
    assert found.ready == ReadyCommand("wrapped pg_isready")
    assert found.notes[0].subject == "the compose file's healthcheck"


@pytest.mark.parametrize(
    ("ready", "more", "notes"),
    [
        (WaitForProcess("nginx"), {}, (Note(Kind.MAYBE_ABSENT_TOOL, "pgrep", "procps"),)),
        (WaitForProcess("nginx"), {"in_base": ()}, (Note(Kind.ABSENT_TOOL, "pgrep", "procps"),)),
        (WaitForProcess("nginx"), {"in_base": ("pgrep",)}, ()),
        (WaitForProcess("nginx"), {"installed": ("pgrep",)}, ()),
        (WaitForUrl("http://localhost/"), {}, ()),
        (WaitForPort(80), {"provided": ("curl",)}, (Note(Kind.MAYBE_ABSENT_TOOL, "ss", "iproute2"),)),
        (ReadyCommand("nc -zu localhost 53"), {}, (Note(Kind.MAYBE_ABSENT_TOOL, "nc", "netcat-openbsd"),)),
    ],
)
def test_tools_that_nothing_brings(ready: Ready, more: dict[str, Any], notes: tuple[Note, ...]) -> None:
    assert resolve(has_start=True, option=ready, **{"provided": TOOLS, **more}).notes == notes


@pytest.mark.parametrize(
    ("command", "tools"),
    [
        ("wget -q --spider http://localhost/", ("wget",)),
        ("/bin/sh -c 'wget -q --spider x &>/dev/null'", ("wget",)),
        ("a | nc x 1 && pgrep -f y", ("nc", "pgrep")),
        ("timeout 5 nc -zu x 1", ("nc",)),
        ('[ "$(wget -qO- x)" = ok ]', ("wget",)),
        ("if pgrep x; then exit 0; fi", ("pgrep",)),
        ("/usr/bin/pgrep -f wget.py", ("pgrep",)),
        ("/opt/bin/wget x", ()),
        ("python wget", ()),
        ("echo install wget", ()),
        ("wget-it; nc.sh", ()),
    ],
)
def test_tools_of_a_command(command: str, tools: tuple[str, ...]) -> None:
    assert tools_of(ReadyCommand(command)) == tools


@pytest.mark.parametrize(
    ("command", "tools"),
    [
        ("apt-get update && apt-get install -y --no-install-recommends procps wget=1.21* && rm x", {"pgrep", "wget"}),
        ("apt-get -y install \\\n  curl \\\n  netcat-openbsd", {"curl", "nc"}),
        ("apk add --no-cache wget", {"wget"}),
        ("apk --no-cache add procps", {"pgrep"}),
        ("dnf install -y procps-ng nmap-ncat", {"pgrep", "nc"}),
        ("pip install wget", set()),
        ("apt-get install -y foo; echo wget", set()),
        ("apt-get remove -y wget", set()),
    ],
)
def test_installed_tools(command: str, tools: set[str]) -> None:
    assert installed_tools([command]) & {"pgrep", "wget", "curl", "nc"} == tools


@pytest.mark.parametrize(
    ("image", "pgrep", "wget"),
    [
        ("alpine:3.20", True, True),
        ("python:3.12-alpine", True, True),
        ("docker.io/library/debian:12-slim", False, False),
        ("debian", False, False),
        ("python:3.12-slim-bookworm@sha256:00", False, False),
        ("node:22", True, True),
        ("ubuntu:24.04", True, False),
    ],
)
def test_tools_of_official_images(image: str, pgrep: bool, wget: bool) -> None:
    tools = image_tools(image)
    assert tools is not None
    assert ("pgrep" in tools, "wget" in tools) == (pgrep, wget)


@pytest.mark.parametrize("image", ["nginx:1.27", "ghcr.io/me/python:3.12", "localhost:5000/debian", "fedora:40", ""])
def test_other_images_are_not_known(image: str) -> None:
    assert image_tools(image) is None
