"""Two snapshots to their differences. Pure; what the service adds on its own is subtracted with a control."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

from d2t.providers import Provider
from d2t.verify import accounts
from d2t.verify.provisioning import ACCOUNTS, LINES, PACKAGES, VARIABLES, left_out
from d2t.verify.state import Entry, Files, Process, Snapshot, Start

STANDARD_PATH = ("/usr/local/sbin", "/usr/local/bin", "/usr/sbin", "/usr/bin", "/sbin", "/bin")
"""Directories that the service appends to PATH (e2b-dev/infra, sandboxtools/command.go)."""


@dataclass(frozen=True, slots=True)
class Difference:
    """One thing that differs. `docker` and `service` are the two values, as people read them; "" for absent."""

    area: str  # files, start, or later
    subject: str  # a path, or env, argv, cwd, uid, gid, groups, umask, children, output, state
    aspect: str  # of a path: presence, kind, mode, owner, content, target, xattrs, device; of env: the variable's name
    docker: str
    service: str


@dataclass(frozen=True, slots=True)
class Control:
    """What the service does to the base image when the template is empty."""

    base: Files
    files: Files
    start: Process | None = None  # a start command in the control, for its environment
    later: Process | None = None


def compare(docker: Snapshot, service: Snapshot, control: Control, provider: Provider) -> tuple[Difference, ...]:
    """All differences, files first, in the order of their paths."""
    workdir = docker.later.cwd if docker.later else ""
    found = [item for item in compare_files(docker.files, service.files, control, provider) if not _made(item, workdir)]
    found += compare_start(docker.start, service.start, control)
    if docker.later_error != service.later_error:
        found.append(Difference("later", "state", "", docker.later_error or "runs", service.later_error or "runs"))
    elif docker.later is not None and service.later is not None:
        found += _process("later", docker.later, service.later, control.later)
    return tuple(found)


def _made(difference: Difference, workdir: str) -> bool:
    """A missing working directory: `docker run` makes it, so that the container has it although the image has not."""
    return (
        difference.aspect == "presence"
        and not difference.docker
        and difference.service.startswith("dir ")
        and f"{workdir}/".startswith(f"{difference.subject}/")
    )


def compare_files(docker: Files, service: Files, control: Control, provider: Provider) -> Iterator[Difference]:
    """Differences of the filesystems."""
    opened = tuple(provider["runtime.opens_modes"])
    added = accounts.Added.between(control.base.entries, control.files.entries)
    base, empty = control.base.entries, control.files.entries
    passwd = service.entries.get("/etc/passwd")
    ids = added.renumbered(passwd.content if passwd else None)
    for path in sorted(docker.entries.keys() | service.entries.keys()):
        ours, theirs = docker.entries.get(path), service.entries.get(path)
        if ours == theirs or left_out(path):
            continue
        if ours == base.get(path) and _as_in_control(theirs, empty.get(path), ids):
            continue  # the Dockerfile did nothing here, and the service what it always does
        if ours is None or theirs is None:
            yield Difference("files", path, "presence", _shown(ours), _shown(theirs))
            continue
        if base.get(path) != empty.get(path) and PACKAGES.covers(path):
            continue
        yield from _entries(path, ours, theirs, base.get(path), empty.get(path), opened, added)


def _as_in_control(theirs: Entry | None, empty: Entry | None, ids: Mapping[int, int]) -> bool:
    if theirs == empty or theirs is None or empty is None:
        return theirs == empty
    return replace(theirs, uid=ids.get(theirs.uid, theirs.uid), gid=ids.get(theirs.gid, theirs.gid)) == empty


def _entries(
    path: str,
    ours: Entry,
    theirs: Entry,
    base: Entry | None,
    empty: Entry | None,
    opened: tuple[str, ...],
    added: accounts.Added,
) -> Iterator[Difference]:
    if ours.kind != theirs.kind:
        yield Difference("files", path, "kind", _shown(ours), _shown(theirs))
        return
    if (ours.uid, ours.gid) != (theirs.uid, theirs.gid):
        yield Difference("files", path, "owner", f"{ours.uid}:{ours.gid}", f"{theirs.uid}:{theirs.gid}")
    if ours.mode != theirs.mode and ours.kind != "symlink" and not _opened(path, ours, theirs, opened):
        yield Difference("files", path, "mode", f"{ours.mode:04o}", f"{theirs.mode:04o}")
    if (ours.size, ours.digest) != (theirs.size, theirs.digest):
        yield from _content(path, ours, theirs, base, empty, added)
    if ours.target != theirs.target:
        yield Difference("files", path, "target", ours.target, theirs.target)
    if ours.xattrs != theirs.xattrs:
        yield Difference("files", path, "xattrs", _pairs(ours.xattrs), _pairs(theirs.xattrs))
    if ours.device != theirs.device:
        yield Difference("files", path, "device", str(ours.device), str(theirs.device))


def _opened(path: str, ours: Entry, theirs: Entry, opened: tuple[str, ...]) -> bool:
    """The service's closing `chmod -R 777`: nothing is lost unless the mode was special or kept others out."""
    if not any(path == folder or path.startswith(folder + "/") for folder in opened):
        return False
    plain = ours.mode & 0o7000 == 0 and ours.mode & 0o004
    return bool(plain) and theirs.mode == 0o777


