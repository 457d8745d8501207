"""Options that several commands share, and what they say together with the files of settings."""

from __future__ import annotations

import functools
import os
from collections.abc import Callable, Mapping
from dataclasses import replace
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar

import click

from d2t import providers
from d2t.cli import sources
from d2t.config import RESOLVE_BASE

if TYPE_CHECKING:
    from d2t.api import Result
    from d2t.bases import Resolver
    from d2t.bases.credentials import Login
    from d2t.config import Settings
    from d2t.lower.options import Context
    from d2t.plan.build import ImageConfig
    from d2t.template import Template

F = TypeVar("F", bound=Callable[..., Any])


def _build_args(ctx: click.Context, param: click.Parameter, given: tuple[str, ...]) -> dict[str, str]:
    """As `docker build`: `K` alone takes the environment's value, and nothing when there is none."""
    found = {}
    for text in given:
        name, sign, value = text.partition("=")
        if not name:
            raise click.BadParameter(f"{text!r} is neither NAME=VALUE nor NAME", ctx, param)
        if sign:
            found[name] = value
        elif name in os.environ:
            found[name] = os.environ[name]
    return found


def read_base_config(path: str) -> ImageConfig:
    """The base image's config from a file.

    Raises click.UsageError.
    """
    import json

    from d2t.plan.base import BaseConfigError, read_config

    try:
        with open(path, encoding="utf-8-sig") as file:
            return read_config(json.load(file))
    except OSError as error:
        reason = (error.strerror or str(error)).lower()
    except (json.JSONDecodeError, UnicodeDecodeError, RecursionError) as error:
        reason = f"not JSON: {error}"
    except BaseConfigError as error:
        reason = str(error)
    raise click.UsageError(f"the base image's config {path}: {reason}")


def _base_config(ctx: click.Context, param: click.Parameter, path: str | None) -> ImageConfig | None:
    return read_base_config(path) if path is not None else None


def check_ready(ctx: click.Context | None, param: click.Parameter | None, hint: str | None) -> str:
    """A ready hint that can be read.

    Raises click.BadParameter.
    """
    if not hint:
        return ""
    from d2t.ready import parse_hint

    try:
        parse_hint(hint)
    except ValueError as error:
        raise click.BadParameter(str(error), ctx, param) from None
    return hint


def read_compose(path: str, service: str) -> tuple[str, ...] | None:
    """The healthcheck of a compose file's service.

    Raises click.UsageError.
    """
    from d2t.compose import healthcheck

    try:
        with open(path, encoding="utf-8-sig") as file:
            return healthcheck(file.read(), service)
    except OSError as error:
        reason = (error.strerror or str(error)).lower()
    except UnicodeDecodeError:
        reason = "not UTF-8"
    except ValueError as error:
        reason = str(error)
    raise click.UsageError(f"the compose file {path}: {reason}")


dockerfile_argument = click.argument("dockerfile", required=False, metavar="[DOCKERFILE]")
build_arg_option = click.option(
    "--build-arg",
    "build_args",
    multiple=True,
    metavar="NAME[=VALUE]",
    callback=_build_args,
    help="Set a build-time variable; NAME alone takes its value from the environment.",
)
target_option = click.option(
    "--target", default="", metavar="STAGE", help="The stage to build; the last one if not given."
)
base_config_option = click.option(
    "--base-config",
    metavar="FILE",
    callback=_base_config,
    help="The base image's config: JSON of `docker image inspect`, of `skopeo inspect --config`, or an OCI image config.",
)
resolve_base_option = click.option(
    "--resolve-base",
    type=click.Choice(RESOLVE_BASE),
    help="Read the configs of base images from the local Docker or Podman engine, from their registries (with Docker's "
    "credentials), or from either.  [default: never; for build and verify: auto]",
)
provider_option = click.option(
    "--provider",
    default="",
    metavar="NAME|FILE",
    help=f"The sandbox service: {', '.join(providers.names())}, or the path of a .toml file.  [default: {providers.DEFAULT}]",
)

