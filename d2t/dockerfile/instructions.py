"""The 18 instructions of a Dockerfile, typed. Words are as written: nothing is expanded here.

Names and meanings are those of the Dockerfile reference and of BuildKit's `frontend/dockerfile/instructions`.
The many small types are named tuples, which take a seventh of a dataclass's time to define: start-up is felt.
"""

from typing import NamedTuple

from d2t.dockerfile.source import Origin


class Heredoc(NamedTuple):
    """An inline document of RUN, COPY or ADD."""

    name: str
    content: str  # every line with its end, leading tabs still there
    chomp: bool  # `<<-`: leading tabs are cut from every line
    expand: bool  # the name is not quoted: variables in the content of COPY and ADD are expanded


class KeyValue(NamedTuple):
    """One pair of ENV or LABEL."""

    key: str
    value: str
    legacy: bool = False  # `ENV key value`


class ArgPair(NamedTuple):
    """One name of ARG; `default` is None where the file gives none."""

    name: str
    default: str | None


class From(NamedTuple):
    origin: Origin
    image: str
    platform: str = ""
    name: str = ""  # of the stage, lower case; "" for none


class Arg(NamedTuple):
    origin: Origin
    pairs: tuple[ArgPair, ...]


class Env(NamedTuple):
    origin: Origin
    pairs: tuple[KeyValue, ...]


class Label(NamedTuple):
    origin: Origin
    pairs: tuple[KeyValue, ...]


class Run(NamedTuple):
    origin: Origin
    args: tuple[str, ...]  # the exec form's words, or one shell command
    exec_form: bool
    heredocs: tuple[Heredoc, ...] = ()
    mounts: tuple[str, ...] = ()  # the text of every --mount
    network: str = ""  # "" when the flag is not given
    security: str = ""


class Copy(NamedTuple):
    """COPY, and what ADD shares with it."""

    origin: Origin
    sources: tuple[str, ...]
    dest: str
    documents: tuple[Heredoc, ...] = ()  # heredocs among the sources
    from_: str = ""
    chown: str = ""
    chmod: str = ""
    link: bool = False
    parents: bool = False
    excludes: tuple[str, ...] = ()


class Add(NamedTuple):
    origin: Origin
    sources: tuple[str, ...]
    dest: str
    documents: tuple[Heredoc, ...] = ()
    chown: str = ""
    chmod: str = ""
    link: bool = False
    excludes: tuple[str, ...] = ()
    checksum: str = ""
    keep_git_dir: bool | None = None  # None when the flag is not given
    unpack: bool | None = None


class Workdir(NamedTuple):
    origin: Origin
    path: str


class User(NamedTuple):
    origin: Origin
    user: str


class Cmd(NamedTuple):
    origin: Origin
    args: tuple[str, ...]
    exec_form: bool


class Entrypoint(NamedTuple):
    origin: Origin
    args: tuple[str, ...]
    exec_form: bool


class Healthcheck(NamedTuple):
    """`test` is as the image config has it: ("NONE",), ("CMD", …) or ("CMD-SHELL", command). Times in nanoseconds."""

    origin: Origin
    test: tuple[str, ...]
    interval: int = 0
    timeout: int = 0
    start_period: int = 0
    start_interval: int = 0
    retries: int = 0


class Expose(NamedTuple):
    origin: Origin
    ports: tuple[str, ...]


class Volume(NamedTuple):
    origin: Origin
    paths: tuple[str, ...]


class Stopsignal(NamedTuple):
    origin: Origin
    signal: str


class Shell(NamedTuple):
    origin: Origin
    argv: tuple[str, ...]


class Maintainer(NamedTuple):
    origin: Origin
    name: str


class Onbuild(NamedTuple):
    """`expression` is what the image config keeps; `instruction` is the same, typed (None: it cannot be read)."""

    origin: Origin
    expression: str
    instruction: "Instruction | None"


Instruction = (
    From
    | Arg
    | Env
    | Label
    | Run
    | Copy
    | Add
    | Workdir
    | User
    | Cmd
    | Entrypoint
    | Healthcheck
    | Expose
    | Volume
    | Stopsignal
    | Shell
    | Maintainer
    | Onbuild
)


class Dockerfile(NamedTuple):
    """What was read: the instructions in file order, without those that an error names."""

    instructions: tuple[Instruction, ...]
    escape: str  # "\\" or "`"
    comments: tuple[tuple[int, str], ...]  # line and text of every comment outside instructions, `#` included
    syntax: str = ""  # the value of `# syntax=`
