"""What a stage has said so far: the state that the next instruction meets."""

from __future__ import annotations

from collections.abc import Mapping

from d2t.dockerfile.expand import Env
from d2t.plan import paths
from d2t.plan.base import with_path
from d2t.plan.build import DEFAULT_PATH, DEFAULT_SHELL, ImageConfig

WINDOWS_SHELL = ("cmd", "/S", "/C")


class Scope:
    """A stage while it is planned: variables as RUN sees them, and the image config as it grows."""

    def __init__(self, config: ImageConfig | None) -> None:
        """Start from a base image's config; None: it is not known."""
        known = config or ImageConfig()
        self.os = known.os
        self.image_env: dict[str, str] = with_path(known) if config else {}
        self.env = Env(self.image_env, open=config is None)
        self.image_workdir = ""
        self.workdir = "/"
        self.user = known.user
        self.cmd = known.cmd
        self.entrypoint = known.entrypoint
        self.shell = known.shell
        self.health = known.healthcheck
        self.ports = set(known.exposed_ports or ())
        self.volumes = set(known.volumes or ())
        self.labels = dict(known.labels or {})
        self.stop_signal = known.stop_signal
        self.onbuild: list[str] = []
        self.cmd_set = False
        self._seen: tuple[Mapping[str, str], tuple[str, ...]] | None = None
        if known.workdir:
            self.set_workdir(known.workdir)

    def child(self) -> Scope:
        """The scope in which a stage that builds on this one begins."""
        other = object.__new__(Scope)
        other.__dict__.update(self.__dict__)
        other.env = self.env.copy()
        other.image_env = dict(self.image_env)
        other.ports, other.volumes, other.labels = set(self.ports), set(self.volumes), dict(self.labels)
        other.onbuild, other.cmd_set, other._seen = [], False, None
        if not other.env.open and other.os != "windows":
            other.image_env.setdefault("PATH", DEFAULT_PATH)
        other.env.values.update(other.image_env)
        return other

    def set_env(self, name: str, value: str) -> None:
        self.env.values[name] = value
        self.image_env[name] = value
        self._seen = None

    def set_arg(self, name: str, value: str) -> None:
        self.env.values[name] = value
        self._seen = None

    def seen_by_run(self) -> tuple[Mapping[str, str], tuple[str, ...]]:
        """The environment of a RUN now, and the names in it that do not outlive the build. Shared until it changes."""
        if self._seen is None:
            values = dict(self.env.values)
            args = tuple(name for name, value in values.items() if self.image_env.get(name) != value)
            self._seen = (values, args)
        return self._seen

    def set_workdir(self, path: str) -> None:
        self.image_workdir = paths.workdir(self.image_workdir, path)
        self.workdir = self.image_workdir

    def with_shell(self, command: str) -> tuple[str, ...]:
        shell = self.shell or (WINDOWS_SHELL if self.os == "windows" else DEFAULT_SHELL)
        return (*shell, command)

    def image(self) -> ImageConfig:
        return ImageConfig(
            env=dict(self.image_env),
            workdir=self.image_workdir,
            user=self.user,
            cmd=self.cmd,
            entrypoint=self.entrypoint,
            shell=self.shell,
            healthcheck=self.health,
            exposed_ports=tuple(sorted(self.ports)) or None,
            volumes=tuple(sorted(self.volumes)) or None,
            labels=self.labels or None,
            stop_signal=self.stop_signal,
            onbuild=tuple(self.onbuild) or None,
            os=self.os,
        )
