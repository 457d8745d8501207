"""What the plan's earlier steps tell about a destination: whether it is a folder, a link, or may exist at all.

The service's copy step and Docker's differ for what is already there. Where nothing tells, a path is taken to be new
unless it is in a folder that every distribution fills.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator

from d2t.lower.copy.match import follow, matches
from d2t.lower.state import Lowering
from d2t.patterns import deferred
from d2t.plan.build import CopyStep, RunStep, Step, UserStep, WorkdirStep
from d2t.plan.paths import clean

_FOLDERS = frozenset(
    "/ /bin /boot /dev /etc /home /lib /media /mnt /opt /proc /root /run /sbin /srv /sys /tmp /usr /usr/bin /usr/include "
    "/usr/lib /usr/local /usr/local/bin /usr/local/etc /usr/local/include /usr/local/lib /usr/local/sbin /usr/local/share "
    "/usr/local/src /usr/sbin /usr/share /usr/src /var /var/cache /var/lib /var/local /var/log /var/mail /var/opt "
    "/var/spool /var/tmp /etc/profile.d".split()
)
_OWN_MODES = frozenset(
    "/root /tmp /var/local /var/mail /var/spool /var/tmp".split()
)  # folders that are not 755 everywhere
_FILLED = ("/bin", "/boot", "/dev", "/etc", "/lib", "/root", "/sbin", "/usr", "/var")  # base images put files there
_FREE = ("/usr/src", "/usr/local/src", "/var/tmp")
_LINKS = frozenset(
    "/bin/sh /dev/fd /dev/stderr /dev/stdin /dev/stdout /etc/localtime /etc/mtab /etc/os-release /etc/resolv.conf "
    "/usr/bin/awk /usr/bin/editor /usr/bin/java /usr/bin/node /usr/bin/pip /usr/bin/python /usr/bin/python3 "
    "/usr/local/bin/pip /usr/local/bin/python /usr/local/bin/python3 /var/lock /var/run".split()
)
_LINK_FOLDERS = ("/etc/alternatives", "/etc/apache2/sites-enabled", "/etc/nginx/sites-enabled", "/etc/rc0.d")
_LINKING = deferred(r"\b(?:ln|symlink|update-alternatives)\b")
_CHANGES_OWN = deferred(r"\b(?:chmod|chown|chgrp|umask|cp|mv|git)\b|\binstall\s(?:\s*-\S+)*?\s*-[mo]")
_UNPACKS = deferred(r"\b(?:tar|unzip|rsync|cpio)\b")  # whatever the archive holds


def earlier(state: Lowering, step: CopyStep) -> Iterator[Step]:
    """The plan's steps before this one."""
    for other in state.plan.steps:
        if other is step:
            return
        yield other


def script(step: RunStep) -> str:
    """The shell text of a RUN."""
    text = step.argv[-1] if step.shell_form and step.argv else shlex.join(step.argv)
    return f"{text}\n{step.script}"


def is_folder(state: Lowering, step: CopyStep, path: str) -> bool:
    """Whether a folder exists for certain."""
    if path in _FOLDERS:
        return True
    config = state.plan.base_config
    made = [clean(config.workdir)] if config is not None and config.workdir else []
    for other in earlier(state, step):
        if isinstance(other, WorkdirStep):
            made.append(clean(other.path))
        elif isinstance(other, CopyStep):
            made.append(clean(other.dest) if other.dest.endswith(("/", "/.")) else _above(other.dest))
        elif isinstance(other, RunStep) and path in script(other) and _makes(script(other), path):
            return True
    return any(_is_at_or_below(folder, path) for folder in made)


def make_folder(state: Lowering, step: CopyStep, path: str) -> str:
    """The beginning of a command that needs the folder which `path` is in."""
    folder = clean(f"{path}/..")
    return "" if is_folder(state, step, folder) else f"mkdir -p {shlex.quote(folder)} && "


