"""Sending a template and following its build, from the command line."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, NoReturn

import click

from d2t import service
from d2t.cli import console
from d2t.cli.outcome import Outcome
from d2t.cli.progress import Progress, progress
from d2t.template import Template

if TYPE_CHECKING:
    from d2t.local.server import Server
    from d2t.plan.build import BuildPlan

INTERRUPTED = 130  # 128 + SIGINT, as shells have it
_LOCAL_INTERVAL_SECONDS = 0.1


@dataclass(frozen=True, slots=True)
class Submission:
    """A template on its way. Both methods end the program."""

    template: Template
    plan: BuildPlan | None
    registry: service.Credentials | None
    outcome: Outcome

    def to_provider(self, detach: bool) -> NoReturn:
        """Send it to the provider, and wait for the end unless `detach`."""
        outcome = self.outcome
        try:
            connection = service.connect(outcome.provider, os.environ)
        except service.ServiceError as error:
            outcome.stop(str(error))
        if warning := service.key_warning(outcome.provider, connection):
            console.warn(warning)
        try:
            with progress() as shown:
                build = self._submit(connection, shown)
                if not detach:
                    self._follow(build, connection, shown, logs=outcome.provider["api.build_logs"])
        except service.ServiceError as error:
            self._lost(error, connection)
        except KeyboardInterrupt:
            if outcome.build is None:
                outcome.stop("interrupted while sending: the build may not have begun", INTERRUPTED)
            console.note(_goes_on(outcome.build, connection))
            outcome.stop("interrupted", INTERRUPTED)
        if detach:
            console.note(_goes_on(build, connection))
        self._end()

    def to_local(self, engine: str, step_timeout: float | None) -> NoReturn:
        """Build it with the project's own service, which lasts as long as the build."""
        from d2t.local.builder import Validator
        from d2t.local.engine import EngineError
        from d2t.local.runner import builder
        from d2t.local.server import ServeError, running

        outcome = self.outcome
        last = ""
        try:
            chosen = builder(engine, step_timeout)
            outcome.executed = not isinstance(chosen, Validator)
            with running(outcome.provider, builder=chosen) as server, progress() as shown:
                shown.note(f"building locally ({server.engine})")
                connection = service.Connection(server.api_key, server.url, "the local service")
                build = self._submit(connection, shown)
                log = _LocalLog(server, build, shown)
                if outcome.provider["api.build_logs"]:
                    self._follow(build, connection, shown, logs=True, interval=_LOCAL_INTERVAL_SECONDS)
                else:
                    interval = _LOCAL_INTERVAL_SECONDS
                    self._follow(build, connection, log, logs=False, interval=interval, sleep=log.sleep)
                last = log.last()
                if outcome.status == "error" and (file := server.log_file(build.build_id)):
                    console.note(f"the log: {file}")
        except (ServeError, EngineError) as error:
            outcome.stop(str(error))
        except service.ServiceError as error:
            self._lost(error, None)
        except KeyboardInterrupt:
            outcome.stop("interrupted: the local build was cancelled", INTERRUPTED)
        self._end("" if outcome.executed else last)

    def _submit(self, connection: service.Connection, shown: Progress) -> service.Build:
        cpu, memory = service.resources(self.template, self.outcome.provider)
        build = service.submit(
            self.template,
            name=self.template.name,
            cpu_count=cpu,
            memory_mb=memory,
            connection=connection,
            registry=self.registry,
            on_upload=shown.note,
        )
        self.outcome.build = build
        self.outcome.status = "waiting"
        return build

    def _follow(
        self,
        build: service.Build,
        connection: service.Connection,
        shown: service.Watcher,
        *,
        logs: bool,
        interval: float = service.INTERVAL_SECONDS,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        found = service.follow(build, connection, shown, logs=logs, interval=interval, sleep=sleep)
        self.outcome.status = found.state
        if found.state != "ready":
            self._failed(found.reason)

    def _failed(self, reason: service.Reason | None) -> None:
        failure = service.failed_step(self.template, self.plan, reason, self.outcome.provider)
        self.outcome.diagnostics.append(failure)
        self.outcome.reason = {
            "message": reason.message if reason else None,
            "step": (reason.step or None) if reason else None,
            "line": failure.line,
        }

    def _lost(self, error: service.ServiceError, connection: service.Connection | None) -> NoReturn:
        """The service refused, or went away."""
        outcome = self.outcome
        if error.trouble is service.Trouble.QUOTA and outcome.build is None:
            outcome.error = str(error)
            outcome.add(service.quota_reached(outcome.provider, error.said))
            outcome.end(2)
        if outcome.build is not None and connection is not None:
            console.note(_goes_on(outcome.build, connection))
        outcome.stop(str(error))

    def _end(self, last: str = "") -> NoReturn:
        """The result, and `last` as the last line."""
        outcome = self.outcome
        build = outcome.build
        assert build is not None
        failed = outcome.status == "error"
        if failed:
            console.show([outcome.report((outcome.diagnostics[-1],))])
        if not outcome.as_json:
            click.echo(f"template  {build.template_id}\nbuild     {build.build_id}\nalias     {build.alias}")
        if last:
            console.note(last)
        outcome.end(1 if failed else 0)


class _LocalLog:
    """A watcher that adds the local service's own log, for providers that give none through their API."""

    def __init__(self, server: Server, build: service.Build, shown: Progress) -> None:
        self._server = server
        self._build = build
        self._shown = shown
        self._count = 0

    def state(self, state: str) -> None:
        self._show()
        self._shown.state(state)

    def log(self, entry: service.Log) -> None:
        self._shown.log(entry)

    def trouble(self, message: str) -> None:
        self._shown.trouble(message)

    def sleep(self, seconds: float) -> None:
        """Show what is new, and wait."""
        self._show()
        time.sleep(seconds)

    def last(self) -> str:
        """The last line of the log."""
        entries = self._server.log(self._build.build_id)
        return entries[-1].message if entries else ""

    def _show(self) -> None:
        entries = self._server.log(self._build.build_id)
        for entry in entries[self._count :]:
            self._shown.log(service.Log(entry.level, entry.message))
        self._count = len(entries)


def _goes_on(build: service.Build, connection: service.Connection) -> str:
    """How to look at a build that is not followed."""
    url = f"{connection.shown()}/templates/{build.template_id}/builds/{build.build_id}/status"
    return f'the build goes on at {connection.title}; to look: curl -H "X-API-Key: $E2B_API_KEY" {url}'
