"""COPY and ADD of files of the context, as steps for a provider that takes files."""

from __future__ import annotations

import pytest

from d2t.api import Result, transpile
from d2t.lower.options import Context, Entry
from d2t.plan.build import CopyStep
from d2t.template import Copy, RunCmd


def context(*names: str, ignored: tuple[str, ...] = (), differs: tuple[str, ...] = (), **odd: Entry) -> Context:
    """Names ending in `/` are folders; a mode may follow a blank; `a -> b` is a link."""
    entries: dict[str, Entry] = {}
    for text in names:
        name, arrow, target = text.partition(" -> ")
        name, _, mode = name.partition(" ")
        path = name.rstrip("/")
        parts = path.split("/")
        for count in range(1, len(parts)):
            entries.setdefault("/".join(parts[:count]), Entry("dir", mode=0o755))
        if arrow:
            entries[path] = Entry("link", target=target)
        elif name.endswith("/"):
            entries[path] = Entry("dir", mode=int(mode or "755", 8))
        else:
            entries[path] = Entry("file", mode=int(mode or "644", 8))
    return Context(".", entries | odd, frozenset(ignored), frozenset(differs))


def translate(lines: str, files: Context | None, provider: str = "e2b") -> Result:
    return transpile(f"FROM debian:12\n{lines}\n", provider=provider, context=files)


def shown(result: Result) -> list[str]:
    """The steps of COPY and ADD in one line each."""
    assert result.template is not None, result.diagnostics
    assert result.plan is not None
    lines = {step.origin.line for step in result.plan.steps if isinstance(step, CopyStep)}
    found = []
    for step in result.template.steps:
        if isinstance(step, Copy):
            mode = f" {step.mode:o}" if step.mode is not None else ""
            links = " links" if step.resolve_symlinks else ""
            found.append(f"{step.src} {step.dest} {step.user}{mode}{links}")
        elif isinstance(step, RunCmd) and step.line in lines:
            assert step.user in ("", "root")
            found.append(f"$ {step.command}")
    return found


@pytest.mark.parametrize(
    ("lines", "names", "steps"),
    [
        ("COPY a /b", "a", ["a /b root:root"]),
        ("COPY a /d/.", "a", ["a /d/ root:root"]),
        ("COPY ./x/../a /", "a", ["a / root:root"]),
        ("COPY /a ../b", "a", ["a /b root:root"]),
        ("WORKDIR /w\nCOPY . .", "a", [". /w/ root:root"]),
        ("COPY a b /d/", "a b", ["a /d/ root:root", "b /d/ root:root"]),
        ("COPY *.py /d/", "a.py b.py", ["a.py /d/ root:root", "b.py /d/ root:root"]),
        ("COPY *.py /one", "a.py b.py", ["a.py /one root:root", "b.py /one root:root"]),  # the last one wins
        ("COPY x*/ /d/", "x1/a x2/b", ["x1 /d/ root:root", "x2 /d/ root:root"]),
        ("COPY none* a /d/", "a", ["a /d/ root:root"]),
        ("COPY a /d$", "a", ["a /d\\$ root:root"]),
        ("USER nobody\nCOPY a /b", "a", ["a /b root:root"]),
        ("COPY --link a /b", "a", ["a /b root:root"]),
        ("COPY --chmod=755 a /b", "a", ["a /b root:root 755"]),
        ("COPY --chmod=u+x,go-r a /b", "a", ["a /b root:root 700"]),
        ("COPY --chmod=a=rX d/a /b", "d/a", ["d/a /b root:root 444"]),
        ("COPY --chmod=+s a /b", "a", ["a /b root:root 6644"]),
        ("COPY --chown=1000 a /b", "a", ["a /b 1000:1000"]),
        ("COPY --chown=1:2 a /b", "a", ["a /b 1:2"]),
        ("COPY --chown=node a /b", "a", ["a /b node:"]),
        ("COPY --chown=node:www-data a /b", "a", ["a /b node:www-data"]),
        ("COPY --chown=:2 a /b", "a", ["a /b root:2"]),
        ("COPY --chown=0:0 a /b", "a", ["a /b root:root"]),
        (
            "COPY --chown=1:2 a /new/deep/",
            "a",
            ['$ for d in /new /new/deep; do [ -d "$d" ] || install -d -o 1 -g 2 "$d"; done', "a /new/deep/ 1:2"],
        ),
        (
            "WORKDIR /w\nCOPY --chown=node d x",
            "d/a",
            ["$ [ -d /w/x ] || install -d -o node -g $(id -g node) /w/x", "d /w/x node:"],
        ),
        ("WORKDIR /w\nCOPY --chown=node d .", "d/a", ["d /w/ node:"]),
        ("COPY --chown=app a /b", "a", ["$ id -u app", "a /b app:"]),
        ("COPY --chown=1:grp a b /", "a b", ["$ getent group grp", "a / 1:grp", "b / 1:grp"]),
        ("RUN useradd app\nCOPY --chown=app a /b", "a", ["a /b app:"]),
    ],
)
def test_files_and_folders(lines: str, names: str, steps: list[str]) -> None:
    assert shown(translate(lines, context(*names.split()))) == steps


