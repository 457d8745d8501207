"""`d2t serve`: the local build service in the foreground."""

from __future__ import annotations

import shlex
import signal
from types import FrameType

import click

from d2t import providers
from d2t.cli.console import fail


@click.command()
@click.option("--host", default="127.0.0.1", show_default=True, help="The address to listen on.")
@click.option(
    "--port", default=0, type=click.IntRange(0, 65535), help="The port to listen on; any free one if left out."
)
@click.option(
    "--provider", default=providers.DEFAULT, show_default=True, help="The service to stand for: an id, or a .toml file."
)
@click.option(
    "--engine",
    type=click.Choice(["auto", "docker", "none"]),
    default="auto",
    show_default=True,
    help="What executes builds; with none they are only checked.",
)
@click.option(
    "--step-timeout", type=click.FloatRange(min=0.1), help="Seconds that a step may take; an hour if left out."
)
def command(host: str, port: int, provider: str, engine: str, step_timeout: float | None) -> None:
    """Run the local build service until Ctrl-C.

    It speaks the E2B protocol: set the variables that it prints, and any E2B SDK builds here.
    """
    from d2t.local.engine import EngineError
    from d2t.local.runner import builder
    from d2t.local.server import ServeError, running

    try:
        chosen = providers.load(provider)
    except providers.ProviderError as error:
        fail(str(error))
    signal.signal(signal.SIGTERM, _interrupt)
    try:
        with running(chosen, builder=builder(engine, step_timeout), host=host, port=port) as server:
            click.echo(f"export E2B_API_URL={shlex.quote(server.url)}")
            click.echo(f"export E2B_API_KEY={shlex.quote(server.api_key)}")
            click.echo(
                f"{chosen.title} on {server.url} ({server.engine}); logs in {server.store.log_directory}", err=True
            )
            click.echo("Press Ctrl-C to end", err=True)
            while True:
                signal.pause()
    except (ServeError, EngineError) as error:
        fail(str(error))
    except KeyboardInterrupt:
        click.echo("ended", err=True)


def _interrupt(number: int, frame: FrameType | None) -> None:
    raise KeyboardInterrupt