def _content(
    path: str, ours: Entry, theirs: Entry, base: Entry | None, empty: Entry | None, added: accounts.Added
) -> Iterator[Difference]:
    difference = Difference("files", path, "content", _hash(ours), _hash(theirs))
    if ours.content is None or theirs.content is None:
        yield difference
    elif path in ACCOUNTS:
        for name, left, right in accounts.differences(path, ours.content, theirs.content, added):
            yield Difference("files", path, name, left, right)
    elif path in LINES:
        appended = (empty.content if empty and empty.content else b"").splitlines()
        known = (base.content if base and base.content else b"").splitlines()
        extra = [line for line in appended if line not in known]
        if ours.content.splitlines() != [line for line in theirs.content.splitlines() if line not in extra]:
            yield difference
    else:
        yield difference


def compare_start(docker: Start, service: Start, control: Control) -> Iterator[Difference]:
    """Differences of what the start command became."""
    left, right = _state(docker), _state(service)
    if left != right:
        yield Difference("start", "state", "", left, right)
        return
    if docker.process is not None and service.process is not None:
        yield from _process("start", docker.process, service.process, control.start)
    elif docker.exit_code == 0 and docker.output != service.output:
        yield Difference("start", "output", "", docker.output, service.output)


def _state(start: Start) -> str:
    if start.process is not None:
        return "runs"
    return "none" if start.exit_code is None else f"ended with status {start.exit_code}"


def _process(area: str, docker: Process, service: Process, control: Process | None) -> Iterator[Difference]:
    for name in ("uid", "gid", "groups", "cwd", "umask"):
        left, right = getattr(docker, name), getattr(service, name)
        if left != right:
            yield Difference(area, name, "", _value(name, left), _value(name, right))
    if area == "start":
        if docker.argv != service.argv:
            yield Difference(area, "argv", "", _words(docker.argv), _words(service.argv))
        left, right = _family(docker), _family(service)
        if left != right:
            yield Difference(area, "children", "", left, right)
    yield from _environment(area, docker.env, service.env, control.env if control else {})


def _environment(
    area: str, docker: Mapping[str, str], service: Mapping[str, str], control: Mapping[str, str]
) -> Iterator[Difference]:
    for name in sorted(docker.keys() | service.keys()):
        left, right = docker.get(name), service.get(name)
        if left == right or name in VARIABLES:
            continue
        if left is None and name in control:
            continue  # one of the service's own
        if name == "PATH" and left is not None and right is not None and same_search(left, right):
            continue
        yield Difference(area, "env", name, "" if left is None else f"={left}", "" if right is None else f"={right}")


def same_search(docker: str, service: str) -> bool:
    """Whether the service's PATH is Docker's, followed by nothing but standard directories."""
    if service == docker:
        return True
    extra = service.removeprefix(docker + ":") if service.startswith(docker + ":") else None
    return extra is not None and all(folder in STANDARD_PATH for folder in extra.split(":"))


def _family(process: Process) -> str:
    """The descendants as text: argv and ids, one level in brackets."""
    return " ".join(f"[{child.uid}:{child.gid} {_words(child.argv)}{_tail(child)}]" for child in process.children)


def _tail(process: Process) -> str:
    below = _family(process)
    return f" {below}" if below else ""


def _words(argv: tuple[str, ...]) -> str:
    return repr(list(argv))


def _value(name: str, value: object) -> str:
    if name == "umask":
        return f"{value:04o}"
    if isinstance(value, tuple):
        return ",".join(map(str, value)) or "none"
    return str(value)


def _pairs(values: tuple[tuple[str, str], ...]) -> str:
    return " ".join(f"{name}={value!r}" for name, value in values)


def _hash(entry: Entry) -> str:
    return f"{entry.size} bytes, sha256 {entry.digest[:12]}"


def _shown(entry: Entry | None) -> str:
    if entry is None:
        return ""
    target = f" -> {entry.target}" if entry.kind == "symlink" else ""
    return f"{entry.kind} {entry.mode:04o} {entry.uid}:{entry.gid}{target}"
