"""3xx: what the service changes after the last step: folders that are emptied, modes that are opened, owners."""

from __future__ import annotations

import re
from collections.abc import Iterator
from fnmatch import fnmatchcase

from d2t.diagnostics import Diagnostic, Severity
from d2t.dockerfile.expand import shown, symbols
from d2t.dockerfile.source import Origin
from d2t.plan.build import BuildPlan, CopyStep, RunStep, Step, WorkdirStep
from d2t.plan.paths import clean
from d2t.rules.effects import Effect, effects, script
from d2t.rules.registry import Context, check, rule

_FINAL = "e2b-dev/infra, phases/finalize/configure.sh"
_MEASURED = "measured: the same Dockerfile built by Docker and by the service"
_MOST = 500  # files that are remembered; nobody reads so many findings
_LINKS = (("/var/run", "/run"), ("/var/lock", "/run/lock"))  # in every distribution that the services take


@rule(
    "D2T309",
    "tmp-cleared",
    Severity.WARNING,
    source=_MEASURED,
    example="FROM debian:12\nRUN echo x > /tmp/x",
    whole=True,
)
def tmp_cleared(path: str, folder: str) -> tuple[str, str]:
    """The machine is started afresh after the last step: what steps left in `/tmp` and `/run` is gone.

    That also holds for `/var/run`, which is a link to `/run`. A file that is only needed while the image is built does no
    harm; a folder that a daemon expects, such as `/run/sshd`, does. What a step removes again is not named.
    """
    return (
        f"{path} will be gone when the sandbox starts: {folder} is emptied after the last step",
        "put what must stay into another folder, or make it in the start command",
    )


@rule(
    "D2T310", "modes-opened", Severity.WARNING, source=_FINAL, example="FROM debian:12\nRUN chmod 4755 /usr/local/bin/x"
)
def modes_opened(mode: str, path: str, folder: str) -> tuple[str, str]:
    """The last phase runs `chmod -R 777` on `/usr/local` and `/code`: private and setuid modes there are lost.

    Ordinary modes such as 755 become 777, too, but take nothing away; they are not named.
    """
    return (
        f"mode {mode} of {path} becomes 777: the last phase opens all of {folder}",
        "use another folder where the mode matters",
    )


@rule(
    "D2T311",
    "home-taken-over",
    Severity.WARNING,
    source=_FINAL,
    example="FROM debian:12\nRUN touch /home/user/x",
    whole=True,
)
def home_taken_over(path: str, owner: str) -> tuple[str, str]:
    """The last phase gives `/home/user` and all in it to the service's user `user`: other owners there are lost."""
    return (
        f"{path} will belong to {owner}: the last phase gives it all of /home/{owner}",
        "use another folder if the owner matters",
    )


@check(tmp_cleared, BuildPlan)
def left_in_cleared_folders(plan: BuildPlan, context: Context) -> Iterator[Diagnostic]:
    """What steps write below a folder that is emptied, and no later command removes. One finding a step."""
    folders = context.provider["runtime.clears_tmp"]
    if not folders:
        return
    left: dict[str, tuple[Origin, Effect]] = {}
    for step in plan.steps:
        mounted = [mount.target for mount in step.mounts] if isinstance(step, RunStep) else []
        for effect in _effects(step, (*folders, "/var/run", "/var/lock")):
            path = _resolved(effect.path)
            if effect.kind == "remove":
                for other in [other for other in left if _covers(path, other)]:
                    del left[other]
            elif len(left) >= _MOST:
                break
            elif "$" in path:
                continue  # a removal would not be known for one of it
            elif effect.kind == "write" and _below(path, folders) and not _below(path, mounted, itself=True):
                left.setdefault(path, (step.origin, effect))
    named: set[int] = set()
    for path, (origin, effect) in left.items():
        if origin.line not in named:
            named.add(origin.line)
            folder = next(folder for folder in folders if _below(path, [folder]))
            yield tmp_cleared((origin, effect.token), shown(effect.path), folder)


@check(modes_opened, RunStep, CopyStep)
def private_modes_below_opened_folders(step: RunStep | CopyStep, context: Context) -> Iterator[Diagnostic]:
    """A setuid or private mode that is given to something below a folder whose modes are opened."""
    folders = context.provider["runtime.opens_modes"]
    if isinstance(step, CopyStep):
        if _below(step.dest, folders, itself=True) and _is_special(step.mode):
            yield _opened(step.origin, step.mode, "--chmod", step.dest, folders)
        return
    for effect in _effects(step, folders):
        if effect.kind == "mode" and _below(effect.path, folders, itself=True) and _is_special(effect.mode):
            yield _opened(step.origin, effect.mode, effect.token, effect.path, folders)
            return


