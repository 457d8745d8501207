"""Parsed nodes to typed instructions, as BuildKit's `instructions` package makes and refuses them."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping

from d2t.dockerfile import instructions as ins
from d2t.dockerfile.durations import duration
from d2t.dockerfile.port import Node, SyntaxProblem, inner, is_heredoc, parse_heredoc
from d2t.dockerfile.source import Origin
from d2t.patterns import deferred

NAMES = (
    "ADD ARG CMD COPY ENTRYPOINT ENV EXPOSE FROM HEALTHCHECK LABEL MAINTAINER ONBUILD RUN SHELL STOPSIGNAL USER VOLUME "
    "WORKDIR"
).split()

_STAGE_NAME = deferred(r"[a-z][a-z0-9-_.]*\Z")
_ONBUILD = deferred(r"(?i)^\s*ONBUILD\s*")


class Malformed(ValueError):
    """An instruction that BuildKit refuses, in its words; `token` is what to point to."""

    def __init__(self, message: str, token: str = "", help: str = "") -> None:
        super().__init__(message)
        self.token = token
        self.help = help


def typed(node: Node, origin: Origin, escape: str) -> ins.Instruction:
    """The instruction that a node is. Raises Malformed."""
    return _MAKERS[node.name](node, origin, escape)


# flags

_BOOL, _STRING, _STRINGS = "bool", "string", "strings"

FLAGS: Mapping[str, Mapping[str, str]] = {
    "FROM": {"platform": _STRING},
    "RUN": {"mount": _STRINGS, "network": _STRING, "security": _STRING},
    "COPY": {
        "chown": _STRING,
        "from": _STRING,
        "chmod": _STRING,
        "link": _BOOL,
        "exclude": _STRINGS,
        "parents": _BOOL,
    },
    "ADD": {
        "chown": _STRING,
        "chmod": _STRING,
        "link": _BOOL,
        "keep-git-dir": _BOOL,
        "checksum": _STRING,
        "unpack": _BOOL,
        "exclude": _STRINGS,
    },
    "HEALTHCHECK": {
        "interval": _STRING,
        "timeout": _STRING,
        "start-period": _STRING,
        "start-interval": _STRING,
        "retries": _STRING,
    },
}


class _Flags:
    """The flags of one instruction, checked as BuildKit's `BFlags` does."""

    __slots__ = ("values",)

    def __init__(self, node: Node) -> None:
        self.values: dict[str, list[str]] = {}
        if not node.flags:
            return
        known = FLAGS.get(node.name, {})
        for flag in node.flags:
            head, equals, value = flag.partition("=")
            name = head[2:]
            kind = known.get(name)
            if kind is None:
                raise Malformed(f"unknown flag: {head}", head, _suggestion(name, known, "--"))
            if name in self.values and kind != _STRINGS:
                raise Malformed(f"duplicate flag specified: {head}", head)
            if kind == _BOOL:
                if equals and not value:
                    raise Malformed(f"missing a value on flag: {head}", head)
                if value.lower() not in ("true", "", "false"):
                    raise Malformed(f"expecting boolean value for flag {head}, not: {value}", head)
                value = "false" if value.lower() == "false" else "true"
            elif not equals:
                raise Malformed(f"missing a value on flag: {head}", head)
            self.values.setdefault(name, []).append(value)

    def text(self, name: str) -> str:
        return self.values.get(name, [""])[0]

    def all(self, name: str) -> tuple[str, ...]:
        return tuple(self.values.get(name, ()))

    def switch(self, name: str) -> bool | None:
        """None when the flag is not given."""
        return None if name not in self.values else self.values[name][0] == "true"


def _suggestion(word: str, known: Mapping[str, str] | list[str], prefix: str = "") -> str:
    from difflib import get_close_matches

    close = get_close_matches(word, list(known), n=1, cutoff=0.6)
    return f"did you mean {prefix}{close[0]}?" if close else ""


def unknown(name: str) -> Malformed:
    """The error for an instruction that does not exist."""
    return Malformed(f"unknown instruction: {name}", "", _suggestion(name.upper(), NAMES))


# instructions


def _from(node: Node, origin: Origin, escape: str) -> ins.From:
    args, name = node.args, ""
    if len(args) == 3 and args[1].lower() == "as":
        name = args[2].lower()
        if not _STAGE_NAME.match(name):
            message = f'invalid name for build stage: "{args[2]}", name can\'t start with a number or contain symbols'
            raise Malformed(message, args[2])
    elif len(args) != 1:
        raise Malformed("FROM requires either one or three arguments")
    flags = _Flags(node)
    return ins.From(origin, args[0], flags.text("platform"), name)


def _arg(node: Node, origin: Origin, escape: str) -> ins.Arg:
    if not node.args:
        raise Malformed("ARG requires at least one argument")
    pairs = []
    for arg in node.args:
        name, equals, value = arg.partition("=")
        if equals and not name:
            raise Malformed("ARG names can not be blank", arg)
        pairs.append(ins.ArgPair(name, value if equals else None))
    return ins.Arg(origin, tuple(pairs))