_TRANSLATION = (
    provider_option,
    build_arg_option,
    target_option,
    base_config_option,
    resolve_base_option,
    click.option("--from-template", default="", metavar="NAME", help="Build on this template instead of FROM's image."),
    click.option(
        "--ready",
        default="",
        metavar="HINT",
        callback=check_ready,
        help="When the sandbox is ready: port:8080, url:URL, file:PATH, process:NAME, timeout:MS or cmd:COMMAND.",
    ),
    click.option("--compose", metavar="FILE", help="Take the healthcheck of a compose file as a hint for readiness."),
    click.option(
        "--service", default="", metavar="NAME", help="The compose file's service; needed when it has several."
    ),
    click.option(
        "--allow",
        multiple=True,
        type=click.Choice(["expose", "volume"]),
        help="Leave out EXPOSE or VOLUME with a warning where the provider has no counterpart.",
    ),
    click.option(
        "--user", default="", metavar="NAME", help="The user of the finished sandbox, instead of the image's."
    ),
    click.option(
        "--workdir", default="", metavar="PATH", help="The folder of the finished sandbox, instead of the image's."
    ),
    click.option(
        "--persist-env/--no-persist-env",
        default=None,
        help="Keep ENV for commands that are run later in the sandbox.  [default: keep]",
    ),
    click.option(
        "--context", default="", metavar="DIR", help="The build context.  [default: the folder of the Dockerfile]"
    ),
)


class Translation(NamedTuple):
    """What the options of a translating command say; empty or None where an option is not given."""

    provider: str = ""
    build_args: Mapping[str, str] = MappingProxyType({})
    target: str = ""
    base_config: ImageConfig | None = None
    resolve_base: str | None = None
    from_template: str = ""
    ready: str = ""
    compose_test: tuple[str, ...] | None = None
    allow: tuple[str, ...] = ()
    user: str = ""
    workdir: str = ""
    persist_env: bool | None = None
    context: str = ""  # a folder
    start: str = ""  # only files of settings say it, and the next
    default_ready: str = ""
    bases: Resolver | None = None  # see `resolving`

    def over(self, settings: Settings) -> Translation:
        """With what a file of settings says where no option was given.

        Raises click.UsageError for a value that no option would take.
        """
        for name in settings.allow:
            if name not in ("expose", "volume"):
                raise click.UsageError(f"{settings.file}: `allow` takes expose and volume, not {name}")
        default_ready = ""
        if settings.ready and self.compose_test is None:
            try:
                default_ready = check_ready(None, None, settings.ready)
            except click.BadParameter as error:
                raise click.UsageError(f"{settings.file}: `ready`: {error.message}") from None
        base_config = self.base_config
        if base_config is None and settings.base_config:
            base_config = read_base_config(settings.base_config)
        return self._replace(
            provider=self.provider or settings.provider,
            build_args={**settings.build_args, **self.build_args},
            target=self.target or settings.target,
            base_config=base_config,
            resolve_base=self.resolve_base or settings.resolve_base or None,
            from_template=self.from_template or settings.from_template,
            default_ready=default_ready,
            allow=self.allow or settings.allow,
            user=self.user or settings.user,
            workdir=self.workdir or settings.workdir,
            persist_env=settings.persist_env if self.persist_env is None else self.persist_env,
            start=self.start or settings.start,
        )

    def resolving(
        self, default: str, *, engine_first: bool = True, login: tuple[str, Login] | None = None
    ) -> Translation:
        """With someone to ask for the configs of base images, as `resolve_base` or else `default` says.

        The base is not asked for where a template takes its place, unless that was wished for. See `bases.Resolver`.
        """
        mode = self.resolve_base or ("never" if self.from_template else default)
        return self._replace(bases=resolver(mode, engine_first=engine_first, login=login))

    def service(self) -> providers.Provider:
        """The provider's facts.

        Raises click.UsageError.
        """
        try:
            return providers.load(self.provider or providers.DEFAULT)
        except providers.ProviderError as error:
            raise click.UsageError(str(error)) from None

    def transpile(self, source: sources.Source) -> Result:
        """Translate one Dockerfile.

        Raises click.UsageError and BaseNotFound.
        """
        from d2t import api

        if self.bases is not None and self.base_config is None:
            self.bases.prefetch(api.base_images(source.text, build_args=self.build_args, target=self.target))
        more: dict[str, Any] = {"start": self.start} if self.start else {}
        if self.service()["instructions.copy"]:
            more["context"] = lambda: _context(self.context or source.folder, source.path)
        return api.transpile(
            source.text,
            provider=self.provider or providers.DEFAULT,
            build_args=self.build_args,
            target=self.target,
            base_config=self.base_config,
            bases=asking(self.bases),
            ready=self.ready,
            default_ready=self.default_ready,
            compose_test=self.compose_test,
            allow=self.allow,
            user=self.user,
            workdir=self.workdir,
            from_template=self.from_template,
            persist_env=self.persist_env is not False,
            **more,
        )


