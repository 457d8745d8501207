"""Which Dockerfiles a list of files and folders means."""

import os
import re
import stat
from collections.abc import Callable, Iterable, Iterator
from typing import NamedTuple


class Found(NamedTuple):
    """A file to read. Its path is one that the user gave, or begins with one."""

    path: str


class Problem(NamedTuple):
    """A path that could not be looked at, and why, in one line without the path."""

    path: str
    message: str


def find(paths: Iterable[str | os.PathLike[str]]) -> Iterator[Found | Problem]:
    """The files that are meant, in the order of `paths` and sorted within a folder; each once, under its first name.

    A file is taken whatever its name. A folder stands for the Dockerfiles in it and below (`is_dockerfile_name`), but
    for what Git would ignore by `.gitignore` and `.git/info/exclude`: Git's configuration and index are not read.
    Symbolic links are followed to files, not to folders. A folder that is named is searched even if Git ignores it.
    """
    seen = set()
    for given in paths:
        path = os.fspath(given)
        try:
            folder = stat.S_ISDIR(os.stat(path).st_mode)
        except (OSError, ValueError) as error:  # ValueError: a NUL in the path
            yield Problem(path, "broken symbolic link" if os.path.islink(path) else _reason(error))
            continue
        for item in _walk(path) if folder else (Found(path),):
            if isinstance(item, Found):
                real = os.path.realpath(item.path)
                if real in seen:
                    continue
                seen.add(real)
            yield item


_OTHERS = (
    *(".j2", ".jinja", ".jinja2", ".template", ".tmpl", ".tpl", ".in", ".erb", ".mustache", ".hbs"),
    *(".dockerignore", ".containerignore", ".swp", "~", ".bak", ".orig", ".rej"),
    *(".md", ".rst", ".json", ".yml", ".yaml", ".toml", ".lock"),
)
_SOURCES = (".go", ".ts", ".js", ".py", ".rs", ".rb", ".java", ".sh", ".vim", ".lua")


def is_dockerfile_name(name: str) -> bool:
    """Whether a file in a folder is taken for a Dockerfile, by its name alone.

    `Dockerfile`, `Dockerfile.*`, `*.Dockerfile` and `Containerfile*`, in any case; no templates, ignore files, backups,
    and no source code such as `dockerfile.go`.
    """
    if name.startswith("dockerfile.") and name.endswith(_SOURCES):
        return False
    name = name.lower()
    if name.endswith(_OTHERS):
        return False
    return name == "dockerfile" or name.startswith(("dockerfile.", "containerfile")) or name.endswith(".dockerfile")


def _reason(error: OSError | ValueError) -> str:
    text = (isinstance(error, OSError) and error.strerror) or str(error)
    return text[:1].lower() + text[1:]


class _Rule(NamedTuple):
    """One line of a `.gitignore`, as https://git-scm.com/docs/gitignore describes it."""

    matches: Callable[[str], object]
    ignore: bool  # False for a line that begins with `!`
    folders_only: bool
    by_name: bool  # matched against the name alone, else against the path from the `.gitignore`'s folder


class _Level(NamedTuple):
    """The rules of one file, and the folder being searched as seen from that file: "" or "a/b/"."""

    rules: tuple[_Rule, ...]
    prefix: str = ""

    def below(self, name: str) -> "_Level":
        return _Level(self.rules, f"{self.prefix}{name}/")


class _Folder(NamedTuple):
    path: str  # as it is shown; "" for the current directory
    levels: tuple[_Level, ...]  # the outermost first


def _walk(root: str) -> Iterator[Found | Problem]:
    problems: list[Problem] = []
    levels = _levels_above(os.path.realpath(root), problems)
    yield from problems
    todo: list[Found | Problem | _Folder] = [_Folder("" if root == "." else root, levels)]
    while todo:
        item = todo.pop()
        if isinstance(item, _Folder):
            todo += reversed(_scan(item))
        else:
            yield item


