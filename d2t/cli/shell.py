"""`d2t shell`: a sandbox from a local build."""

from __future__ import annotations

import shlex
import sys

import click

from d2t.cli.console import fail, warn


@click.command()
@click.argument("name")
@click.argument("arguments", nargs=-1, metavar="[-- COMMAND]")
def command(name: str, arguments: tuple[str, ...]) -> None:
    """Open a login shell in the newest successful local build of the template NAME.

    With a COMMAND run that instead, and end with its exit code: one word is text for bash, several are a command and
    its arguments. Either way what runs is the template's user in its working directory, with the start command running
    and without the variables of the build: as in a sandbox.
    """
    from d2t.local.attach import STDOUT
    from d2t.local.engine import EngineError, find
    from d2t.local.session import session

    def write(stream: int, data: bytes) -> None:
        target = sys.stdout.buffer if stream == STDOUT else sys.stderr.buffer
        target.write(data)
        target.flush()

    if not arguments and not sys.stdin.isatty():
        fail("standard input is no terminal: give a command, `d2t shell NAME -- COMMAND`")
    try:
        with session(find(), name) as (sandbox, problem):
            if problem:
                warn(problem)
            if arguments:
                code = sandbox.run(arguments[0] if len(arguments) == 1 else shlex.join(arguments), write)
            else:
                code = sandbox.interact()
    except EngineError as error:
        fail(str(error))
    sys.exit(code)
