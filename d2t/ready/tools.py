"""Which tools a ready check runs, and which of them an image is known to have or to lack."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

from d2t.patterns import deferred
from d2t.template import Ready, ReadyCommand, WaitForPort, WaitForProcess, WaitForUrl

# What checks run and images often lack: the Debian package that has it.
PACKAGE_OF: Mapping[str, str] = {
    "curl": "curl",
    "ip": "iproute2",
    "jq": "jq",
    "nc": "netcat-openbsd",
    "ncat": "ncat",
    "netstat": "net-tools",
    "pgrep": "procps",
    "pidof": "sysvinit-utils",
    "pkill": "procps",
    "ps": "procps",
    "socat": "socat",
    "ss": "iproute2",
    "telnet": "telnet",
    "wget": "wget",
}
_BROUGHT_BY: Mapping[str, frozenset[str]] = {
    **{package: frozenset({package}) for package in ("curl", "wget", "jq", "socat", "ncat", "telnet", "pidof")},
    **dict.fromkeys(("procps", "procps-ng"), frozenset({"pgrep", "pkill", "ps", "pidof"})),
    **dict.fromkeys(("netcat", "netcat-openbsd", "netcat-traditional", "nc"), frozenset({"nc"})),
    **dict.fromkeys(("nmap-ncat", "nmap"), frozenset({"nc", "ncat"})),
    **dict.fromkeys(("iproute2", "iproute"), frozenset({"ss", "ip"})),
    "net-tools": frozenset({"netstat"}),
    "sysvinit-utils": frozenset({"pidof"}),
    "busybox": frozenset({"nc", "wget", "pgrep", "pkill", "ps", "pidof", "netstat", "ip", "telnet"}),
}
_INSTALLS = deferred(
    r"\b(?:apt-get|apt|aptitude|apk|dnf|microdnf|yum|tdnf|zypper|pacman)\b(?:\s+-\S+)*\s+"
    r"(?:install|add|-S\w*)\b(?P<packages>[^;&|]*)"
)
_BUSYBOX = _BROUGHT_BY["busybox"] - {"telnet"}  # Alpine builds it without
_DEBIAN = frozenset({"pidof"})  # sysvinit-utils is essential
# Docker's official images: https://github.com/docker-library. The full tags of the languages build on buildpack-deps.
_ON_BUILDPACK_DEPS = frozenset({"buildpack-deps", "gcc", "golang", "node", "perl", "python", "ruby", "rust"})


def tools_of(ready: Ready) -> tuple[str, ...]:
    """The tools of `PACKAGE_OF` that a ready check runs."""
    match ready:
        case WaitForPort():
            return ("ss",)
        case WaitForUrl():
            return ("curl",)
        case WaitForProcess():
            return ("pgrep",)
        case ReadyCommand(command):
            return tuple(dict.fromkeys(_NAMES.findall(command)))
    return ()


_NAMES = deferred(  # in the place of a command
    r"(?:^|[;&|('\"`{\n]\s*|\b(?:exec|then|do|if|while|until|timeout\s+\S+)\s+|!\s+)"
    rf"(?:/(?:usr/(?:local/)?)?s?bin/)?({'|'.join(PACKAGE_OF)})(?=[\s;&|)'\"`]|$)"
)


def installed_tools(commands: Iterable[str]) -> frozenset[str]:
    """The tools of `PACKAGE_OF` that the packages bring which RUN commands install by name."""
    found: set[str] = set()
    for command in commands:
        for match in _INSTALLS.finditer(command.replace("\\\n", " ")):
            for word in match["packages"].split():
                found |= _BROUGHT_BY.get(re.split(r"[=@:]", word)[0], frozenset())
    return frozenset(found)


def image_tools(reference: str) -> frozenset[str] | None:
    """The tools of `PACKAGE_OF` in an official base image; None when the image is not known."""
    name, _, tag = reference.partition("@")[0].removeprefix("docker.io/").removeprefix("library/").partition(":")
    if "/" in name:
        return None
    if name in ("alpine", "busybox") or "alpine" in tag:
        return _BUSYBOX
    if name == "ubuntu":
        return _DEBIAN | {"pgrep", "pkill", "ps"}
    if name == "debian" or ("slim" in tag and name in _ON_BUILDPACK_DEPS):
        return _DEBIAN
    if name in _ON_BUILDPACK_DEPS and not re.search(r"windows|nanoserver|onbuild", tag):
        return _DEBIAN | {"curl", "wget", "pgrep", "pkill", "ps"}
    return None
