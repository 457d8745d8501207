"""The command line: one module per command, loaded when it is called."""

from __future__ import annotations

import gc
import importlib
import sys

import click

from d2t import __version__

COMMANDS = {
    "build": "d2t.cli.build",
    "emit": "d2t.cli.emit",
    "lint": "d2t.cli.lint",
    "plan": "d2t.cli.plan",
    "rule": "d2t.cli.rule",
    "serve": "d2t.cli.serve",
    "shell": "d2t.cli.shell",
    "verify": "d2t.cli.verify",
}


class LazyGroup(click.Group):
    """Imports a command's module only when that command is asked for, so that start-up stays short."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return sorted(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        module = COMMANDS.get(cmd_name)
        if module is None:
            return None
        command = importlib.import_module(module).command
        gc.freeze()  # modules stay: no collection need look at them
        gc.enable()
        assert isinstance(command, click.Command)
        return command


@click.group(cls=LazyGroup, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="d2t")
def cli() -> None:
    """Turn Dockerfiles into sandbox templates, with nothing dropped silently."""


def main() -> None:
    """The console script. Exit codes: 0 done, 1 the Dockerfile or the build has errors, 2 wrong usage or environment."""
    gc.disable()  # while modules are imported: they leave no garbage, and looking for it takes a tenth of start-up
    sys.exit(cli())
