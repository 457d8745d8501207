"""A base image's config, from the JSON that Docker, skopeo or a registry gives."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from d2t.plan.build import DEFAULT_PATH, Health, ImageConfig


class BaseConfigError(ValueError):
    """The data is no image config; the message says what is wrong with it."""


class BaseNotRead(Exception):
    """What a `bases` callable may raise where it cannot give a base image's config: it is not known then.

    The message says why, in one line. `instead` is a config from a second choice of sources, to be used.
    """

    def __init__(self, message: str, instead: ImageConfig | None = None) -> None:
        super().__init__(message)
        self.instead = instead


class BaseRefused(Exception):
    """What a `bases` callable raises for an image that no build on linux/amd64 can use; the message says why."""


def read_config(data: Any) -> ImageConfig:
    """The config of an image.

    `data` is parsed JSON: an OCI image config (`skopeo inspect --config`), one object of `docker image inspect` or its
    list, or the inner `config` object alone.

    Raises BaseConfigError.
    """
    if isinstance(data, list):
        if len(data) != 1:
            raise BaseConfigError(f"it holds {len(data)} images, one is needed")
        data = data[0]
    if not isinstance(data, Mapping):
        raise BaseConfigError("it is not a JSON object")
    inner = data.get("config", data.get("Config", data))
    if inner is None:
        inner = {}
    if not isinstance(inner, Mapping):
        raise BaseConfigError("`config` is not an object")
    if inner is data and "rootfs" in data:
        inner = {}  # an OCI image config need not have a `config`
    elif inner is data and not _KEYS & set(data):
        raise BaseConfigError("it is no image config: none of Env, Cmd, Entrypoint, … is in it")
    env = {}
    for entry in _strings(inner, "Env") or ():
        name, _, value = entry.partition("=")
        env[name] = value
    return ImageConfig(
        env=env,
        workdir=_string(inner, "WorkingDir"),
        user=_string(inner, "User"),
        cmd=_strings(inner, "Cmd"),
        entrypoint=_strings(inner, "Entrypoint"),
        shell=_strings(inner, "Shell"),
        healthcheck=_health(inner.get("Healthcheck")),
        exposed_ports=_names(inner, "ExposedPorts"),
        volumes=_names(inner, "Volumes"),
        labels=_labels(inner),
        stop_signal=_string(inner, "StopSignal") or None,
        onbuild=_strings(inner, "OnBuild"),
        os=str(data.get("os", data.get("Os", "linux")) or "linux"),
    )


_KEYS = {
    "Env",
    "Cmd",
    "Entrypoint",
    "User",
    "WorkingDir",
    "Shell",
    "Healthcheck",
    "ExposedPorts",
    "Volumes",
    "Labels",
    "StopSignal",
    "OnBuild",
}

SCRATCH = ImageConfig(env={}, workdir="/")  # BuildKit's emptyImage


def with_path(config: ImageConfig) -> dict[str, str]:
    """The config's environment; BuildKit adds PATH where a Linux image has none."""
    env = dict(config.env)
    if config.os != "windows":
        env.setdefault("PATH", DEFAULT_PATH)
    return env


def _string(data: Mapping[str, Any], key: str) -> str:
    value = data.get(key)
    if value is None:
        return ""
    if not isinstance(value, str):
        raise BaseConfigError(f"`{key}` is not a text")
    return value


def _strings(data: Mapping[str, Any], key: str) -> tuple[str, ...] | None:
    value = data.get(key)
    if value is None:
        return None
    if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
        raise BaseConfigError(f"`{key}` is not a list of texts")
    return tuple(value)


def _names(data: Mapping[str, Any], key: str) -> tuple[str, ...] | None:
    value = data.get(key)
    if value is None:
        return None
    if not isinstance(value, Mapping):
        raise BaseConfigError(f"`{key}` is not an object")
    return tuple(sorted(value))


def _labels(data: Mapping[str, Any]) -> dict[str, str] | None:
    value = data.get("Labels")
    if value is None:
        return None
    if not isinstance(value, Mapping):
        raise BaseConfigError("`Labels` is not an object")
    return {str(key): str(text) for key, text in value.items()}


def _health(value: Any) -> Health | None:
    if value is None:
        return None
    if not isinstance(value, Mapping):
        raise BaseConfigError("`Healthcheck` is not an object")
    test = _strings(value, "Test")
    times = {}
    for key in ("Interval", "Timeout", "StartPeriod", "StartInterval", "Retries"):
        number = value.get(key) or 0
        if not isinstance(number, int):
            raise BaseConfigError(f"`Healthcheck.{key}` is not a number")
        times[key] = number
    if not test:
        return None
    return Health(
        test, times["Interval"], times["Timeout"], times["StartPeriod"], times["StartInterval"], times["Retries"]
    )
