"""Image references, as github.com/distribution/reference reads and normalises them."""

from __future__ import annotations

import re

from d2t.patterns import deferred

_DOMAIN_PART = r"(?:[a-zA-Z0-9]|[a-zA-Z0-9][a-zA-Z0-9-]*[a-zA-Z0-9])"
_DOMAIN = rf"(?:{_DOMAIN_PART}(?:\.{_DOMAIN_PART})*|\[(?:[a-fA-F0-9:]+)\])(?::[0-9]+)?"
_PATH_PART = r"[a-z0-9]+(?:(?:[._]|__|[-]+)[a-z0-9]+)*"
_REFERENCE = deferred(
    rf"(?P<name>(?:{_DOMAIN}/)?{_PATH_PART}(?:/{_PATH_PART})*)"
    r"(?::(?P<tag>[\w][\w.-]{0,127}))?"
    r"(?:@(?P<digest>[A-Za-z][A-Za-z0-9]*(?:[-_+.][A-Za-z][A-Za-z0-9]*)*:[0-9a-fA-F]{32,}))?\Z",
    re.ASCII,
)
_DIGEST_LENGTHS = {"sha256": 64, "sha384": 96, "sha512": 128}
_MAX_NAME = 255


class InvalidReference(ValueError):
    """Not a valid image reference, in the library's words."""


def normalize(text: str) -> str:
    """The canonical form: `node:22` → `docker.io/library/node:22`, with `:latest` where there is neither tag nor digest.

    Raises InvalidReference.
    """
    if re.fullmatch(r"[a-f0-9]{64}", text):
        raise InvalidReference(f"invalid repository name ({text}), cannot specify 64-byte hexadecimal strings")
    domain, remainder = _split(text)
    name = re.split("[:@]", remainder, maxsplit=1)[0] if "@" not in remainder else remainder.split("@")[0].split(":")[0]
    if name != name.lower():
        raise InvalidReference(f"invalid reference format: repository name ({name}) must be lowercase")
    match = _REFERENCE.match(f"{domain}/{remainder}")
    if match is None:
        raise InvalidReference("invalid reference format")
    if len(match["name"]) > _MAX_NAME:
        raise InvalidReference(f"repository name must not be more than {_MAX_NAME} characters")
    if digest := match["digest"]:
        algorithm, _, value = digest.partition(":")
        if algorithm not in _DIGEST_LENGTHS:
            raise InvalidReference("unsupported digest algorithm")
        if len(value) != _DIGEST_LENGTHS[algorithm]:
            raise InvalidReference("invalid checksum digest length")
        if value != value.lower():
            raise InvalidReference("invalid checksum digest format")
    reference = match.group()
    return reference if match["tag"] or match["digest"] else f"{reference}:latest"


def _split(text: str) -> tuple[str, str]:
    head, slash, tail = text.partition("/")
    if not slash or not ("." in head or ":" in head or head == "localhost" or head.lower() != head):
        domain, remainder = "docker.io", text
    else:
        domain, remainder = head, tail
    if domain == "index.docker.io":
        domain = "docker.io"
    if domain == "docker.io" and "/" not in remainder:
        remainder = f"library/{remainder}"
    return domain, remainder
