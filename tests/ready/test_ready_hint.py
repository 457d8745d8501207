from __future__ import annotations

import pytest

from d2t.ready import parse_hint
from d2t.template import (
    Ready,
    ReadyCommand,
    WaitForFile,
    WaitForPort,
    WaitForProcess,
    WaitForTimeout,
    WaitForUrl,
)


@pytest.mark.parametrize(
    ("text", "ready"),
    [
        ("port:8080", WaitForPort(8080)),
        (" port: 8080 ", WaitForPort(8080)),
        ("url:http://localhost:8080/health", WaitForUrl("http://localhost:8080/health")),
        ("url:https://localhost?x=1", WaitForUrl("https://localhost?x=1")),
        ("file:/run/my app.pid", WaitForFile("/run/my app.pid")),
        ("process:nginx", WaitForProcess("nginx")),
        ("timeout:20s", WaitForTimeout(20_000)),
        ("timeout:20000", WaitForTimeout(20_000)),
        ("timeout:500ms", WaitForTimeout(500)),
        ("timeout:2m", WaitForTimeout(120_000)),
        ("cmd:curl -fk https://localhost/ | grep ok", ReadyCommand("curl -fk https://localhost/ | grep ok")),
    ],
)
def test_hints(text: str, ready: Ready) -> None:
    assert parse_hint(text) == ready


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "'' is no ready hint: it is one of port:8080, url:"),
        ("8080", "'8080' is no ready hint: it is one of port:8080, url:"),
        ("port:", "'port:' is no ready hint"),
        ("ports:80", "'ports:80' is no ready hint"),
        ("http://localhost/", "'http://localhost/' is no ready hint"),
        ("cmd:a\nb", "'cmd:a\\nb' is no ready hint"),
        ("port:0", "port:0 is no ready hint: behind `port:` stands a number from 1 to 65535"),
        ("port:65536", "a number from 1 to 65535"),
        ("port:٨٠", "a number from 1 to 65535"),
        ("port:80,81", "a number from 1 to 65535"),
        ("url:localhost:8080", "an address that begins with http:// or https://"),
        ("url:http://a b", "without blanks"),
        ("file:ready", "an absolute path"),
        ("process:-f x", "a process's name"),
        ("timeout:0s", "a time such as 20s"),
        ("timeout:1.5s", "a time such as 20s"),
        ("timeout:20", "timeout:20 is 20 milliseconds: say 20s or 20ms"),
    ],
)
def test_refused(text: str, message: str) -> None:
    with pytest.raises(ValueError) as raised:  # noqa: PT011 - the message is compared below
        parse_hint(text)
    assert message in str(raised.value)