def _makes(text: str, path: str) -> bool:
    named = re.compile(rf"(?<=[\s'\"]){re.escape(path)}(?=[\s'\";&|/)]|$)")
    return any(named.search(command) for command in re.findall(r"\bmkdir(\s[^;&|\n]*)", text))


def may_be_link(state: Lowering, step: CopyStep, path: str) -> bool:
    """Whether a file's destination may be a link: Docker writes to where it leads."""
    if path in _LINKS or path.startswith(tuple(f"{folder}/" for folder in _LINK_FOLDERS)):
        return True
    name = re.compile(rf"(?<![\w.-]){re.escape(path.rsplit('/', 1)[-1])}(?![\w.-])")
    texts = [script(other) for other in earlier(state, step) if isinstance(other, RunStep)]
    return any(_LINKING.search(text) and name.search(text) for text in texts)


def may_exist(state: Lowering, step: CopyStep, path: str) -> bool:
    """Whether something may already be at this path."""
    if path in _FOLDERS or _is_filled(path):
        return True
    for other in earlier(state, step):
        if isinstance(other, WorkdirStep):
            if _is_at_or_below(clean(other.path), path):
                return True
        elif isinstance(other, CopyStep):
            if _is_at_or_below(clean(other.dest), path) or _holds(state, other, path):
                return True
        elif isinstance(other, RunStep) and _names(other, path):
            return True
    return False


def may_differ(state: Lowering, step: CopyStep, path: str) -> bool:
    """Whether a folder that may already be there can have another owner than root or another mode than 755."""
    if path in _OWN_MODES:
        return True
    if path in _FOLDERS:
        return False
    for other in earlier(state, step):
        if isinstance(other, UserStep) or (isinstance(other, CopyStep) and (other.owner or other.mode)):
            return True
        if isinstance(other, RunStep) and _changes(other, path):
            return True
    return False


def _names(step: RunStep, path: str) -> bool:
    """Whether a RUN names a path, also from the folder that it is in."""
    folder, _, name = path.rpartition("/")
    text = script(step)
    if f"{folder}/" not in text and not _is_at_or_below(clean(step.workdir), folder or "/"):
        return False
    return bool(re.search(rf"(?<![\w-]){re.escape(name)}(?![\w-])", text))


def _changes(step: RunStep, path: str) -> bool:
    """Whether a RUN may leave an existing folder with another owner or mode than root's new folders have."""
    text = script(step)
    if _UNPACKS.search(text):
        return True
    if not _CHANGES_OWN.search(text) and step.user in ("", "root", "0"):
        return False
    above = path.split("/")[1:-1]
    whole = any(re.search(rf"/{re.escape('/'.join(above[: n + 1]))}(?![\w./-])", text) for n in range(len(above)))
    return whole or _names(step, path) or _is_at_or_below(clean(step.workdir), path.rpartition("/")[0] or "/")


def _holds(state: Lowering, step: CopyStep, path: str) -> bool:
    """Whether an earlier COPY or ADD may have brought this path along with a folder."""
    dest = clean(step.dest)
    if not _is_at_or_below(path, dest):
        return False
    context = state.options.context
    below = path[len(dest) :].strip("/")
    for source in step.sources:
        if source.kind in ("document", "url") or context is None:
            continue
        if source.kind != "context" or step.parents or step.keyword == "ADD":
            return True
        found = [follow(context, match) for match in matches(context, source.src) or ()]
        if any(one is not None and f"{one.path}/{below}".strip("/") in context.entries for one in found):
            return True
    return False


def _is_filled(path: str) -> bool:
    return any(_is_at_or_below(path, folder) for folder in _FILLED) and not any(
        _is_at_or_below(path, folder) for folder in _FREE
    )


def _is_at_or_below(path: str, folder: str) -> bool:
    return path == folder or path.startswith("/" if folder == "/" else f"{folder}/")


def _above(path: str) -> str:
    return clean(path).rsplit("/", 1)[0] or "/"
