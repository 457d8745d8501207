"""The client side of a sandbox service: check, submit, follow. The one place that imports the `e2b` SDK, when called."""

from __future__ import annotations

from d2t.service.checks import check, quota_reached, resources
from d2t.service.connection import Connection, Credentials, Redactor, address, connect, key_warning, without_credentials
from d2t.service.errors import ServiceError, Trouble
from d2t.service.failure import failed_step
from d2t.service.follow import INTERVAL_SECONDS, Log, Reason, Status, Watcher, follow
from d2t.service.submit import Build, requests, submit

__all__ = [
    "INTERVAL_SECONDS",
    "Build",
    "Connection",
    "Credentials",
    "Log",
    "Reason",
    "Redactor",
    "ServiceError",
    "Status",
    "Trouble",
    "Watcher",
    "address",
    "check",
    "connect",
    "failed_step",
    "follow",
    "key_warning",
    "quota_reached",
    "requests",
    "resources",
    "submit",
    "without_credentials",
]