def _pairs(node: Node) -> tuple[ins.KeyValue, ...]:
    _Flags(node)
    args = node.args
    if not args:
        raise Malformed(f"{node.name} requires at least one argument")
    if not all(args[::3]):
        raise Malformed(f"{node.name} names can not be blank")
    return tuple(ins.KeyValue(args[i], args[i + 1], args[i + 2] == "") for i in range(0, len(args), 3))


def _env(node: Node, origin: Origin, escape: str) -> ins.Env:
    return ins.Env(origin, _pairs(node))


def _label(node: Node, origin: Origin, escape: str) -> ins.Label:
    return ins.Label(origin, _pairs(node))


def _heredocs(node: Node) -> tuple[ins.Heredoc, ...]:
    return tuple(ins.Heredoc(doc.name, doc.content, doc.chomp, doc.expand) for doc in node.heredocs)


def _run(node: Node, origin: Origin, escape: str) -> ins.Run:
    if not node.flags:
        return ins.Run(origin, tuple(node.args), node.json, _heredocs(node) if node.heredocs else ())
    flags = _Flags(node)
    for mount in flags.all("mount"):
        for field in mount.split(","):
            key, _, value = field.partition("=")
            if key.lower() == "from" and "$" in value[:-1]:
                raise Malformed("'from' doesn't support variable expansion, define alias stage instead", value)
    network, security = flags.text("network"), flags.text("security")
    if "network" in flags.values and network not in ("default", "none", "host"):
        raise Malformed(f'invalid network mode "{network}"', "--network")
    if "security" in flags.values and security not in ("insecure", "sandbox"):
        raise Malformed(f'security "{security}" is not valid', "--security")
    return ins.Run(origin, tuple(node.args), node.json, _heredocs(node), flags.all("mount"), network, security)


def _sources(node: Node) -> tuple[tuple[str, ...], str, tuple[ins.Heredoc, ...]]:
    if len(node.args) < 2:
        raise Malformed(
            f"{node.name} requires at least two arguments, but only one was provided. Destination could not be determined"
        )
    *words, dest = node.args
    if not node.heredocs:
        if "<<" in dest and is_heredoc(dest):
            raise Malformed(f"{node.name} cannot accept a heredoc as a destination", dest)
        if not any("<<" in word for word in words):
            return tuple(words), dest, ()
    if is_heredoc(dest):
        raise Malformed(f"{node.name} cannot accept a heredoc as a destination", dest)
    contents = {doc.name: doc.content for doc in node.heredocs}
    paths, documents = [], []
    for word in words:
        doc = _heredoc(word)
        if doc is None:
            paths.append(word)
        else:
            documents.append(ins.Heredoc(doc.name, contents.get(doc.name, ""), doc.chomp, doc.expand))
    return tuple(paths), dest, tuple(documents)


def _heredoc(word: str) -> ins.Heredoc | None:
    if "<<" not in word:
        return None
    try:
        doc = parse_heredoc(word)
    except ValueError:
        return None
    return ins.Heredoc(doc.name, "", doc.chomp, doc.expand) if doc else None


def _copy(node: Node, origin: Origin, escape: str) -> ins.Copy:
    if len(node.args) < 2:
        _sources(node)
    flags = _Flags(node)
    sources, dest, documents = _sources(node)
    return ins.Copy(
        origin,
        sources,
        dest,
        documents,
        flags.text("from"),
        flags.text("chown"),
        flags.text("chmod"),
        bool(flags.switch("link")),
        bool(flags.switch("parents")),
        flags.all("exclude"),
    )


def _add(node: Node, origin: Origin, escape: str) -> ins.Add:
    if len(node.args) < 2:
        _sources(node)
    flags = _Flags(node)
    sources, dest, documents = _sources(node)
    return ins.Add(
        origin,
        sources,
        dest,
        documents,
        flags.text("chown"),
        flags.text("chmod"),
        bool(flags.switch("link")),
        flags.all("exclude"),
        flags.text("checksum"),
        flags.switch("keep-git-dir"),
        flags.switch("unpack"),
    )


def _one(node: Node) -> str:
    if len(node.args) != 1:
        raise Malformed(f"{node.name} requires exactly one argument")
    return node.args[0]


def _workdir(node: Node, origin: Origin, escape: str) -> ins.Workdir:
    path = _one(node)
    _Flags(node)
    return ins.Workdir(origin, path)


def _user(node: Node, origin: Origin, escape: str) -> ins.User:
    user = _one(node)
    _Flags(node)
    return ins.User(origin, user)


def _stopsignal(node: Node, origin: Origin, escape: str) -> ins.Stopsignal:
    return ins.Stopsignal(origin, _one(node))


def _maintainer(node: Node, origin: Origin, escape: str) -> ins.Maintainer:
    name = _one(node)
    _Flags(node)
    return ins.Maintainer(origin, name)


def _cmd(node: Node, origin: Origin, escape: str) -> ins.Cmd:
    _Flags(node)
    return ins.Cmd(origin, tuple(node.args), node.json)