class BaseNotFound(click.ClickException):
    """A base image's config cannot be had from where the user said: the environment's fault."""

    exit_code = 2

    def show(self, file: object = None) -> None:
        from d2t.cli import console

        console.error(self.message)


def resolver(mode: str, *, engine_first: bool = True, login: tuple[str, Login] | None = None) -> Resolver | None:
    """Whom to ask for the configs of base images, until the command ends; None when nobody is to be asked."""
    if mode == "never":
        return None
    from d2t.bases import Resolver

    made = Resolver(mode, engine_first=engine_first, login=login)
    if (context := click.get_current_context(silent=True)) is not None:
        context.call_on_close(made.close)
    return made


def asking(resolver: Resolver | None) -> Callable[[str], ImageConfig | None] | None:
    """What the API takes as `bases`. It raises BaseNotFound."""
    if resolver is None:
        return None
    from d2t.bases import ResolveError

    def ask(reference: str) -> ImageConfig | None:
        try:
            return resolver(reference)
        except ResolveError as error:
            raise BaseNotFound(str(error)) from None

    return ask


def _context(folder: str, dockerfile: str) -> Context:
    from d2t.context import ContextError, scan

    try:
        return scan(folder, dockerfile)
    except ContextError as error:
        raise click.UsageError(str(error)) from None


def translation_options(command: F) -> F:
    """The options of every command that translates; they come as one `translation: Translation`."""
    names = [name for name in Translation._fields if name not in ("compose_test", "start", "default_ready", "bases")]

    @functools.wraps(command)
    def wrapper(*args: Any, compose: str | None, service: str, **kwargs: Any) -> Any:
        if service and compose is None:
            raise click.UsageError("--service is the service of a --compose file: name that too")
        given = {name: kwargs.pop(name) for name in names}
        test = read_compose(compose, service) if compose is not None else None
        return command(*args, translation=Translation(**given, compose_test=test), **kwargs)

    for option in reversed(_TRANSLATION):
        wrapper = option(wrapper)
    return wrapper  # type: ignore[return-value]


_NAMING = (
    click.option("--name", default="", metavar="NAME", help="The template's name, with an optional :tag."),
    click.option("--cpu", type=click.IntRange(min=1), metavar="N", help="CPUs of a sandbox."),
    click.option("--memory", type=click.IntRange(min=1), metavar="MIB", help="Memory of a sandbox in MiB."),
)


def naming_options(command: F) -> F:
    """`--name`, `--cpu` and `--memory`, as `name`, `cpu` and `memory`."""
    for option in reversed(_NAMING):
        command = option(command)
    return command


def named(template: Template, settings: Settings, name: str, cpu: int | None, memory: int | None) -> Template:
    """The template with its name and resources: the options', else the Dockerfile's comments', else the settings'."""
    return replace(
        template,
        name=name or template.name or settings.name,
        cpu_count=cpu or template.cpu_count or settings.cpu,
        memory_mb=memory or template.memory_mb or settings.memory,
    )
