"""1xx: the file cannot be read, or Docker would refuse it. The messages are BuildKit's; reading and planning make them."""

from __future__ import annotations

from d2t.diagnostics import Severity
from d2t.rules.registry import rule

_PARSER = "moby/buildkit, frontend/dockerfile/parser"
_TYPED = "moby/buildkit, frontend/dockerfile/instructions"
_BUILD = "moby/buildkit, frontend/dockerfile/dockerfile2llb"


@rule(
    "D2T100",
    "unreadable-file",
    Severity.ERROR,
    source="d2t reads UTF-8 text of at most 10 MB",
    no_example="such a file is no Dockerfile",
)
def unreadable_file(message: str) -> str:
    """The file is missing, no text, too large or cannot be opened.

    Nothing in it was checked; other files are.
    """
    return message


@rule("D2T101", "syntax-error", Severity.ERROR, source=_PARSER, example="FROM alpine\nENV A")
def syntax_error(message: str) -> str:
    """The Dockerfile's syntax is broken: Docker refuses the file with the same words.

    Typical reasons are a heredoc whose end is missing, `ENV` or `LABEL` without `=`, and JSON arrays that hold more than
    strings.
    """
    return message


@rule("D2T102", "unknown-instruction", Severity.ERROR, source=_PARSER, example="FROM alpine\nRUNN true")
def unknown_instruction(message: str) -> str:
    """There is no such instruction. Often a `\\` is missing at the end of the line before."""
    return message


@rule("D2T103", "unknown-flag", Severity.ERROR, source=_TYPED, example="FROM alpine\nCOPY --chwon=app a b")
def unknown_flag(message: str) -> str:
    """The instruction has no such flag, the flag is given twice, or its value is missing or wrong."""
    return message


@rule("D2T104", "wrong-arguments", Severity.ERROR, source=_TYPED, example="FROM alpine\nSHELL /bin/bash -c")
def wrong_arguments(message: str) -> str:
    """The instruction has too many or too few words, or words of the wrong form."""
    return message


@rule("D2T105", "no-stage", Severity.ERROR, source=_BUILD, example="RUN true\nFROM alpine")
def no_stage(message: str) -> str:
    """A stage is missing: nothing to build, an instruction in front of the first `FROM`, a target or `--from` that does
    not exist, or stages that need each other.
    """
    return message


@rule(
    "D2T106",
    "expansion-failed",
    Severity.ERROR,
    source="moby/buildkit, frontend/dockerfile/shell",
    example='FROM alpine\nENV A="unclosed',
)
def expansion_failed(message: str) -> str:
    """A word cannot be expanded: a quote or a brace is not closed, or `${NAME:?}` finds the variable unset."""
    return message


@rule("D2T107", "invalid-image-name", Severity.ERROR, source="distribution/reference", example="FROM Debian:Latest")
def invalid_image_name(message: str) -> str:
    """The name of an image is not valid, or its variables leave nothing of it.

    A global `ARG` needs a default, or a value with `--build-arg`, before `FROM` can use it.
    """
    return message


@rule("D2T108", "invalid-value", Severity.ERROR, source=_BUILD, example="FROM alpine\nEXPOSE http")
def invalid_value(message: str) -> str:
    """A value is none that Docker accepts: a port, a signal, a mode, a platform, a mount, a URL."""
    return message


@rule(
    "D2T109",
    "base-image-unusable",
    Severity.ERROR,
    source="moby/buildkit: no match for platform in manifest",
    no_example="it takes a base image whose config was read",
)
def base_image_unusable(message: str) -> str:
    """The registry has the base image, but not for linux/amd64: `docker build` for that platform would refuse it, too."""
    return message