@pytest.mark.parametrize(
    ("lines", "names", "steps"),
    [
        ("COPY l /d/", ["f", "l -> f"], ["l /d/ root:root links"]),
        ("COPY d/l /d/", ["f", "d/l -> ../f"], ["d/l /d/ root:root links"]),
        ("COPY l/f /d/", ["d/f", "l -> d"], ["d/f /d/ root:root"]),
        ("COPY l /x", ["d/f", "l -> d"], ["d /x root:root"]),
        ("COPY l /d/", ["f", "l -> /f"], ["f /d/l root:root"]),  # the SDK would take the machine's own /f
        ("COPY l /d/", ["d/f", "l -> ../../d/f"], ["d/f /d/l root:root"]),
        ("COPY l /d/", ["x/l", "l -> /x/l"], ["x/l /d/ root:root"]),
        ("WORKDIR /d\nCOPY l /d", ["f", "l -> /f"], ["f /d/l root:root"]),
    ],
)
def test_links_that_are_sources(lines: str, names: list[str], steps: list[str]) -> None:
    assert shown(translate(lines, context(*names))) == steps


LINKED = '&& if [ -d "$f" ]; then f="$f"/a; fi && mv -f /tmp/d2t/a "$f"'


@pytest.mark.parametrize(
    ("lines", "names", "steps"),
    [
        # links at the destination
        ("COPY a /etc/localtime", ["a"], ["a /tmp/d2t/a root:root", f"$ f=$(readlink -f /etc/localtime) {LINKED}"]),
        (
            "RUN ln -s /x /srv/l\nCOPY a /srv/l",
            ["a"],
            ["a /tmp/d2t/a root:root", f"$ f=$(readlink -f /srv/l) {LINKED}"],
        ),
        ("RUN ln -s /x /srv/l\nCOPY a /srv/l/", ["a"], ["a /srv/l/ root:root"]),
        # folders at the destination
        ("COPY d /new", ["d/s/ 775", "d/s/t/ 700"], ["d /new root:root"]),
        ("RUN make\nCOPY d /new", ["d/s/ 775"], ["d /new root:root"]),
        (
            "RUN mkdir -p /new/s\nCOPY d /new",
            ["d/s/ 775", "d/t/ 775"],
            ["d /new root:root", "$ chown root:root /new/s && chmod 775 /new/s"],
        ),
        ("RUN mkdir -p /new/s\nCOPY d /new", ["d/s/ 755"], ["d /new root:root"]),
        (
            "WORKDIR /new\nRUN mkdir s && chmod 700 s\nCOPY d .",
            ["d/s/"],
            ["d /new/ root:root", "$ chown root:root /new/s && chmod 755 /new/s"],
        ),
        ("WORKDIR /new\nRUN pip install -r s/x\nCOPY d .", ["d/s/"], ["d /new/ root:root"]),
        ("COPY d /", ["d/etc/", "d/srv/"], ["d / root:root"]),
        ("COPY d /", ["d/tmp/"], ["d / root:root", "$ chown root:root /tmp && chmod 755 /tmp"]),
        (
            "COPY --chown=1:2 --chmod=750 d /etc",
            ["d/x/"],
            ["d /etc 1:2 750", "$ chown 1:2 /etc/x && chmod 750 /etc/x"],
        ),
        # bits that chown takes away
        ("COPY a /b", ["a 4755"], ["a /b root:root 4755"]),
        ("COPY d /b", ["d/a 4755", "d/t 1644"], ["d /b root:root", "$ chmod 4755 /b/a"]),
        ("COPY --chmod=700 d /b", ["d/a 4755"], ["d /b root:root 700"]),
    ],
)
def test_what_the_service_would_leave_otherwise(lines: str, names: list[str], steps: list[str]) -> None:
    assert shown(translate(lines, context(*names))) == steps


