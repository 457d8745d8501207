"""4xx: when the sandbox counts as ready."""

from __future__ import annotations

from collections.abc import Callable

from d2t.diagnostics import Diagnostic, Severity
from d2t.ready.notes import Kind, Note
from d2t.rules.registry import Where, rule

_READY = "e2b-dev/infra, phases/finalize/ready.go"
_SDK = "E2B SDK, template/readycmd.py"
_START = "FROM python:3.12\nCMD python -m http.server 8080"


@rule("D2T401", "no-ready-hint", Severity.INFO, source=_READY, example=_START, whole=True)
def no_ready_hint(note: Note) -> tuple[str, str]:
    """Nothing says when the start command is ready, so the build waits for a fixed time before the machine is saved."""
    seconds = int(note.detail) // 1000
    return (
        f"nothing says when the start command is ready: the build waits {seconds} s",
        "add HEALTHCHECK, a comment `# d2t: ready=port:8080`, or --ready",
    )


@rule(
    "D2T402",
    "bad-ready-hint",
    Severity.ERROR,
    source="d2t's own comments",
    example="FROM debian:12\n# d2t: ready=port:99999\nCMD serve",
)
def bad_ready_hint(note: Note) -> tuple[str, str]:
    """A hint in a `# d2t:` comment is not of the form that d2t reads."""
    return (
        f"{note.subject}{note.detail}",
        "for example port:8080, url:http://localhost/health, file:/run/ok, process:nginx",
    )


@rule(
    "D2T403",
    "check-switched-off",
    Severity.INFO,
    source="Dockerfile reference, HEALTHCHECK",
    example="FROM debian:12\nHEALTHCHECK NONE",
    whole=True,
)
def check_switched_off(note: Note) -> str:
    """`HEALTHCHECK NONE` (or `disable: true` in a compose file) gives no hint about readiness; the next hint counts."""
    return f"{note.subject} is switched off: it says nothing about readiness"


@rule(
    "D2T404",
    "check-without-command",
    Severity.WARNING,
    source="docker-image-spec, Healthcheck.Test",
    example='FROM debian:12\nHEALTHCHECK CMD [""]\nCMD serve',
)
def check_without_command(note: Note) -> str:
    """The check has no command, or is of a type that Docker does not know."""
    return f"{note.subject} has no command that could be run: {note.detail or 'it is empty'}"


@rule(
    "D2T405",
    "check-not-used",
    Severity.INFO,
    source="d2t's order of hints",
    example="FROM debian:12\n# d2t: ready=port:80\nHEALTHCHECK CMD curl -f localhost\nCMD serve",
    whole=True,
)
def check_not_used(note: Note) -> str:
    """Of several hints the first counts: `--ready`, a `# d2t:` comment, HEALTHCHECK, the compose file, EXPOSE."""
    return f"{note.subject} is not used for readiness: {note.detail} says it"


@rule(
    "D2T406",
    "check-kept-as-command",
    Severity.INFO,
    source=_SDK,
    example="FROM debian:12\nHEALTHCHECK CMD curl -kf https://localhost/\nCMD serve",
)
def check_kept_as_command(note: Note) -> str:
    """No ready helper of the SDK means exactly the same as the check, so its own command is the ready command."""
    return f"{note.subject} stays a command, because {note.detail}"


@rule(
    "D2T407",
    "check-takes-more-statuses",
    Severity.INFO,
    source=_SDK,
    example="FROM debian:12\nHEALTHCHECK CMD curl -f http://localhost/\nCMD serve",
)
def check_takes_more_statuses(note: Note) -> tuple[str, str]:
    """`wait_for_url` waits for status 200; the check also takes other statuses that are no failure, such as a redirect."""
    return (
        f"wait_for_url waits for status 200, where {note.subject} also takes others such as a redirect",
        "if the URL answers otherwise, say # d2t: ready=cmd:COMMAND",
    )


@rule(
    "D2T408",
    "dev-tcp-needs-bash",
    Severity.WARNING,
    source="bash manual, Redirections",
    example="FROM debian:12\nHEALTHCHECK CMD </dev/tcp/localhost/80\nCMD serve",
)
def dev_tcp_needs_bash(note: Note) -> tuple[str, str]:
    """`/dev/tcp` is a feature of bash; in another shell the check fails in Docker, always."""
    return (
        f"/dev/tcp exists in bash only, and the check runs in {note.subject}",
        'use CMD ["bash", "-c", "</dev/tcp/…"]',
    )


@rule(
    "D2T409",
    "check-cannot-fail",
    Severity.WARNING,
    source=_READY,
    example="FROM debian:12\nHEALTHCHECK CMD true\nCMD serve",
)
def check_cannot_fail(note: Note) -> tuple[str, str]:
    """The check succeeds whatever happens, so the sandbox counts as ready at once."""
    return (
        f"{note.subject} cannot fail: the sandbox counts as ready at once",
        "let the check end with the status of what it tests",
    )


@rule(
    "D2T410",
    "check-cannot-pass",
    Severity.ERROR,
    source=_READY,
    example="FROM debian:12\nHEALTHCHECK CMD false\nCMD serve",
)
def check_cannot_pass(note: Note) -> tuple[str, str]:
    """The check fails whatever happens: the build would wait for ten minutes and then fail."""
    return (
        f"{note.subject} can never succeed: the build would wait ten minutes and fail",
        "correct the check, or say --ready",
    )


