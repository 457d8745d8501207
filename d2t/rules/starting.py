"""3xx and 4xx: what the start command is as a process. Docker runs it as process 1, and the container ends with it."""

from __future__ import annotations

import re
from collections.abc import Iterator

from d2t.diagnostics import Diagnostic, Severity
from d2t.dockerfile import instructions as ins
from d2t.dockerfile.source import Origin
from d2t.plan.build import BuildPlan, ConfigStep, CopyStep, RunStep
from d2t.rules.daemons import starts_daemon
from d2t.rules.effects import commands
from d2t.rules.registry import Context, Where, check, rule

_START = "e2b-dev/infra, phases/finalize: the start command is a process of a running machine"
_SYSTEM = frozenset("/sbin/init /usr/sbin/init /lib/systemd/systemd /usr/lib/systemd/systemd systemd".split())
_ENDS = frozenset("echo true : ls printf printenv env whoami date pwd uname id hostname".split())
_SHOWS = frozenset(["--help", "-h", "--version", "-version", "version", "help"])
_WRAPPERS = frozenset("tini tini-static dumb-init catatonit exec".split())


@rule(
    "D2T325",
    "start-needs-process-1",
    Severity.WARNING,
    source="s6-overlay: `can only run as pid 1`; systemd runs a system only as process 1; " + _START,
    example='FROM debian:12\nCMD ["/lib/systemd/systemd"]',
    whole=True,
)
def start_needs_process_1(command: str, what: str) -> tuple[str, str]:
    """The start command is an init system that works only as process 1. In a sandbox the machine's own init is process 1,
    so this one refuses to start.

    Start the service itself instead: in CMD, or with a comment `# d2t: start=COMMAND`.
    """
    return (
        f"{command} is {what}, which must be process 1: in a sandbox it is not, and will not start",
        "start the services themselves, with # d2t: start=COMMAND or a script in CMD",
    )


@rule(
    "D2T419",
    "start-goes-to-background",
    Severity.WARNING,
    source="Docker: a container ends when its process 1 ends; " + _START,
    example="FROM debian:12\nRUN apt-get update && apt-get install -y openssh-server\nCMD service ssh start",
    whole=True,
)
def start_goes_to_background(command: str) -> tuple[str, str]:
    """The start command starts a daemon and ends at once. In Docker the container ends with it; in a sandbox the daemon keeps
    running.

    Docker's way is to run the daemon in the foreground, and that is right for a sandbox, too.
    """
    return (
        f"`{command}` goes to the background and ends: Docker's container would end, the sandbox goes on",
        "run the daemon in the foreground (nginx -g 'daemon off;', sshd -D, cron -f, apachectl -D FOREGROUND)",
    )


@rule(
    "D2T420",
    "start-ends-at-once",
    Severity.INFO,
    source="Docker: a container ends when its process 1 ends; " + _START,
    example='FROM debian:12\nCMD ["echo", "hello"]',
    whole=True,
)
def start_ends_at_once(command: str) -> tuple[str, str]:
    """The start command does its work and ends, as that of an image for a command-line tool does. A sandbox goes on, with
    nothing running in it.
    """
    return (
        f"`{command}` ends at once: nothing of it runs in the sandbox",
        "say what runs in the sandbox with # d2t: start=COMMAND, or leave CMD out",
    )


@check(start_needs_process_1, BuildPlan)
def init_systems(plan: BuildPlan, context: Context) -> Iterator[Diagnostic]:
    """systemd, and the init of s6-overlay, as the image's command."""
    argv = _argv(plan, context)
    if argv and argv[0] in _SYSTEM:
        yield start_needs_process_1(_where(plan, argv[0]), argv[0], "the system's init")
    elif argv and argv[0] == "/init" and _has_s6(plan):
        yield start_needs_process_1(_where(plan, argv[0]), argv[0], "the init of s6-overlay")


def _has_s6(plan: BuildPlan) -> bool:
    return any("s6-overlay" in step.origin.text for step in plan.steps) or "linuxserver/" in plan.base_name


@check(start_goes_to_background, BuildPlan)
def daemons(plan: BuildPlan, context: Context) -> Iterator[Diagnostic]:
    """A command that is known to go to the background, as the last one that the start command runs."""
    for last in _last_commands(plan, context):
        words = _unwrapped(last)
        if words and _is_daemon(words, plan):
            yield start_goes_to_background(_where(plan, words[0]), " ".join(words)[:60])


@check(start_ends_at_once, BuildPlan)
def short_commands(plan: BuildPlan, context: Context) -> Iterator[Diagnostic]:
    """A command that only prints something."""
    for last in _last_commands(plan, context):
        words = _unwrapped(last)
        if words and (words[0].rsplit("/", 1)[-1] in _ENDS or (len(words) == 2 and words[1] in _SHOWS)):
            yield start_ends_at_once(_where(plan, words[0]), " ".join(words)[:60])


def _argv(plan: BuildPlan, context: Context) -> tuple[str, ...]:
    """What the image runs, as far as the file says it; () where a comment says another start command."""
    if context.hints.text("start"):
        return ()
    return (*(plan.image.entrypoint or ()), *(plan.image.cmd or ()))


def _last_commands(plan: BuildPlan, context: Context) -> Iterator[tuple[str, ...]]:
    """The command with which the start command ends, where that is certain."""
    argv = _argv(plan, context)
    if not argv:
        return
    if not _is_shell(argv):
        yield argv
        return
    if len(argv) != 3 or re.search(r"[\n`]|\$\(|(?<!&)&(?!&)|<<|\b(?:while|for|until|if|case)\b|\|", argv[2]):
        return
    found = commands(argv[2])
    if found and all(command.joined in ("", "&&", ";") for command in found):
        yield found[-1].words


def _is_shell(argv: tuple[str, ...]) -> bool:
    return len(argv) > 1 and argv[0].rsplit("/", 1)[-1] in ("sh", "bash", "ash", "dash") and argv[1] in ("-c", "-lc")


def _unwrapped(argv: tuple[str, ...]) -> tuple[str, ...]:
    """The command without an init that only passes it on."""
    while argv and argv[0].rsplit("/", 1)[-1] in _WRAPPERS:
        argv = argv[1:]
        while argv and argv[0].startswith("-"):
            argv = argv[1:]
    return argv


def _is_daemon(words: tuple[str, ...], plan: BuildPlan) -> bool:
    return starts_daemon(words) and not (words[0].endswith("nginx") and _configures(plan, "nginx", "daemon"))


def _configures(plan: BuildPlan, folder: str, word: str) -> bool:
    """Whether a step may have told the daemon to stay in the foreground."""
    for step in plan.steps:
        if isinstance(step, CopyStep) and (folder in step.dest or step.dest.rstrip("/") in ("", "/etc", ".")):
            return True
        if isinstance(step, RunStep) and any(word in part for part in (*step.argv, step.script)):
            return True
    return False


def _where(plan: BuildPlan, token: str) -> Where:
    """The token in CMD or ENTRYPOINT, whichever has it."""
    origin: Origin | None = None
    for step in reversed(plan.steps):
        if isinstance(step, ConfigStep) and isinstance(step.instruction, ins.Cmd | ins.Entrypoint):
            if token in step.origin.text:
                return step.origin, token
            origin = origin or step.origin
    return origin