@check(home_taken_over, RunStep, CopyStep, WorkdirStep)
def written_to_the_service_users_home(step: RunStep | CopyStep | WorkdirStep, context: Context) -> Iterator[Diagnostic]:
    """What a step writes below `/home/user`, unless that is also the home of the image's own `user`."""
    folders = context.provider["runtime.takes_over"]
    owner = context.provider["runtime.reserved_user"]
    for effect in _effects(step, folders):
        if effect.kind == "write" and _below(effect.path, folders, itself=True):
            if not _creates(context.plan, owner):
                yield home_taken_over((step.origin, effect.token), shown(effect.path), owner)
            return


def _effects(step: Step, folders: tuple[str, ...] | list[str]) -> Iterator[Effect]:
    """What a step does to the file system, where its text can be about one of the folders."""
    match step:
        case RunStep():
            text = script(step) if step.shell_form else " ".join(step.argv)
            if (
                any(name in text for name in folders)
                or _below(step.workdir, folders, itself=True)
                or ("$" in text and any(_below(value, folders) and name in text for name, value in step.env.items()))
            ):
                yield from effects(step)
        case CopyStep():
            dest = step.dest
            if dest.endswith(("/", "/.")) or len(step.sources) > 1:
                folder = clean(dest)
                for source in step.sources:
                    name = source.src.rstrip("/").rsplit("/", 1)[-1] or "*"
                    yield Effect("write", f"{folder.rstrip('/')}/{name}", _as_written(step.origin, dest))
            else:
                yield Effect("write", clean(dest), _as_written(step.origin, dest))
        case WorkdirStep() if not symbols(step.path):
            yield Effect("write", clean(step.path), _as_written(step.origin, step.path))


def _as_written(origin: Origin, path: str) -> str:
    return path if path in origin.text else path.rstrip("/.") or path


def _resolved(path: str) -> str:
    for link, target in _LINKS:
        if path == link or path.startswith(f"{link}/"):
            return target + path[len(link) :]
    return path


def _below(path: str, folders: list[str] | tuple[str, ...], itself: bool = False) -> bool:
    return any(path.startswith(f"{folder}/") or (itself and path == folder) for folder in folders)


def _covers(pattern: str, path: str) -> bool:
    """Whether removing `pattern` removes `path`."""
    if "*" in pattern or "?" in pattern or "[" in pattern or "{" in pattern:
        depth = pattern.count("/")
        head = "/".join(path.split("/")[: depth + 1])
        return any(fnmatchcase(head, one) for one in _braces(pattern))
    return path == pattern or path.startswith(f"{pattern.rstrip('/')}/")


def _braces(pattern: str) -> Iterator[str]:
    match = re.search(r"\{([^{}]*)\}", pattern)
    if match is None:
        yield pattern
        return
    for part in match[1].split(","):
        yield from _braces(pattern[: match.start()] + part + pattern[match.end() :])


def _is_special(mode: str) -> bool:
    """Whether a mode takes something away from others, or sets the set-id or sticky bits."""
    if re.fullmatch(r"[0-7]{3,5}", mode):
        return bool(int(mode, 8) & 0o7000) or not int(mode, 8) & 0o007
    return bool(re.search(r"(?:^|,)[ugoa]*[+=][rwxX]*[st]|(?:^|,)u?g?o=(?:,|$)|(?:^|,)g?[oa]-\w|^-[rwx]", mode))


def _opened(origin: Origin, mode: str, token: str, path: str, folders: list[str]) -> Diagnostic:
    folder = next(folder for folder in folders if _below(path, [folder], itself=True))
    before = origin.text.find(mode)  # the path may have been named before: by mkdir, say
    return modes_opened((origin, token, origin.text.count(token, 0, max(before, 0))), mode, shown(path), folder)


def _creates(plan: BuildPlan, name: str) -> bool:
    """Whether a RUN creates the user `name`."""
    pattern = re.compile(rf"\b(?:useradd|adduser)\b[^;&|\n]*\s{re.escape(name)}(?=[\s;&|]|$)")
    return any(
        isinstance(step, RunStep) and pattern.search(script(step).replace("\\\n", " ")) is not None
        for step in plan.steps
    )
