"""The template: what a build service will be told, as data. `lower` makes it; `emit` and `service` read it."""

from dataclasses import dataclass, field
from typing import Any, NamedTuple


class FromImage(NamedTuple):
    """The base is an image that the service pulls. Credentials are never part of a template: see `service`."""

    image: str


class FromTemplate(NamedTuple):
    """The base is a template of the same service."""

    name: str


Base = FromImage | FromTemplate


class RunCmd(NamedTuple):
    """A RUN step: a command for the service's login shell."""

    command: str
    user: str = ""  # run as this user instead of the context's; "" for the context's
    line: int = 0  # the Dockerfile's line, 0 for a step that no line asks for
    why: str = ""  # why the step is not the Dockerfile's own text; emitted as a comment


class SetEnvs(NamedTuple):
    """An ENV step. `envs` keeps its order; values are in the service's own notation."""

    envs: tuple[tuple[str, str], ...]
    line: int = 0
    why: str = ""


class SetWorkdir(NamedTuple):
    """A WORKDIR step."""

    path: str
    line: int = 0
    why: str = ""


class SetUser(NamedTuple):
    """A USER step."""

    user: str
    line: int = 0
    why: str = ""


class Copy(NamedTuple):
    """A COPY step: one source of the build context, unpacked by the service below or at `dest`."""

    src: str  # relative to the context, as the SDK takes it
    dest: str
    user: str = ""  # "name" or "name:group"; "" for the context's user
    mode: int | None = None  # permission bits, e.g. 0o755
    resolve_symlinks: bool = False
    line: int = 0
    why: str = ""


Step = RunCmd | SetEnvs | SetWorkdir | SetUser | Copy


class WaitForPort(NamedTuple):
    port: int


class WaitForUrl(NamedTuple):
    url: str
    status_code: int = 200


class WaitForProcess(NamedTuple):
    name: str


class WaitForFile(NamedTuple):
    path: str


class WaitForTimeout(NamedTuple):
    milliseconds: int  # the SDK's unit; the service sleeps whole seconds, at least one


class ReadyCommand(NamedTuple):
    """A ready command in the service's shell, for what no helper of the SDK says exactly."""

    command: str


Ready = WaitForPort | WaitForUrl | WaitForProcess | WaitForFile | WaitForTimeout | ReadyCommand


@dataclass(frozen=True, slots=True)
class Template:
    """What one provider is told to build."""

    base: Base
    steps: tuple[Step, ...] = ()
    start_cmd: str = ""  # "" for none
    start_why: str = ""
    ready: Ready | None = None
    ready_why: str = ""  # which hint it came from, e.g. "HEALTHCHECK"
    name: str = ""  # from a hint; "" when the user has to say it
    cpu_count: int | None = None
    memory_mb: int | None = None
    provider: str = ""  # the id of the provider that it was made for
    context: str = field(default="", compare=False)  # the build context's folder, for Copy; "" for none

    def to_e2b(self, *, username: str | None = None, password: str | None = None) -> Any:
        """The SDK's builder for this template, in place of `Template().from_dockerfile(…)`; see `service.sdk`."""
        from d2t.service.sdk import to_builder

        return to_builder(self, username=username, password=password)