def _scan(folder: _Folder) -> list[Found | Problem | _Folder]:
    """What is in one folder, sorted by name."""
    try:
        with os.scandir(folder.path or ".") as found:
            entries = sorted(found, key=lambda entry: entry.name)
    except OSError as error:
        return [Problem(folder.path or ".", _reason(error))]
    items: list[Found | Problem | _Folder] = []
    problems: list[Problem] = []
    names = {entry.name for entry in entries}
    levels = folder.levels
    if ".git" in names:  # a repository of its own: rules from outside do not hold
        levels = (_excludes(folder.path or "."),)
    if ".gitignore" in names:
        levels = (*levels, _Level(_read(os.path.join(folder.path, ".gitignore"), problems)))
    for entry in entries:
        path = os.path.join(folder.path, entry.name)
        if entry.name == ".git":
            continue
        if entry.is_dir(follow_symlinks=False):
            if not _ignored(entry.name, True, levels):
                items.append(_Folder(path, tuple(level.below(entry.name) for level in levels)))
        elif is_dockerfile_name(entry.name) and not _ignored(entry.name, False, levels):
            try:
                mode = entry.stat().st_mode
            except OSError as error:
                items.append(Problem(path, "broken symbolic link" if entry.is_symlink() else _reason(error)))
            else:
                if stat.S_ISREG(mode):
                    items.append(Found(path))
    return [*problems, *items]


def _ignored(name: str, folder: bool, levels: tuple[_Level, ...]) -> bool:
    """The last rule that matches decides, and the innermost file's rules come last."""
    for level in reversed(levels):
        for rule in reversed(level.rules):
            if (folder or not rule.folders_only) and rule.matches(name if rule.by_name else level.prefix + name):
                return rule.ignore
    return False


def _levels_above(root: str, problems: list[Problem]) -> tuple[_Level, ...]:
    """The rules that hold in a folder because of the folders above it, up to the repository's root."""
    top = root
    while not os.path.lexists(os.path.join(top, ".git")):
        parent = os.path.dirname(top)
        if parent == top:
            return ()  # in no repository: only what is found on the way down counts
        top = parent
    levels: tuple[_Level, ...] = (_excludes(top),)
    if top == root:
        return ()  # read with the folder itself
    here = top
    for name in os.path.relpath(root, top).split(os.sep):
        levels = (*levels, _Level(_read(os.path.join(here, ".gitignore"), problems)))
        if _ignored(name, True, levels):
            return ()  # the user named a folder that is ignored: that wins
        levels = tuple(level.below(name) for level in levels)
        here = os.path.join(here, name)
    return levels


def _excludes(top: str) -> _Level:
    """`info/exclude` of the repository whose work tree begins at `top`; a work tree or submodule has a `.git` file."""
    git = os.path.join(top, ".git")
    try:
        if not os.path.isdir(git):
            with open(git, encoding="utf-8", errors="surrogateescape") as file:
                git = os.path.join(top, file.readline().removeprefix("gitdir:").strip())
        common = os.path.join(git, "commondir")
        if os.path.exists(common):
            with open(common, encoding="utf-8", errors="surrogateescape") as file:
                git = os.path.join(git, file.readline().strip())
    except (OSError, ValueError):
        return _Level(())
    return _Level(_read(os.path.join(git, "info", "exclude"), []))


def _read(path: str, problems: list[Problem]) -> tuple[_Rule, ...]:
    try:
        with open(path, encoding="utf-8-sig", errors="surrogateescape", newline="\n") as file:
            lines = file.read().split("\n")
    except (FileNotFoundError, IsADirectoryError, NotADirectoryError):
        return ()
    except OSError as error:
        problems.append(Problem(path, _reason(error)))
        return ()
    return tuple(rule for line in lines if (rule := _rule(line)))


def _rule(line: str) -> _Rule | None:
    """One line's rule, None for a line without one."""
    text = re.sub(r"(?<!\\)((?:\\\\)*) +$", r"\1", line.removesuffix("\r"))
    if not text or text.startswith("#"):
        return None
    ignore = not text.startswith("!")
    text = text.removeprefix("!")
    folders_only = text.endswith("/")
    text = text.removesuffix("/")
    by_name = "/" not in text
    text = text.removeprefix("/")
    return _Rule(_matcher(text), ignore, folders_only, by_name) if text else None


def _matcher(pattern: str) -> Callable[[str], object]:
    """A test for whole names or paths: `*`, `?` and `[]` within a name, `**` across names, backslash quotes."""
    if not re.search(r"[*?\[\\]", pattern):
        return pattern.__eq__
    from wcmatch import glob

    flags = glob.GLOBSTAR | glob.DOTGLOB | glob.CASE | glob.FORCEUNIX
    include, _ = glob.translate(pattern, flags=flags)
    return re.compile(include[0]).fullmatch
