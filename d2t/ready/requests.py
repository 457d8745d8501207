"""The options of curl and wget: which leave a request as `wait_for_url` sends it, a GET that follows no redirect."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from d2t.patterns import deferred
from d2t.ready.words import NotUnderstoodError, Word

LOCAL_HOSTS = frozenset({"localhost", "0.0.0.0", "::1", "[::1]", "::", "[::]"})
_URL = deferred(
    r"(?:(?P<scheme>https?)://)?(?P<host>[A-Za-z0-9._-]+|\[[0-9a-fA-F:.]+\])(?::(?P<port>[0-9]{1,5}))?"
    r"(?P<rest>[/?][A-Za-z0-9._~:/?#@!&'()*+,;=%-]*)?"
)
_ANYTHING = ""
_NUMBER = r"[0-9]+(\.[0-9]+)?"
_NOWHERE = r"-|/dev/null"

# An option without a value: None. With one: the pattern that the value must have. `-o` and `--output` are one option.
_CURL: Mapping[str, str | None] = {
    **dict.fromkeys(("-f", "--fail", "--fail-with-body", "-s", "--silent", "-S", "--show-error", "-v", "--verbose")),
    **dict.fromkeys(("-i", "--include", "-N", "--no-buffer", "-#", "--progress-bar", "--no-progress-meter", "-q")),
    **dict.fromkeys(("--fail-early", "--retry-connrefused", "--retry-all-errors")),
    **dict.fromkeys(("-m", "--max-time", "--connect-timeout", "--retry", "--retry-delay", "--retry-max-time"), _NUMBER),
    **dict.fromkeys(("-o", "--output"), _NOWHERE),
    **dict.fromkeys(("-w", "--write-out"), _ANYTHING),
    **dict.fromkeys(("-X", "--request"), "GET"),
}
_CURL_FAIL = frozenset({"-f", "--fail", "--fail-with-body"})
_WGET: Mapping[str, str | None] = {
    **dict.fromkeys(("-q", "--quiet", "-nv", "--no-verbose", "-v", "--verbose", "-S", "--server-response")),
    **dict.fromkeys(("-t", "--tries", "-T", "--timeout"), _NUMBER),
    **dict.fromkeys(("--connect-timeout", "--read-timeout", "--dns-timeout"), _NUMBER),
    **dict.fromkeys(("-O", "--output-document"), _NOWHERE),
}
_SIGNS_IN, _WRITES, _METHOD = "signs in", "writes a file", "sends another method than GET"
_CURL_WHY: Mapping[str, str] = {
    **dict.fromkeys(("-k", "--insecure"), "accepts any certificate"),
    **dict.fromkeys(("-L", "--location"), "follows redirects"),
    **dict.fromkeys(("-I", "--head"), "sends HEAD, and `wait_for_url` sends GET"),
    **dict.fromkeys(("-X", "--request"), _METHOD),
    **dict.fromkeys(("-H", "--header"), "sends a header"),
    **dict.fromkeys(("-u", "--user"), _SIGNS_IN),
    **dict.fromkeys(("-d", "--data", "--data-raw", "--data-binary", "--json"), "sends a body"),
    **dict.fromkeys(("-o", "--output", "-O", "--remote-name"), _WRITES),
    **dict.fromkeys(("--unix-socket", "--abstract-unix-socket"), "asks a socket, not a port"),
}
_WGET_WHY: Mapping[str, str] = {
    "--no-check-certificate": "accepts any certificate",
    "--spider": "sends HEAD, and `wait_for_url` sends GET",
    "--method": _METHOD,
    "--header": "sends a header",
    **dict.fromkeys(("--user", "--password", "--http-user", "--http-password"), _SIGNS_IN),
    **dict.fromkeys(("--post-data", "--post-file", "--body-data", "--body-file"), "sends a body"),
    **dict.fromkeys(("-O", "--output-document"), _WRITES),
}


def curl_url(words: Sequence[Word]) -> str:
    """The URL that `curl` asks for, given the words after its name.

    Raises NotUnderstoodError when `wait_for_url` would not mean the same.
    """
    used, urls = _options("curl", words, _CURL, _CURL_WHY)
    url = _url(urls, "curl")
    if not used & _CURL_FAIL:
        raise NotUnderstoodError("`curl` without `-f` takes any answer, also 404 and 500")
    return url


def wget_url(words: Sequence[Word]) -> str:
    """The URL that `wget` asks for, as in `curl_url`."""
    _, urls = _options("wget", words, _WGET, _WGET_WHY)
    return _url(urls, "wget")


def is_local(host: str) -> bool:
    """Whether a host is always the machine itself."""
    return (
        host.lower() in LOCAL_HOSTS or re.fullmatch(r"127(\.(25[0-5]|2[0-4]\d|1?\d?\d)){3}", host, re.ASCII) is not None
    )


def is_port(text: str) -> bool:
    return re.fullmatch(r"[0-9]{1,5}", text) is not None and 1 <= int(text) <= 65535


def _url(urls: Sequence[Word], tool: str) -> str:
    if len(urls) != 1:
        raise NotUnderstoodError(f"`{tool}` is given {len(urls) or 'no'} URL{'s' if len(urls) > 1 else ''}")
    found = _URL.fullmatch(urls[0].text)
    if found is None or (found["port"] and not is_port(found["port"])):
        raise NotUnderstoodError(f"`{urls[0].text}` is not a plain HTTP URL")
    if urls[0].pattern and not found["scheme"]:  # no file is called http://…, so a pattern with it stays as it is
        raise NotUnderstoodError("it uses a file name pattern")
    if not is_local(found["host"]):
        raise NotUnderstoodError(f"`{found['host']}` is not this machine")
    return urls[0].text if found["scheme"] else f"http://{urls[0].text}"


def _options(
    tool: str, words: Sequence[Word], known: Mapping[str, str | None], why: Mapping[str, str]
) -> tuple[set[str], list[Word]]:
    """The options used, and the other words."""
    used: set[str] = set()
    rest: list[Word] = []
    left = list(words)
    while left:
        word = left.pop(0)
        text = word.text
        if word.status or (word.pattern and text.startswith("-")):
            raise NotUnderstoodError(f"`{tool}` is given `{text}`")
        if not text.startswith("-") or text == "-":
            rest.append(word)
            continue
        for option, inline in _split(tool, text, known, why):
            pattern = known[option]
            if pattern is not None:
                if inline is None and not left:
                    raise NotUnderstoodError(f"`{option}` has no value")
                value = left.pop(0).text if inline is None else inline
                if pattern and not re.fullmatch(pattern, value):
                    raise NotUnderstoodError(f"`{option} {value}` {why.get(option, 'is not a number')}")
            used.add(option)
    return used, rest


def _split(
    tool: str, text: str, known: Mapping[str, str | None], why: Mapping[str, str]
) -> list[tuple[str, str | None]]:
    """The options in one word, each with the value that the same word holds."""

    def refuse(option: str) -> NotUnderstoodError:
        return NotUnderstoodError(f"`{option}` {why.get(option, f'is an option of `{tool}` that no helper has')}")

    if text in known:
        return [(text, None)]
    if text.startswith("--"):
        name, sign, value = text.partition("=")
        if tool == "wget" and sign and known.get(name) is not None:  # curl takes no `=`
            return [(name, value)]
        raise refuse(name)
    found: list[tuple[str, str | None]] = []
    for index, letter in enumerate(text[1:], 2):
        option = f"-{letter}"
        if option not in known:
            raise refuse(option)
        if known[option] is not None:
            return [*found, (option, text[index:] or None)]
        found.append((option, None))
    return found