def test_folders_that_an_ignore_file_names_keep_their_mode() -> None:
    files = context("keep/ 711", "keep/in/ 700", "keep/in/k", ignored=("keep", "keep/in", "keep/n"))
    assert shown(translate("COPY . /x", files)) == [". /x root:root", "$ chmod 700 /x/keep/in && chmod 711 /x/keep"]
    assert shown(translate("COPY keep /x", files)) == ["keep/in/k /x/in/k root:root", "$ chmod 700 /x/in"]


def test_an_ignore_file_that_the_sdk_does_not_read() -> None:
    files = context("d/a", "d/s/x", ignored=("d/b",), differs=("d/b",))
    assert shown(translate("COPY d /x", files)) == ["d/a /x/a root:root", "d/s /x/s root:root"]
    hidden = context("d/a", "d/b", differs=("d/b",))
    (finding,) = [item for item in translate("COPY d /x", hidden).diagnostics if item.code == "D2T218"]
    assert "the SDK leaves out d/b" in finding.message


@pytest.mark.parametrize(
    ("lines", "names", "steps"),
    [
        ("COPY --exclude=*.md d /x", ["d/a", "d/b.md", "d/s/c.md"], ["d/a /x/a root:root", "d/s /x/s root:root"]),
        ("COPY --exclude=**/*.md d /x", ["d/a", "d/s/c.md", "d/s/e"], ["d/a /x/a root:root", "d/s/e /x/s/e root:root"]),
        ("COPY --exclude=s d /x", ["d/a", "d/s/c"], ["d/a /x/a root:root"]),
        ("COPY --exclude=* d /x", ["d/a"], ["$ mkdir -p /x"]),
        (
            "COPY --exclude=*/b d /x",
            ["d/s/ 700", "d/s/a", "d/s/b", "d/t/ 711"],
            ["d/s/a /x/s/a root:root", "d/t /x/t root:root", "$ chmod 700 /x/s && chmod 711 /x/t"],
        ),
        ("COPY --parents d/s/a b /x/", ["d/s/a", "d/s/b", "b"], ["d/s/a /x/d/s/a root:root", "b /x/b root:root"]),
        ("COPY --parents d/./s/*.py /x", ["d/s/a.py", "d/s/b"], ["d/s/a.py /x/s/a.py root:root"]),
        ("COPY --parents d/**/a /x", ["d/a", "d/s/a", "d/s/b"], ["d/a /x/d/a root:root", "d/s/a /x/d/s/a root:root"]),
        ("COPY --parents d /x", ["d/ 700", "d/s/a"], ["d /x/d root:root", "$ chmod 700 /x/d"]),
        ("COPY --parents d/l /x", ["d/a", "d/l -> a"], ["d/l /x/d/l root:root"]),
        (
            "COPY --parents --exclude=*/b d /x",
            ["d/a", "d/b"],
            ["d/a /x/d/a root:root"],
        ),
        ("COPY --parents *.py /x", ["d"], ["$ mkdir -p /x"]),
    ],
)
def test_parts_of_a_folder(lines: str, names: list[str], steps: list[str]) -> None:
    assert shown(translate(lines, context(*names))) == steps


def archive(kind: str, root: bool = False) -> Entry:
    return Entry("file", mode=0o644, archive=kind, archive_root=root)