def _entrypoint(node: Node, origin: Origin, escape: str) -> ins.Entrypoint:
    _Flags(node)
    return ins.Entrypoint(origin, tuple(node.args), node.json)


def _expose(node: Node, origin: Origin, escape: str) -> ins.Expose:
    if not node.args:
        raise Malformed("EXPOSE requires at least one argument")
    _Flags(node)
    return ins.Expose(origin, tuple(node.args))


def _volume(node: Node, origin: Origin, escape: str) -> ins.Volume:
    if not node.args:
        raise Malformed("VOLUME requires at least one argument")
    _Flags(node)
    paths = tuple(path.strip() for path in node.args)
    if not all(paths):
        raise Malformed("VOLUME specified can not be an empty string")
    return ins.Volume(origin, paths)


def _shell(node: Node, origin: Origin, escape: str) -> ins.Shell:
    _Flags(node)
    if not node.args:
        raise Malformed("SHELL requires at least one argument")
    if not node.json:
        raise Malformed("SHELL requires the arguments to be in JSON form", help='for example SHELL ["/bin/bash", "-c"]')
    return ins.Shell(origin, tuple(node.args))


def _healthcheck(node: Node, origin: Origin, escape: str) -> ins.Healthcheck:
    if not node.args:
        raise Malformed("HEALTHCHECK requires at least one argument")
    kind, args = node.args[0].upper(), node.args[1:]
    if kind == "NONE":
        if args:
            raise Malformed("HEALTHCHECK NONE takes no arguments")
        return ins.Healthcheck(origin, ("NONE",))
    flags = _Flags(node)
    if kind != "CMD":
        raise Malformed(f'Unknown type "{kind}" in HEALTHCHECK (try CMD)', node.args[0])
    if not args:
        raise Malformed("Missing command after HEALTHCHECK CMD")
    retries = flags.text("retries")
    if retries and not re.fullmatch(r"[+-]?[0-9]+", retries):
        raise Malformed(f'strconv.ParseInt: parsing "{retries}": invalid syntax', "--retries")
    if retries and not -(2**31) <= int(retries) < 2**31:
        raise Malformed(f'strconv.ParseInt: parsing "{retries}": value out of range', "--retries")
    if retries and int(retries) < 0:
        raise Malformed(f"--retries cannot be negative ({int(retries)})", "--retries")
    return ins.Healthcheck(
        origin,
        ("CMD" if node.json else "CMD-SHELL", *args),
        _interval(flags, "interval"),
        _interval(flags, "timeout"),
        _interval(flags, "start-period"),
        _interval(flags, "start-interval"),
        int(retries or 0),
    )


def _interval(flags: _Flags, name: str) -> int:
    text = flags.text(name)
    if not text:
        return 0
    try:
        value = duration(text)
    except ValueError as error:
        raise Malformed(str(error), f"--{name}") from None
    if value and value < 10**6:
        raise Malformed(f'Interval "{name}" cannot be less than 1ms', f"--{name}")
    return value


def _onbuild(node: Node, origin: Origin, escape: str) -> ins.Onbuild:
    text = _ONBUILD.sub("", node.original)
    for flag in node.flags:  # ONBUILD has none
        raise Malformed(f"unknown flag: {flag.partition('=')[0]}", flag)
    if not text:
        raise Malformed("ONBUILD requires at least one argument")
    trigger = re.split(r"[\t\v\f\r ]+", text.strip(), maxsplit=1)[0].upper()
    if trigger == "ONBUILD":
        raise Malformed("Chaining ONBUILD via `ONBUILD ONBUILD` isn't allowed", text.split()[0])
    if trigger in ("MAINTAINER", "FROM"):
        raise Malformed(f"{trigger} isn't allowed as an ONBUILD trigger", text.split()[0])
    expression = text + "".join(f"\n{doc.content}{doc.name}" for doc in node.heredocs)
    instruction: ins.Instruction | None
    try:
        instruction = typed(inner(text, escape, node.heredocs), origin, escape)
    except SyntaxProblem as error:
        if str(error).startswith("unknown instruction"):
            instruction = None  # refused only when an image builds on this one
        else:
            raise Malformed(str(error)) from None
    except Malformed:
        instruction = None
    return ins.Onbuild(origin, expression, instruction)


_MAKERS: Mapping[str, Callable[[Node, Origin, str], ins.Instruction]] = {
    "ADD": _add,
    "ARG": _arg,
    "CMD": _cmd,
    "COPY": _copy,
    "ENTRYPOINT": _entrypoint,
    "ENV": _env,
    "EXPOSE": _expose,
    "FROM": _from,
    "HEALTHCHECK": _healthcheck,
    "LABEL": _label,
    "MAINTAINER": _maintainer,
    "ONBUILD": _onbuild,
    "RUN": _run,
    "SHELL": _shell,
    "STOPSIGNAL": _stopsignal,
    "USER": _user,
    "VOLUME": _volume,
    "WORKDIR": _workdir,
}
