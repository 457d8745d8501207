"""EXPOSE's ports, as BuildKit's convert_expose.go reads them: `[ip:]public:private/proto`, ranges included."""

from __future__ import annotations

import ipaddress
import re


class PortError(ValueError):
    """A port that BuildKit refuses, in its words."""


def parse(text: str) -> list[str]:
    """The "port/proto" entries that one word of EXPOSE stands for. Raises PortError."""
    *address, host, container = ["", "", *text.split(":")][-3:] if text.count(":") < 3 else _split_ipv6(text)
    ip = ":".join(part for part in address if part)
    port, _, proto = container.partition("/")
    if not port:
        raise PortError(f'invalid port: "{text}": no port specified')
    if proto.lower() not in ("", "tcp", "udp", "sctp"):
        raise PortError(f'invalid port: "{text}": invalid proto: {proto}')
    if ip:
        try:
            ipaddress.ip_address(ip[1:-1] if ip.startswith("[") else ip)
        except ValueError:
            raise PortError(f"invalid IP address: {ip}") from None
    try:
        start, end = _range(port)
    except ValueError:
        raise PortError(f"invalid containerPort: {port}") from None
    if host:
        try:
            host_start, host_end = _range(host)
        except ValueError:
            raise PortError(f"invalid hostPort: {host}") from None
        if end - start != host_end - host_start and end != start:
            raise PortError(f"invalid ranges specified for container and host Ports: {port} and {host}")
    return [f"{number}/{proto.lower() or 'tcp'}" for number in range(start, end + 1)]


def _split_ipv6(text: str) -> list[str]:
    *address, host, container = text.split(":")
    return [":".join(address), host, container]


def _range(text: str) -> tuple[int, int]:
    start, dash, end = text.partition("-")
    first = _number(start)
    if not dash or start == end:
        return first, first
    last = _number(end)
    if last < first:
        raise ValueError
    return first, last


def _number(text: str) -> int:
    if not re.fullmatch(r"[+-]?[0-9]+", text) or not 0 <= int(text) <= 65535:
        raise ValueError
    return int(text)
