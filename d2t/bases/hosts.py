"""Hosts: which are this machine, which may be spoken to without TLS, and which belong together."""

from __future__ import annotations

import ipaddress

# "co.uk", "com.cn": what stands before a country's own domain is nobody's
_SHARED = frozenset("co com org net ac edu gov or ne go".split())


def is_local(host: str) -> bool:
    """Whether a host, without its port, is this machine by its name."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False


def belong_together(registry: str, other: str) -> bool:
    """Whether a registry's login may be sent to another host that the registry names for tokens.

    The same host, or one below the same domain: registry-1.docker.io names auth.docker.io, registry.gitlab.com gitlab.com.
    """
    registry, other = registry.lower().rstrip("."), other.lower().rstrip(".")
    if registry == other:
        return True
    if _is_address(registry) or _is_address(other):
        return False
    common = 0
    for mine, its in zip(reversed(registry.split(".")), reversed(other.split(".")), strict=False):
        if mine != its:
            break
        common += 1
    labels = other.split(".")
    return common >= (3 if len(labels) > 1 and len(labels[-1]) == 2 and labels[-2] in _SHARED else 2)


def _is_address(host: str) -> bool:
    try:
        ipaddress.ip_address(host.strip("[]"))
    except ValueError:
        return False
    return True
