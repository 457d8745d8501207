"""Sending a template to a service."""

from __future__ import annotations

import inspect
import os
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from d2t.service.connection import MASK, Connection, Credentials, Redactor, without_credentials
from d2t.service.errors import ServiceError, translated
from d2t.template import Copy, Template


@dataclass(frozen=True, slots=True)
class Build:
    """A build that a service has begun."""

    template_id: str
    build_id: str
    name: str  # as it was asked for
    alias: str  # the name without its tag: what `Sandbox.create(template=…)` takes
    info: Any = field(repr=False, compare=False, default=None)  # the SDK's own object


def submit(
    template: Template,
    *,
    name: str,
    cpu_count: int,
    memory_mb: int,
    connection: Connection,
    registry: Credentials | None = None,
    on_upload: Callable[[str], None] | None = None,
) -> Build:
    """Create the template, upload what its COPY steps need, and start the build. Does not wait for its end.

    `registry` are the credentials for the base image; `on_upload` is told of each file that is sent.
    Raises ServiceError.
    """
    redact = Redactor(secrets(connection, registry))

    def heard(entry: Any) -> None:
        if on_upload and isinstance(entry.message, str) and "upload" in entry.message.lower() and "'" in entry.message:
            on_upload(redact(entry.message))  # the SDK's only message with a file's name

    with translated(connection.title, connection.shown(), redact):
        import e2b

        builder = _builder(template, registry)
        info = e2b.Template.build_in_background(
            builder,
            cpu_count=cpu_count,
            memory_mb=memory_mb,
            on_build_logs=heard,
            **_name(name),
            **sdk_options(connection),
        )
    return Build(info.template_id, info.build_id, name, name.partition(":")[0], info)


def requests(
    template: Template, *, name: str, cpu_count: int, memory_mb: int, username: str = "", url: str
) -> list[dict[str, Any]]:
    """What `submit` would send, without a key: method, URL and body of each request.

    `username` is the registry's; a mask stands for its password. Raises ServiceError when a COPY's source cannot be read.
    """
    import json

    url = without_credentials(url)
    with translated("the service", url, Redactor([])):
        import e2b

        masked = Credentials(username, MASK) if username else None
        body = json.loads(e2b.Template.to_json(_builder(template, masked)))
    key = next(iter(_name(name)))
    start = f"{url}/v2/templates/{{templateID}}/builds/{{buildID}}"
    hashes = dict.fromkeys(step["filesHash"] for step in body["steps"] if step.get("filesHash"))
    return [
        {
            "method": "POST",
            "url": f"{url}/v3/templates",
            "body": {key: name, "cpuCount": cpu_count, "memoryMB": memory_mb},
        },
        *({"method": "GET", "url": f"{url}/templates/{{templateID}}/files/{value}"} for value in hashes),
        {"method": "POST", "url": start, "body": body},
    ]


def sdk_options(connection: Connection) -> dict[str, Any]:
    """How the SDK is told where to send to; otherwise it would look into the environment."""
    return {"api_key": connection.api_key, "api_url": connection.url}


def secrets(connection: Connection, registry: Credentials | None = None) -> tuple[str, ...]:
    """What must not be printed."""
    from urllib.parse import urlsplit

    parts = urlsplit(connection.url)
    return (connection.api_key, parts.password or "", registry.password if registry else "")


def _builder(template: Template, registry: Credentials | None) -> Any:
    from d2t.service.sdk import reads_folders_as_docker, to_builder

    if not reads_folders_as_docker() and any(
        isinstance(step, Copy) and _is_folder(template, step) for step in template.steps
    ):
        raise ServiceError(
            "the installed e2b SDK leaves files out of the folders that COPY names: pip install --upgrade e2b"
        )
    if registry is None:
        return to_builder(template)
    return to_builder(template, username=registry.username, password=registry.password)


def _is_folder(template: Template, step: Copy) -> bool:
    return os.path.isdir(os.path.join(template.context, step.src))


def _name(name: str) -> dict[str, Any]:
    """The name as the installed SDK takes it: versions before 2.11 know `alias` only."""
    import e2b

    takes = inspect.signature(e2b.Template.build_in_background).parameters
    return {"name": name} if "name" in takes else {"alias": name}
