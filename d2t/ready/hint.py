"""`port:8080`, `url:http://localhost/`, …: how a user says what to wait for."""

from __future__ import annotations

from d2t.patterns import deferred
from d2t.template import (
    Ready,
    ReadyCommand,
    WaitForFile,
    WaitForPort,
    WaitForProcess,
    WaitForTimeout,
    WaitForUrl,
)

FORMS = "port:8080, url:http://localhost:8080/, file:/run/app.pid, process:nginx, timeout:20s or cmd:COMMAND"

_URL = deferred(r"https?://[^\s/?#]+([/?#]\S*)?")
_TIME = deferred(r"([0-9]{1,9})(ms|s|m)?")
_MILLISECONDS = {None: 1, "ms": 1, "s": 1000, "m": 60_000}


def parse_hint(text: str) -> Ready:
    """The ready check that a hint names.

    `port:N` a port that something listens on, `url:URL` an address that answers 200, `file:PATH` an absolute path,
    `process:NAME` a pattern for `pgrep`, `timeout:TIME` a time (`20s`, `2m`, `500ms`; a bare number is milliseconds,
    as in the SDK, and at least 1000), `cmd:COMMAND` a command for the service's shell, tried until it exits 0.

    Raises ValueError with one line that says what is allowed.
    """
    from d2t.ready.probes import is_path
    from d2t.ready.requests import is_port

    kind, colon, value = text.strip().partition(":")
    value = value.strip()
    if colon and value and value.isprintable():
        match kind:
            case "port":
                if is_port(value):
                    return WaitForPort(int(value))
                raise _wrong("port", value, "a number from 1 to 65535")
            case "url":
                if _URL.fullmatch(value):
                    return WaitForUrl(value)
                raise _wrong("url", value, "an address that begins with http:// or https://, without blanks")
            case "file":
                if is_path(value):
                    return WaitForFile(value)
                raise _wrong("file", value, "an absolute path")
            case "process":
                if not value.startswith("-"):
                    return WaitForProcess(value)
                raise _wrong("process", value, "a process's name")
            case "timeout":
                return WaitForTimeout(_milliseconds(value))
            case "cmd":
                return ReadyCommand(value)
    raise ValueError(f"{text!r} is no ready hint: it is one of {FORMS}")


def _milliseconds(value: str) -> int:
    found = _TIME.fullmatch(value)
    if found is None or not int(found[1]):
        raise _wrong("timeout", value, "a time such as 20s, 2m, 500ms or 20000 (milliseconds)")
    number, unit = int(found[1]), found[2]
    if unit is None and number < 1000:
        raise ValueError(f"timeout:{value} is {number} milliseconds: say {number}s or {number}ms")
    return number * _MILLISECONDS[unit]


def _wrong(kind: str, value: str, allowed: str) -> ValueError:
    return ValueError(f"{kind}:{value} is no ready hint: behind `{kind}:` stands {allowed}")
