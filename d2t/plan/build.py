"""The plan's types: the steps of the target's own chain in build order, and the image config.

Named tuples, as in `dockerfile.instructions`: start-up is felt.
"""

from collections.abc import Mapping
from types import MappingProxyType
from typing import NamedTuple

from d2t.dockerfile.instructions import Instruction
from d2t.dockerfile.source import Origin

DEFAULT_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"  # BuildKit util/system/path.go
DEFAULT_SHELL = ("/bin/sh", "-c")


class Mount(NamedTuple):
    """One `RUN --mount`, expanded. `target` is absolute."""

    type: str  # bind, cache, tmpfs, secret or ssh
    target: str
    source: str = ""
    from_: str = ""  # a stage or an image; "" for the build context
    id: str = ""
    read_only: bool = False
    env: str = ""  # the variable that a secret is put into; "" when it is a file


class RunStep(NamedTuple):
    """One RUN of the target's chain, as BuildKit would execute it."""

    origin: Origin
    argv: tuple[str, ...]  # ("/bin/sh", "-c", "make") or the exec form
    env: Mapping[str, str]  # ENV and the ARGs in scope
    args: tuple[str, ...]  # the names in `env` that ARG alone gave: gone after the build
    workdir: str  # absolute
    user: str  # "" when the image's default applies
    shell_form: bool
    mounts: tuple[Mount, ...] = ()
    network: str = "unset"  # unset, none or host
    security: str = ""
    script: str = ""  # the content of a heredoc with a shebang, which argv names as a file; "" otherwise
    triggered: bool = False  # by an ONBUILD of the base


class CopySource(NamedTuple):
    """One source of COPY or ADD."""

    kind: str  # context, document, url, git, stage or image
    text: str  # as the Dockerfile says it, expanded
    src: str  # as BuildKit normalises it: "/pkg*.json"
    content: str = ""  # of a document
    from_: str = ""  # the stage or image


class CopyStep(NamedTuple):
    """One COPY or ADD of the target's chain."""

    origin: Origin
    keyword: str  # COPY or ADD
    sources: tuple[CopySource, ...]
    dest: str  # absolute
    owner: str  # as the flag says it, expanded; "" for root
    mode: str  # "0755" or symbolic; "" to keep the source's
    link: bool = False
    parents: bool = False
    excludes: tuple[str, ...] = ()
    checksum: str = ""
    keep_git_dir: bool | None = None
    unpack: bool | None = None
    triggered: bool = False
    relative: bool = False  # the file names a path below the working directory


class EnvStep(NamedTuple):
    """ENV, expanded; symbolic values hold marks (see `dockerfile.expand`)."""

    origin: Origin
    values: tuple[tuple[str, str], ...]


class ArgStep(NamedTuple):
    """ARG, expanded: what the next RUNs see; None for a name without a value."""

    origin: Origin
    values: tuple[tuple[str, str | None], ...]


class WorkdirStep(NamedTuple):
    """WORKDIR: the directory is made if it is missing, for the user of that moment."""

    origin: Origin
    path: str  # absolute
    relative: bool = False  # the file names a path below the folder before


class UserStep(NamedTuple):
    origin: Origin
    user: str


class ConfigStep(NamedTuple):
    """An instruction that only sets the image config. `values` are its expanded words."""

    origin: Origin
    instruction: Instruction
    values: tuple[str, ...] = ()


Step = RunStep | CopyStep | EnvStep | ArgStep | WorkdirStep | UserStep | ConfigStep


class Health(NamedTuple):
    """The healthcheck of an image config. Times in nanoseconds, 0 for Docker's default."""

    test: tuple[str, ...]
    interval: int = 0
    timeout: int = 0
    start_period: int = 0
    start_interval: int = 0
    retries: int = 0


class ImageConfig(NamedTuple):
    """The config of an image, in the terms of the OCI image spec and Docker's additions. None: not set."""

    env: Mapping[str, str] = MappingProxyType({})
    workdir: str = ""
    user: str = ""
    cmd: tuple[str, ...] | None = None
    entrypoint: tuple[str, ...] | None = None
    shell: tuple[str, ...] | None = None
    healthcheck: Health | None = None
    exposed_ports: tuple[str, ...] | None = None
    volumes: tuple[str, ...] | None = None
    labels: Mapping[str, str] | None = None
    stop_signal: str | None = None
    onbuild: tuple[str, ...] | None = None
    os: str = "linux"
    os_id: str = ""  # ID of /etc/os-release, where something told it


class BuildPlan(NamedTuple):
    """What `docker build` would do for one target."""

    target: str  # the stage's name; "" when it has none
    base: str | None  # canonical reference of the chain's base image; None for scratch
    base_name: str  # as FROM says it, expanded
    base_origin: Origin  # the FROM of the chain's first stage
    platform: str  # "linux/amd64", of the chain's base
    base_config: ImageConfig | None  # None: not known
    steps: tuple[Step, ...]
    image: ImageConfig
    stages: int  # how many stages the file has
    assumed: tuple[str, ...] = ()  # variables taken as unset although the base image may define them
