"""Platforms ("linux/amd64"), as github.com/containerd/platforms reads them."""

from __future__ import annotations

import re
from functools import lru_cache

from d2t.patterns import deferred

_OS = deferred(r"([A-Za-z0-9_-]+)(?:\(([A-Za-z0-9_.%-]*)((?:\+[A-Za-z0-9_.%-]+)*)\))?\Z", re.ASCII)
_PART = deferred(r"[A-Za-z0-9_.-]+\Z", re.ASCII)
_KNOWN_OS = frozenset(
    "aix android darwin dragonfly freebsd hurd illumos ios js linux nacl netbsd openbsd plan9 solaris windows zos".split()
)
_KNOWN_ARCH = frozenset(
    "386 amd64 amd64p32 arm armbe arm64 arm64be ppc64 ppc64le loong64 mips mipsle mips64 mips64le mips64p32 mips64p32le "
    "ppc riscv riscv64 s390 s390x sparc sparc64 wasm".split()
)
DEFAULT = "linux/amd64"


class PlatformError(ValueError):
    """Not a platform, in the library's words."""


@lru_cache(maxsize=64)
def normalize(text: str) -> str:
    """The canonical form of a platform: `linux/x86_64` → `linux/amd64`. Raises PlatformError."""
    parts = text.split("/", 3)
    match = _OS.match(parts[0])
    if match is None:
        raise PlatformError(
            f'"{parts[0]}" is an invalid OS component of "{text}": OSAndVersion specifier component must match '
            f'"^{_OS.pattern[:-2]}$": invalid argument'
        )
    for part in parts[1:]:
        if not _PART.match(part):
            raise PlatformError(
                f'"{part}" is an invalid component of "{text}": platform specifier component must match '
                f'"^{_PART.pattern[:-2]}$": invalid argument'
            )
    os = match[1].lower().replace("macos", "darwin")
    if len(parts) == 1:
        if os in _KNOWN_OS:
            return f"{os}/amd64"
        arch, variant = _arch(parts[0], "")
        if arch in _KNOWN_ARCH:
            return _format("linux", arch, variant)
        raise PlatformError(f'"{text}": unknown operating system or architecture: invalid argument')
    if len(parts) == 2:
        return _format(os, *_arch(parts[1], ""))
    if len(parts) == 3:
        return _format(os, *_arch(parts[1], parts[2]))
    raise PlatformError(f'"{text}": cannot parse platform specifier: invalid argument')


def _format(os: str, arch: str, variant: str) -> str:
    return f"{os}/{arch}/{variant}" if variant and not (arch == "arm" and variant == "v7") else f"{os}/{arch}"


def _arch(arch: str, variant: str) -> tuple[str, str]:
    arch, variant = arch.lower(), variant.lower()
    if arch == "i386":
        return "386", ""
    if arch in ("x86_64", "x86-64", "amd64"):
        return "amd64", "" if variant == "v1" else variant
    if arch in ("aarch64", "arm64"):
        return "arm64", {"8": "", "v8": "", "v8.0": "", "9": "v9", "9.0": "v9", "v9.0": "v9"}.get(variant, variant)
    if arch == "armhf":
        return "arm", "v7"
    if arch == "armel":
        return "arm", "v6"
    if arch == "arm":
        return "arm", {"": "v7", "7": "v7", "5": "v5", "6": "v6", "8": "v8"}.get(variant, variant)
    return arch, variant
