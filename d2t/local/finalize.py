"""The last phase (e2b-dev/infra, phases/finalize): a fresh start of the machine, its user, start and ready command."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass

from d2t.local.channel import Cancelled, Interrupted
from d2t.local.images import Start
from d2t.local.shell import Collector, CommandFailed, Lines, Shell, reading

CONFIGURE_SECONDS = 300.0  # phases/finalize/configure.go

RESTART = """kill -9 -1
mkdir -p /tmp /run
find /tmp /run /dev/shm -xdev -mindepth 1 -delete 2>/dev/null
chmod 1777 /tmp
mkdir -p -m 1777 /run/lock"""

CONFIGURE = """set -euo pipefail
printf 'ENV_ID=%s\\nTEMPLATE_ID=%s\\nBUILD_ID=%s\\n' '{template}' '{template}' '{build}' >/.e2b
if ! id -u user >/dev/null 2>&1; then useradd -m -s /bin/bash user; fi
mkdir -p /home/user
if [ -d /etc/skel ]; then
  (cd /etc/skel && find . -mindepth 1) | while IFS= read -r entry; do
    if [ ! -e "/home/user/$entry" ] && [ ! -L "/home/user/$entry" ]; then cp -a "/etc/skel/$entry" "/home/user/$entry"; fi
  done
fi
for group in sudo wheel; do
  if getent group $group >/dev/null; then usermod -aG $group user; break; fi
done
passwd -d user
if [ -f /etc/sudoers ] && ! grep -q '^user ALL=(ALL:ALL) NOPASSWD: ALL' /etc/sudoers; then
  echo 'user ALL=(ALL:ALL) NOPASSWD: ALL' >>/etc/sudoers
fi
chown -R user:user /home/user
chmod -R 777 /usr/local
mkdir -p /code
chmod -R 777 /code"""


@dataclass(frozen=True, slots=True)
class Limits:
    """Times in seconds."""

    step: float = 3600.0  # e2b-dev/infra, sandboxtools/command.go
    ready: float = 600.0  # e2b-dev/infra, phases/finalize/ready.go
    ready_interval: float = 2.0  # the same
    default_ready: float = 20.0  # the same: how long a start command without a ready command is given


class FinalizeFailed(Exception):
    """The last phase failed."""

    def __init__(self, message: str, cause: CommandFailed | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.cause = cause


def restart(shell: Shell) -> None:
    """What is left after a boot: no process but the first, nothing in /tmp and /run."""
    shell.sandbox.call(RESTART, timeout=CONFIGURE_SECONDS)


def configure(shell: Shell, template: str, build: str, lines: Lines) -> None:
    """The service's own last changes. Raises FinalizeFailed."""
    try:
        shell.run(CONFIGURE.format(template=template, build=build), lines=lines, timeout=CONFIGURE_SECONDS)
    except CommandFailed as failure:
        raise FinalizeFailed(f"configuration script failed: {failure.status}", failure) from None


@dataclass(frozen=True, slots=True)
class Started:
    """A start command that runs in the background."""

    process: str
    reader: threading.Thread
    shell: Shell
    output: Collector

    def failed(self) -> bool:
        """It ended, and not well."""
        return bool(self.shell.sandbox.exit_code(self.process))

    def failure(self) -> CommandFailed:
        """How it ended."""
        self.reader.join(1.0)
        code = self.shell.sandbox.exit_code(self.process)
        return CommandFailed(f"exit status {code}", code, self.output.last())


def begin(shell: Shell, start: Start, lines: Lines) -> Started:
    """Run the start command in the background. Raises FinalizeFailed."""
    context = start.context
    try:
        account, folder = shell.where(context.user, context.workdir)
        env = shell.environment(account, context.env)
        process = shell.start(start.command, account, folder, env, "start.")
    except CommandFailed as failure:
        raise FinalizeFailed(f"start command failed: {failure.status}", failure) from None
    channel = shell.sandbox.read(["/bin/sh", "-c", reading("start.")])
    collected = Collector(lines)
    reader = threading.Thread(target=channel.copy, args=(collected.feed,), daemon=True)
    reader.start()
    return Started(process, reader, shell, collected)


def wait_until_ready(
    shell: Shell,
    start: Start,
    started: Started | None,
    limits: Limits,
    cancelled: threading.Event,
    lines: Lines,
    say: Callable[[str, str], None],
) -> None:
    """Retry the ready command until it succeeds.

    Raises FinalizeFailed when it never does, and as soon as the start command fails.
    """
    ready = start.ready or (f"sleep {limits.default_ready:g}" if started else "sleep 0")
    say("info", f"Waiting for template to be ready: {ready}")
    end = time.monotonic() + limits.ready
    context = start.context
    shell.sandbox.watch(started.failed if started else None)
    try:
        while True:
            try:
                left = max(0.1, end - time.monotonic())
                shell.run(ready, user=context.user, workdir=context.workdir, env=context.env, lines=lines, timeout=left)
                break
            except CommandFailed as failure:
                say("debug", f"Template is not ready: {failure.status}")
                if time.monotonic() + limits.ready_interval >= end:
                    raise FinalizeFailed(f"ready command timed out after {limits.ready:g} s", failure) from None
            if cancelled.wait(limits.ready_interval):
                raise Cancelled
    except Interrupted:
        pass
    finally:
        shell.sandbox.watch(None)
    if started is not None and started.failed():
        cause = started.failure()
        raise FinalizeFailed(f"start command failed: error running start command: {cause.status}", cause)
    say("info", "Template is ready")
