"""What is known of well-known base images without their config. Source: github.com/docker-library and the distributions."""

from __future__ import annotations

from d2t.plan.reference import InvalidReference, normalize

# the PATH of the image is what a login shell of root sets
_DISTRIBUTIONS = frozenset(
    "debian ubuntu alpine fedora archlinux almalinux rockylinux centos buildpack-deps kalilinux/kali-rolling".split()
)
# no ENTRYPOINT, and a CMD that only waits for input
_IDLE = _DISTRIBUTIONS | frozenset(
    "python golang rust ruby gcc perl elixir erlang swift pypy julia r-base haskell openjdk amazoncorretto "
    "continuumio/miniconda3 continuumio/anaconda3".split()
)
# no WORKDIR
_AT_ROOT = _DISTRIBUTIONS | frozenset(
    "python rust ruby gcc node erlang elixir openjdk eclipse-temurin nginx postgres swift julia amazoncorretto".split()
)


def has_login_path(image: str) -> bool:
    """Whether the image's PATH is the one that a login shell of root has."""
    return _name(image) in _DISTRIBUTIONS


def starts_nothing(image: str) -> bool:
    """Whether the image is known to have no ENTRYPOINT, and no CMD but a shell or an interpreter."""
    return _name(image) in _IDLE


def begins_at_root(image: str) -> bool:
    """Whether the image's working directory is known to be `/`."""
    return _name(image) in _AT_ROOT


def _name(image: str) -> str:
    try:
        reference = normalize(image)
    except InvalidReference:
        return ""
    name = reference.partition("@")[0]
    head, _, tag = name.rpartition(":")
    name = name if "/" in tag or not head else head
    return name.removeprefix("docker.io/").removeprefix("library/")
