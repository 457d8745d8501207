"""Both start commands, side by side, and what commands that are run later start with."""

from __future__ import annotations

import time
from contextlib import ExitStack
from typing import TYPE_CHECKING

from d2t.local.shell import CommandFailed
from d2t.verify.compare import Control, compare_start
from d2t.verify.docker import Running, has_start, running
from d2t.verify.jobs import Seen
from d2t.verify.sandbox import STAY, Sandbox
from d2t.verify.state import Process, Start

if TYPE_CHECKING:
    from docker import DockerClient

SETTLE_SECONDS = 4.0  # how long two start commands may take to look alike
LOOKS = 10  # without a change, at the least: on a busy machine seconds say little
LONGEST_SECONDS = 30.0
PAUSE_SECONDS = 0.1


def look(
    client: DockerClient, docker_image: str, sandbox: Sandbox, control: Control, seen: Seen, settle: float
) -> None:
    """Run both start commands, and fill `seen`. Of `control` the processes are used."""
    sandbox.start()
    with ExitStack() as stack:
        container = stack.enter_context(running(client, docker_image)) if has_start(client, docker_image) else None
        _settle(container, sandbox, control, seen, settle)
        if container is None or seen.docker_start.process is None:
            container = stack.enter_context(running(client, docker_image, keep=True))
        seen.docker_later = container.later()
    try:
        seen.service_later = sandbox.later()
    except CommandFailed as failure:
        seen.later_error = failure.status


def _settle(container: Running | None, sandbox: Sandbox, control: Control, seen: Seen, patience: float) -> None:
    """Until they look alike twice, both have ended, or neither has changed for as long as patience lasts."""
    longest = time.monotonic() + LONGEST_SECONDS
    alike = unchanged = 0
    last, since = None, 0.0
    while True:
        seen.docker_start = container.look() if container is not None else Start()
        seen.service_start = sandbox.look()
        alike = 0 if any(compare_start(seen.docker_start, seen.service_start, control)) else alike + 1
        over = seen.docker_start.process is None and seen.service_start.process is None
        unchanged += 1
        if (seen.docker_start, seen.service_start) != last:
            last, since, unchanged = (seen.docker_start, seen.service_start), time.monotonic(), 0
        still = unchanged >= LOOKS and time.monotonic() - since > patience
        if alike > 1 or over or still or time.monotonic() > longest:
            return
        time.sleep(PAUSE_SECONDS)


def stayed(sandbox: Sandbox) -> Process | None:
    """The control's start command, once the login shell has become it."""
    end = time.monotonic() + LONGEST_SECONDS
    while time.monotonic() < end:
        process = sandbox.look().process
        if process is not None and process.argv == STAY:
            return process
        time.sleep(PAUSE_SECONDS)
    return None
