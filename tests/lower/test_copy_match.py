"""Sources of COPY in the context."""

from __future__ import annotations

import pytest

from d2t.lower.copy.match import Found, follow, is_wild, matches
from d2t.lower.options import Context, Entry

FILE, FOLDER = Entry("file"), Entry("dir")


def link(target: str) -> Entry:
    return Entry("link", target=target)


CONTEXT = Context(
    ".",
    {
        "a.py": FILE,
        "b.py": FILE,
        "a-b": FILE,
        "[x]": FILE,
        "dir": FOLDER,
        "dir/c.py": FILE,
        "dir/sub": FOLDER,
        "dir/sub/d.py": FILE,
        "dir/up": link("../a.py"),
        "dir/out": link("../../b.py"),
        "abs": link("/dir/sub/d.py"),
        "to": link("dir"),
        "loop": link("loop2"),
        "loop2": link("loop"),
        "gone": link("nowhere"),
    },
)


@pytest.mark.parametrize(
    ("pattern", "found"),
    [
        ("/", [""]),
        ("/a.py", ["a.py"]),
        ("/none", None),
        ("/gone", None),
        ("/loop", None),
        ("/a.py/x", None),
        ("/*.py", ["a.py", "b.py"]),
        ("/?.py", ["a.py", "b.py"]),
        ("/[ab].py", ["a.py", "b.py"]),
        ("/[^a].py", ["b.py"]),
        ("/[a-a].py", ["a.py"]),
        ("/[b-a].py", []),
        ("/[!a].py", ["a.py"]),  # Go negates with ^ alone
        (r"/a[\-]*", ["a-b"]),
        ("/a[-]*", []),  # malformed
        ("/[a", []),
        (r"/\[x*", ["[x]"]),
        ("/*/*.py", ["dir/c.py"]),
        ("/d*/sub", ["dir/sub"]),
        ("/dir/*", ["dir/c.py", "dir/out", "dir/sub", "dir/up"]),
        ("/to/*.py", ["dir/c.py"]),
        ("/t*/c.py", []),  # links are not entered by a pattern
        ("/none/*", None),
        ("/none*", []),
        ("/**/d.py", []),
    ],
)
def test_a_source_names_paths(pattern: str, found: list[str] | None) -> None:
    assert matches(CONTEXT, pattern) == found


@pytest.mark.parametrize(
    ("path", "found"),
    [
        ("dir/up", Found("a.py", True)),
        ("dir/out", Found("b.py", False)),
        ("abs", Found("dir/sub/d.py", False)),
        ("to/sub/d.py", Found("dir/sub/d.py", True)),
        ("to", Found("dir", True)),
        ("", Found("", True)),
    ],
)
def test_links_are_followed_inside_the_context(path: str, found: Found) -> None:
    assert follow(CONTEXT, path) == found


def test_the_last_link_may_stay() -> None:
    assert follow(CONTEXT, "to/up", last=False) == Found("dir/up", True)
    assert follow(CONTEXT, "gone", last=False) == Found("gone", True)


@pytest.mark.parametrize(
    ("pattern", "wild"), [("a*", True), ("a?", True), ("a[b", True), (r"a\*b", False), ("{a}", False)]
)
def test_a_pattern_is_told_from_a_name(pattern: str, wild: bool) -> None:
    assert is_wild(pattern) is wild
