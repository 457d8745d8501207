"""Which files are found. Git itself is the judge of what is ignored."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from d2t.discover import Found, Problem, find, is_dockerfile_name


def make(root: Path, *names: str, **texts: str) -> None:
    """Files with the given names (folders when they end with a slash)."""
    for name in names:
        path = root / name
        if name.endswith("/"):
            path.mkdir(parents=True, exist_ok=True)
        else:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text("FROM scratch\n")
    for name, text in texts.items():
        (root / name).write_text(text)


@pytest.fixture
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def paths(*given: str) -> list[str]:
    items = list(find(given))
    assert all(isinstance(item, Found) for item in items), items
    return [item.path for item in items]


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("Dockerfile", True),
        ("dockerfile", True),
        ("DOCKERFILE.Dev", True),
        ("Dockerfile.gpu.arm64", True),
        ("api.Dockerfile", True),
        ("api.dockerfile", True),
        ("Containerfile", True),
        ("containerfile.test", True),
        ("Containerfile-ci", True),
        ("Dockerfile.j2", False),
        ("api.Dockerfile.J2", False),
        ("Dockerfile.dockerignore", False),
        ("Containerfile.containerignore", False),
        (".Dockerfile.swp", False),
        ("Dockerfile~", False),
        ("Dockerfile-dev", False),
        ("MyDockerfile", False),
        ("docker-compose.yml", False),
        ("README.md", False),
        ("", False),
    ],
)
def test_names(name: str, expected: bool):
    assert is_dockerfile_name(name) is expected


def test_a_named_file_is_taken_whatever_its_name(root: Path):
    make(root, "build.j2", "x/Dockerfile~")
    assert paths("build.j2", str(root / "x" / "Dockerfile~")) == ["build.j2", str(root / "x" / "Dockerfile~")]


def test_a_folder_is_searched_in_a_stable_order(root: Path):
    make(
        root, "b/Dockerfile", "a/z/Dockerfile", "a/Dockerfile.dev", "a/Dockerfile", "Dockerfile", "b.Dockerfile", "c/x"
    )
    assert paths("a", "b") == ["a/Dockerfile", "a/Dockerfile.dev", "a/z/Dockerfile", "b/Dockerfile"]
    assert paths(".") == [
        "Dockerfile",
        "a/Dockerfile",
        "a/Dockerfile.dev",
        "a/z/Dockerfile",
        "b/Dockerfile",
        "b.Dockerfile",
    ]


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        (".", "svc/Dockerfile"),
        ("./svc", "./svc/Dockerfile"),
        ("svc/", "svc/Dockerfile"),
        ("svc/..", "svc/../svc/Dockerfile"),
    ],
)
def test_paths_are_shown_as_they_were_given(root: Path, given: str, expected: str):
    make(root, "svc/Dockerfile")
    assert paths(given) == [expected]
    assert paths(str(root)) == [str(root / "svc" / "Dockerfile")]


def test_a_file_is_found_once(root: Path):
    make(root, "svc/Dockerfile")
    (root / "link.Dockerfile").symlink_to("svc/Dockerfile")
    assert paths("svc/Dockerfile", "svc", "./svc/Dockerfile", ".", str(root)) == ["svc/Dockerfile"]


def test_what_is_missing_is_reported_and_the_rest_goes_on(root: Path):
    make(root, "Dockerfile")
    (root / "broken").symlink_to("nowhere")
    assert list(find(["none", "broken", "a\0b", "Dockerfile"])) == [
        Problem("none", "no such file or directory"),
        Problem("broken", "broken symbolic link"),
        Problem("a\0b", "embedded null byte"),
        Found("Dockerfile"),
    ]


def test_symbolic_links(root: Path):
    make(root, "a/Dockerfile", "outside/build.txt", "b/")
    (root / "a" / "loop").symlink_to("..")
    (root / "b" / "Dockerfile").symlink_to("../outside/build.txt")
    (root / "b" / "Dockerfile.gone").symlink_to("nowhere")
    (root / "b" / "Dockerfile.self").symlink_to("Dockerfile.self")
    assert list(find(["."])) == [
        Found("a/Dockerfile"),
        Found("b/Dockerfile"),
        Problem("b/Dockerfile.gone", "broken symbolic link"),
        Problem("b/Dockerfile.self", "broken symbolic link"),
    ]
    assert paths("a/loop/a") == ["a/loop/a/Dockerfile"]


def test_only_regular_files_are_found(root: Path):
    make(root, "Dockerfile/Dockerfile")
    os.mkfifo(root / "api.Dockerfile")
    assert paths(".") == ["Dockerfile/Dockerfile"]


def test_an_unreadable_folder_is_reported(root: Path, monkeypatch: pytest.MonkeyPatch):
    make(root, "a/Dockerfile", "b/Dockerfile", "c/Dockerfile")
    scandir = os.scandir

    def refuse(path: str) -> object:
        if path == "b":
            raise PermissionError(13, "Permission denied", path)
        return scandir(path)

    monkeypatch.setattr(os, "scandir", refuse)
    assert list(find(["."])) == [
        Found("a/Dockerfile"),
        Problem("b", "permission denied"),
        Found("c/Dockerfile"),
    ]


def test_many_folders_inside_each_other(root: Path):
    deep = root
    for _ in range(400):
        deep = deep / "d"
    deep.mkdir(parents=True)
    make(deep, "Dockerfile")
    assert paths(".") == ["d/" * 400 + "Dockerfile"]


def test_gitignore_without_a_repository(root: Path):
    make(root, "a/Dockerfile", "b/Dockerfile", **{".gitignore": "/a\n"})
    assert paths(".") == ["b/Dockerfile"]
    assert paths("a", "b") == ["a/Dockerfile", "b/Dockerfile"]  # above the folder that is named: not read


def test_gitignore_of_the_folders_above_up_to_the_repository(root: Path):
    make(root, "repo/.git/", "repo/svc/a/Dockerfile", "repo/svc/b/Dockerfile", "repo/svc/c/Dockerfile")
    make(root, **{".gitignore": "b\n", "repo/.gitignore": "/svc/a\nb\n", "repo/svc/.gitignore": "!b\n"})
    assert paths("repo/svc") == ["repo/svc/b/Dockerfile", "repo/svc/c/Dockerfile"]


@pytest.mark.parametrize("rules", ["build/\n", "*\n", "build/**\nbuild\n"])
def test_a_named_folder_is_searched_even_if_it_is_ignored(root: Path, rules: str):
    make(root, ".git/", "build/a/Dockerfile", "build/b/Dockerfile", **{".gitignore": rules})
    make(root, **{"build/.gitignore": "b\n"})
    assert paths(".") == []
    assert paths("build") == ["build/a/Dockerfile"]
    assert paths("build/a") == ["build/a/Dockerfile"]


def test_git_folders_are_left_out(root: Path):
    make(root, ".git/Dockerfile", "a/.git/Dockerfile", "Dockerfile")
    assert paths(".") == ["Dockerfile"]


def test_info_exclude(root: Path):
    make(root, ".git/info/", "a/Dockerfile", "b/Dockerfile", **{".git/info/exclude": "a\n"})
    assert paths(".") == ["b/Dockerfile"]


def test_info_exclude_of_a_linked_work_tree(root: Path):
    make(root, "main/.git/info/", "main/.git/worktrees/w/", "w/a/Dockerfile", "w/b/Dockerfile")
    make(root, **{"main/.git/info/exclude": "a\n", "main/.git/worktrees/w/commondir": "../..\n"})
    make(root, **{"w/.git": "gitdir: ../main/.git/worktrees/w\n"})
    assert paths("w") == ["w/b/Dockerfile"]


def test_a_repository_inside_has_rules_of_its_own(root: Path):
    make(root, ".git/", "sub/.git/", "sub/a/Dockerfile", "b/a/Dockerfile", **{".gitignore": "a\n"})
    assert paths(".") == ["sub/a/Dockerfile"]


@pytest.mark.parametrize(
    ("rules", "kept"),
    [
        ("a", ["b/Dockerfile", "b/Dockerfile.x"]),
        ("b/a", ["a/Dockerfile", "a/Dockerfile.x", "b/Dockerfile", "b/Dockerfile.x"]),
        ("*.x", ["a/Dockerfile", "b/Dockerfile", "b/a/Dockerfile"]),
        ("*\n!*/\n!Dockerfile", ["a/Dockerfile", "b/Dockerfile", "b/a/Dockerfile"]),
        ("/*\n!/b\n/b/*\n!/b/a/", ["b/a/Dockerfile", "b/a/Dockerfile.x"]),
        ("b/\n!b/Dockerfile", ["a/Dockerfile", "a/Dockerfile.x"]),  # not inside of an ignored folder
        ("\ufeffa\r\n# b\r\n\r\n", ["b/Dockerfile", "b/Dockerfile.x"]),
        (
            "[b\\",
            ["a/Dockerfile", "a/Dockerfile.x", "b/Dockerfile", "b/Dockerfile.x", "b/a/Dockerfile", "b/a/Dockerfile.x"],
        ),
    ],
)
def test_gitignore(root: Path, rules: str, kept: list[str]):
    make(root, ".git/", *(f"{folder}/Dockerfile{end}" for folder in ("a", "b", "b/a") for end in ("", ".x")))
    (root / ".gitignore").write_text(rules, newline="")
    assert paths(".") == kept


def test_an_unreadable_gitignore_is_reported(root: Path, monkeypatch: pytest.MonkeyPatch):
    import builtins

    make(root, "Dockerfile", ".gitignore")
    real = builtins.open

    def refuse(path: str, *rest: object, **more: object) -> object:
        if path == ".gitignore":
            raise PermissionError(13, "Permission denied", path)
        return real(path, *rest, **more)  # type: ignore[call-overload]

    monkeypatch.setattr(builtins, "open", refuse)
    assert list(find(["."])) == [Problem(".gitignore", "permission denied"), Found("Dockerfile")]


ENVIRONMENT = {name: value for name, value in os.environ.items() if not name.startswith("GIT_")}
FOLDERS = ("", ".d", "a", "b", "a/a", "a/b", "b/a", "b/b", "a/b/a")
LINES = st.sampled_from(
    r"a b Dockerfile * a/ b/ /a /a/ /a/b a/* /a/* **/b a/** **/a/ */ !*/ !Dockerfile !a !a/ !b !/a/b/ Docker* !a/b /* !/a "
    r"[ab] [!a] [^a]/ [a-c] [[:alpha:]] ? /** !/**/ ** !**/Dockerfile a/**/Dockerfile /Dockerfile *.x !b/Dockerfile.x # / ! "
    r"\a a** **a a/**b */b \!a \#a a\*".split(" ")
) | st.sampled_from(["", "a ", "a\\ ", "b\r", "\tb"])
RULES = st.lists(LINES, max_size=5).map("\n".join)


@pytest.mark.skipif(shutil.which("git") is None, reason="git is not installed")
@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(exclude=RULES, ignores=st.dictionaries(st.sampled_from(FOLDERS), RULES, min_size=1, max_size=4))
def test_git_agrees(tmp_path: Path, exclude: str, ignores: dict[str, str]):
    if not (tmp_path / ".git").exists():
        subprocess.run(["git", "init", "-q", str(tmp_path)], env=ENVIRONMENT, check=True)
        make(tmp_path, *(f"{folder}/{name}" for folder in FOLDERS for name in ("Dockerfile", "Dockerfile.x")))
    (tmp_path / ".git" / "info" / "exclude").write_text(exclude, newline="")
    for folder in FOLDERS:
        rules = tmp_path / folder / ".gitignore"
        if folder in ignores:
            rules.write_text(ignores[folder], newline="")
        else:
            rules.unlink(missing_ok=True)
    command = ["git", "-c", "core.excludesFile=", "ls-files", "--others", "--exclude-standard", "-z"]
    listed = subprocess.run(command, cwd=tmp_path, env=ENVIRONMENT, check=True, capture_output=True, text=True).stdout
    expected = sorted(str(tmp_path / name) for name in listed.split("\0") if is_dockerfile_name(Path(name).name))
    assert sorted(item.path for item in find([tmp_path])) == expected
