"""Which of an image's platforms is wanted."""

from __future__ import annotations

OWN = "linux/amd64"  # what the services run


def described(os: object, architecture: object, variant: object = "") -> str:
    """A platform as people write it. A part that is not said is the usual one."""
    text = f"{os or 'linux'}/{architecture or 'amd64'}"
    return f"{text}/{variant}" if variant and variant != "v1" else text
