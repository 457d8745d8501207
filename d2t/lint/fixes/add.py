"""ADD of URLs, where the provider has no ADD, as the RUN that does the same."""

from __future__ import annotations

import posixpath
import re
import shlex

from d2t.diagnostics import Diagnostic, Edit
from d2t.dockerfile import instructions as ins
from d2t.lint.fixes.situation import Document, Fix, Situation, fixes, whole
from d2t.patterns import deferred
from d2t.plan.build import DEFAULT_SHELL, ConfigStep, CopyStep, RunStep, UserStep, WorkdirStep
from d2t.plan.paths import clean

_PLAIN = deferred(r"[\w.~:/?#@!&*+,;=%$(){}-]+")
_VARIABLE = deferred(r"\$(?:[A-Za-z_]\w*|\{[A-Za-z_]\w*\})")
_SHA256 = re.compile(r"sha256:([0-9a-f]{64})")
_OWNER = deferred(r"[A-Za-z0-9_.-]+(?::[A-Za-z0-9_.-]+)?")
_STANDARD = frozenset(
    "/ /bin /boot /dev /etc /home /lib /media /mnt /opt /proc /root /run /sbin /srv /sys /tmp /usr /usr/bin /usr/include /usr/lib "
    "/usr/local /usr/local/bin /usr/local/etc /usr/local/lib /usr/local/sbin /usr/local/share /usr/local/src /usr/sbin "
    "/usr/share /usr/src /var /var/cache /var/lib /var/log /var/opt /var/tmp".split()
)
_ROOT = ("", "root", "0", "root:root", "0:0")


@fixes("D2T202")
def add(item: Diagnostic, situation: Situation) -> Fix | None:
    """`ADD https://host/file /opt/` → `RUN curl -fsSL -o /opt/file https://host/file && chmod 600 /opt/file`.

    The mode is the one that ADD gives to downloads. Only for a root user, `/bin/sh` and words without quotes.
    """
    step = situation.step(item)
    written = next((one for one in situation.gathered.dockerfile.instructions if one.origin.line == item.line), None)
    if not isinstance(step, CopyStep) or not isinstance(written, ins.Add) or step.triggered:
        return None
    if any(source.kind != "url" for source in step.sources) or step.unpack or step.excludes or written.documents:
        return None
    if _shell_and_user(situation, item) != (DEFAULT_SHELL, True):
        return None
    digest = _SHA256.fullmatch(step.checksum) if step.checksum else None
    if (step.checksum and not digest) or (step.owner and not _OWNER.fullmatch(step.owner)):
        return None
    commands = []
    for word, source in zip(written.sources, step.sources, strict=True):
        if clean(step.dest) in _folders(situation):
            return None  # the file goes into it
        target = _target(written.dest, step.dest, source.text, len(step.sources) > 1)
        if not target or not _is_plain(word) or not _is_plain(target):
            return None
        folder = posixpath.dirname(target)
        if folder not in ("", "/", "."):
            commands.append(f"mkdir -p {_quoted(folder)}")
        commands.append(f"curl -fsSL -o {_quoted(target)} {_quoted(word)}")
        if digest:
            commands.append(f'echo "{digest[1]}  {target}" | sha256sum -c -')
        commands.append(f"chmod {step.mode or '600'} {_quoted(target)}")
        if step.owner:
            commands.append(f"chown {step.owner} {_quoted(target)}")
    command = " && ".join(commands)

    at = _position(situation, step)
    if step.link or at < 0:
        return None

    def intended(document: Document, now: Document) -> None:
        run = now["steps"][at] if at < len(now["steps"]) else {}
        right = run.get("argv") == [*DEFAULT_SHELL, command]
        document["steps"][at : at + len(step.sources)] = [run] if right else []

    return Fix((Edit(whole(step.origin), f"RUN {command}"),), intended)


def _folders(situation: Situation) -> set[str]:
    """Folders that are surely there: those of the Filesystem Hierarchy Standard, and WORKDIRs."""
    return {*_STANDARD, *(clean(step.path) for step in situation.plan.steps if isinstance(step, WorkdirStep))}


def _target(written: str, dest: str, url: str, several: bool) -> str:
    """The file that ADD writes, in the words of the Dockerfile."""
    if not dest.endswith(("/", "/.")) and not several:
        return written
    name = posixpath.basename(url.partition("?")[0].partition("#")[0])
    if not name or not re.fullmatch(r"[\w.+~-]+", name):
        return ""
    folder = written.removesuffix(".") if written.endswith("/.") or written == "." else written
    return f"{folder.rstrip('/')}/{name}" if folder else name


def _is_plain(word: str) -> bool:
    return bool(_PLAIN.fullmatch(word)) and "$" not in _VARIABLE.sub("", word)


def _quoted(word: str) -> str:
    return f'"{word}"' if "$" in word else shlex.quote(word)


def _shell_and_user(situation: Situation, item: Diagnostic) -> tuple[tuple[str, ...], bool]:
    """The SHELL at the instruction, and whether its user is root."""
    config = situation.plan.base_config
    shell = (config.shell if config else None) or DEFAULT_SHELL
    user = config.user if config else ""
    for step in situation.plan.steps:
        if step.origin.line == item.line:
            break
        if isinstance(step, UserStep):
            user = step.user
        elif isinstance(step, ConfigStep) and isinstance(step.instruction, ins.Shell):
            shell = step.instruction.argv
    return shell, user in _ROOT


def _position(situation: Situation, wanted: CopyStep) -> int:
    """The index of a step's first entry in the plan's document; -1 where a copy beside the chain makes that unclear."""
    index = 0
    for step in situation.plan.steps:
        if step is wanted:
            return index
        if isinstance(step, CopyStep):
            if step.link:
                return -1
            index += len(step.sources)
        elif isinstance(step, RunStep):
            index += 1
    return -1