@rule(
    "D2T411",
    "check-tool-missing",
    Severity.WARNING,
    source="e2b-dev/infra, phases/base/distro: packages that provisioning adds",
    example="FROM debian:12\nHEALTHCHECK CMD pgrep nginx\nCMD nginx",
    whole=True,
)
def check_tool_missing(note: Note) -> tuple[str, str]:
    """Neither the image nor the service brings the tool that the ready command runs, so it can never succeed."""
    return f"the ready command runs {note.subject}, which the image does not have", f"install {note.detail} in a RUN"


@rule(
    "D2T412",
    "check-tool-unknown",
    Severity.INFO,
    source="e2b-dev/infra, phases/base/distro: packages that provisioning adds",
    example="FROM myorg/app\nHEALTHCHECK CMD wget -qO- localhost | grep -q ok\nCMD serve",
    whole=True,
)
def check_tool_unknown(note: Note) -> tuple[str, str]:
    """The ready command runs a tool that the service does not bring; whether the base image has it is not known."""
    return (
        f"the ready command runs {note.subject}, which the base image must have",
        f"if it does not, install {note.detail} in a RUN",
    )


@rule(
    "D2T413",
    "expose-as-hint",
    Severity.INFO,
    source="d2t's order of hints",
    example="FROM debian:12\nEXPOSE 80\nCMD serve",
    whole=True,
)
def expose_as_hint(note: Note) -> tuple[str, str]:
    """Nothing else says when the start command is ready, so the port of EXPOSE is waited for."""
    return f"the sandbox is ready when port {note.subject} is open, as EXPOSE says", ""


@rule(
    "D2T414",
    "expose-several-ports",
    Severity.INFO,
    source="d2t's order of hints",
    example="FROM debian:12\nEXPOSE 80 443\nCMD serve",
    whole=True,
)
def expose_several_ports(note: Note) -> tuple[str, str]:
    """Of several exposed ports the first TCP port is waited for: others may open later, or never."""
    return (
        f"the sandbox is ready when port {note.subject} is open, whether or not {note.detail} is",
        "say which one with # d2t: ready=port:N",
    )


@rule(
    "D2T415",
    "expose-no-tcp",
    Severity.INFO,
    source=_SDK,
    example="FROM debian:12\nEXPOSE 53/udp\nCMD serve",
    whole=True,
)
def expose_no_tcp(note: Note) -> str:
    """EXPOSE names no TCP port, so it gives no hint about readiness."""
    return f"EXPOSE {note.detail} has no TCP port to wait for"


@rule("D2T416", "expose-without-start", Severity.INFO, source=_READY, example="FROM nginx\nEXPOSE 80", whole=True)
def expose_without_start(note: Note) -> str:
    """Nothing is started, so no port will open, and none is waited for."""
    return f"port {note.subject} is not waited for: the template has no start command"


@rule(
    "D2T417",
    "ready-without-start",
    Severity.WARNING,
    source=_READY,
    example="FROM debian:12\nHEALTHCHECK CMD curl -f localhost",
    whole=True,
)
def ready_without_start(note: Note) -> tuple[str, str]:
    """A ready command waits for something, and the template starts nothing: the build may wait until its time is up."""
    return (
        f"{note.subject} waits for something, but the template has no start command",
        "add CMD, or a comment `# d2t: start=COMMAND`",
    )


@rule(
    "D2T418",
    "hint-malformed",
    Severity.ERROR,
    source="d2t's own comments",
    example="FROM debian:12\n# d2t: redy=port:80",
)
def hint_malformed(message: str) -> tuple[str, str]:
    """A `# d2t:` comment cannot be read: the key is unknown, or its value is not of the key's form."""
    return message, "keys are ready, start, name, cpu, memory and ignore"


_OF_KIND: dict[Kind, Callable[[Where, Note], Diagnostic]] = {
    Kind.NO_HINT: no_ready_hint,
    Kind.BAD_HINT: bad_ready_hint,
    Kind.NONE: check_switched_off,
    Kind.NO_CHECK: check_without_command,
    Kind.NOT_USED: check_not_used,
    Kind.RAW: check_kept_as_command,
    Kind.STATUS_200: check_takes_more_statuses,
    Kind.DEV_TCP: dev_tcp_needs_bash,
    Kind.ALWAYS: check_cannot_fail,
    Kind.NEVER: check_cannot_pass,
    Kind.ABSENT_TOOL: check_tool_missing,
    Kind.MAYBE_ABSENT_TOOL: check_tool_unknown,
    Kind.EXPOSE: expose_as_hint,
    Kind.SEVERAL_PORTS: expose_several_ports,
    Kind.NO_TCP_PORT: expose_no_tcp,
    Kind.EXPOSE_UNUSED: expose_without_start,
    Kind.NO_START: ready_without_start,
}


def of_note(where: Where, note: Note) -> Diagnostic:
    """The finding that a note of the readiness analysis is."""
    return _OF_KIND[note.kind](where, note)