@pytest.mark.parametrize(
    ("lines", "entry", "steps"),
    [
        (
            "ADD a /opt",
            archive("gzip"),
            ["a /tmp/d2t/a root:root", "$ tar -xpf /tmp/d2t/a --numeric-owner -C /opt && rm /tmp/d2t/a"],
        ),
        (
            "ADD --chmod=600 a /new/",
            archive("tar", root=True),
            [
                "a /tmp/d2t/a root:root",
                "$ mkdir -p /new && own=$(stat -c '%u:%g %a' /new) && tar -xpf /tmp/d2t/a --numeric-owner -C /new "
                '&& chown "${own% *}" /new && chmod "${own#* }" /new && rm /tmp/d2t/a',
            ],
        ),
        ("ADD --unpack=false a /opt/", archive("gzip"), ["a /opt/ root:root"]),
        ("ADD a /opt/", archive(""), ["a /opt/ root:root"]),
        ("COPY a /opt/", archive("gzip"), ["a /opt/ root:root"]),
    ],
)
def test_archives(lines: str, entry: Entry, steps: list[str]) -> None:
    assert shown(translate(lines, context(a=entry))) == steps


@pytest.mark.parametrize(
    ("lines", "files", "code", "words"),
    [
        ("COPY gone /", context("a"), "D2T216", "the build context has no gone"),
        ("COPY gone/* /", context("a"), "D2T216", "the build context has no gone/*"),
        ("ADD gone /", context("a"), "D2T216", "the build context has no gone"),
        ("COPY --parents d/gone /", context("d/a"), "D2T216", "the build context has no d/gone"),
        ("COPY l /", context("l -> nowhere"), "D2T216", "the build context has no l"),
        ("COPY d/a /", context("b", ignored=("d",)), "D2T216", "d/a is left out by .dockerignore"),
        ("COPY a /", None, "D2T217", "needs the build context"),
        ("COPY w* /", context("w[x]"), "D2T218", "'w[x]' cannot be sent by itself"),
        ("COPY w* /", context("w`id`"), "D2T218", "cannot be sent by itself"),
        ("COPY ./-a /", context("-a"), "D2T218", "cannot be sent by itself"),
        ("COPY pipe /", context(pipe=Entry("other")), "D2T218", "pipe is neither a file nor a folder"),
        ("COPY . /", context(pipe=Entry("other")), "D2T218", "pipe is neither a file nor a folder"),
        ("COPY . /", context("\udcff"), "D2T218", "it is not UTF-8"),
        ("COPY --chmod=u+x d /x", context("d/a"), "D2T218", "--chmod=u+x of a folder"),
        ("COPY --exclude=*.md a.md /", context("a.md"), "D2T218", "builders do not agree"),
        (
            "COPY --exclude=**/b d /",
            context(*(f"d/{n}/{f}" for n in range(41) for f in "ab")),
            "D2T218",
            "more than 40",
        ),
        ("ADD --chown=1 a /", context(a=archive("tar")), "D2T218", "ADD --chown of an archive"),
        ("ADD a /", context(a=archive("xz")), "D2T219", "can only be unpacked when the image has xz"),
        ("COPY --chown=app a /", context("a"), "D2T221", "has app"),
    ],
)
def test_what_is_said(lines: str, files: Context | None, code: str, words: str) -> None:
    (finding,) = [item for item in translate(lines, files).diagnostics if item.code == code]
    assert words in finding.message


def test_a_tool_that_a_run_installs_is_there() -> None:
    result = translate("RUN apt-get install -y xz-utils\nADD a /", context(a=archive("xz")))
    assert "D2T219" not in {item.code for item in result.diagnostics}


def test_each_source_is_named_where_files_cannot_be_sent() -> None:
    lines = "COPY a b /x/\nADD c https://example.com/d https://example.com/e.git /y/"
    found = [item for item in translate(lines, None, "baidu").diagnostics if item.code in ("D2T201", "D2T202")]
    assert [(item.span.line, item.span.column) for item in found if item.span] == [
        (2, 6),
        (2, 8),
        (3, 5),
        (3, 7),
        (3, 29),
    ]
    assert [item.help.split(" ")[:3] for item in found[2:]] == [
        ["fetch", "the", "files"],
        ["use", "RUN", "curl"],
        ["use", "RUN", "git"],
    ]
