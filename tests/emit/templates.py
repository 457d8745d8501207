"""Templates for the emit tests: by hand, and any that hypothesis finds."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from d2t import template as tpl
from d2t.emit.body import body

NASTY = [
    "echo 'single' \"double\" `tick` $(sub) ${VAR:-x} \\n \\",
    "a\"\"\"b'''c",
    "line one\nline two\n\n\ttabbed\n",
    "carriage\r\nreturn\rend",
    "x" * 200 + " && " + "y" * 90 + ' && echo "z"',
    "apt-get update && apt-get install -y --no-install-recommends curl git build-essential && rm -rf /var/lib/apt/lists/*",
    "unicode é 日本語 😀",
    "invisible \u202e \u200b \ufeff \u2028 \x00 \x1b[31m \x7f \xa0",
    "#{ruby} {{ jinja }} {% raw %} {# c #} %(percent)s {brace}",
    "*/ // <!-- --> */",
    " leading and trailing ",
]

ENCODABLE = st.one_of(st.sampled_from(NASTY), st.text(st.characters(exclude_categories=["Cs"]), min_size=1))
TEXT = st.one_of(ENCODABLE, st.text(min_size=1), st.sampled_from(["lone \ud800", "two \ud83d\ude00"]))
WHY = st.one_of(st.just(""), TEXT)
LINE = st.integers(0, 999)
# JavaScript puts names that are whole numbers in front of the others; in one ENV step their order means nothing
NAME = st.one_of(
    st.sampled_from(["A", "PATH", "__proto__", "constructor", "a.b"]),
    TEXT.filter(lambda name: not (name.isascii() and name.isdigit())),
)

# what the build context of the tests has
FILES = {"app.py": "print()\n", "a b.txt": "text\n", "it's/x": "x\n", "folder/deep/y": "y\n"}

STEPS = st.one_of(
    st.builds(tpl.RunCmd, TEXT, st.one_of(st.just(""), TEXT), LINE, WHY),
    st.builds(
        tpl.SetEnvs,
        st.dictionaries(NAME, st.one_of(st.just(""), TEXT), min_size=1, max_size=4).map(lambda d: tuple(d.items())),
        LINE,
        WHY,
    ),
    st.builds(tpl.SetWorkdir, TEXT, LINE, WHY),
    st.builds(tpl.SetUser, TEXT, LINE, WHY),
    st.builds(
        tpl.Copy,
        st.sampled_from(["app.py", "a b.txt", "it's", "folder/deep", "."]),
        ENCODABLE,  # the SDK hashes it
        st.one_of(st.sampled_from(["", "app", "root:root"]), TEXT),
        st.sampled_from([None, 0o755, 0o4755, 0o44]),
        st.booleans(),
        LINE,
        WHY,
    ),
)
READY = st.one_of(
    st.none(),
    st.builds(tpl.WaitForPort, st.integers(1, 65535)),
    st.builds(tpl.WaitForUrl, TEXT, st.sampled_from([200, 204])),
    st.builds(tpl.WaitForProcess, TEXT),
    st.builds(tpl.WaitForFile, TEXT),
    st.builds(tpl.WaitForTimeout, st.integers(1, 10**6)),
    st.builds(tpl.ReadyCommand, TEXT),
)


@st.composite
def any_template(draw: st.DrawFn) -> tpl.Template:
    return tpl.Template(
        base=draw(st.one_of(st.builds(tpl.FromImage, TEXT), st.builds(tpl.FromTemplate, TEXT))),
        steps=tuple(draw(st.lists(STEPS, max_size=5))),
        start_cmd=draw(st.one_of(st.just(""), TEXT)),
        start_why=draw(WHY),
        ready=draw(READY),
        ready_why=draw(WHY),
        name=draw(st.sampled_from(["", "web", "web:v1"])),
        cpu_count=draw(st.sampled_from([None, 4])),
        provider=draw(st.sampled_from(["", "baidu", "e2b"])),
    )


def some(count: int) -> list[tpl.Template]:
    """Templates that hypothesis finds, for what is cheaper to check of many at once."""
    found = []

    @settings(max_examples=count, database=None, deadline=None, suppress_health_check=list(HealthCheck))
    @given(any_template())
    def collect(template: tpl.Template) -> None:
        found.append(template)

    collect()
    return found


def make_context(folder: Path) -> None:
    """Write FILES."""
    for name, text in FILES.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)


def sent(template: tpl.Template) -> Any:
    """The request's body without what the context's files decide, as it arrives."""
    return json.loads(json.dumps(body(template)))


def without_hashes(data: Any) -> Any:
    """What the SDK would send, less the hash that every COPY must have."""
    for step in data["steps"]:
        assert ("filesHash" in step) == (step["type"] == "COPY")
        step.pop("filesHash", None)
    return data


BY_HAND = [
    tpl.Template(tpl.FromImage("alpine")),
    tpl.Template(tpl.FromImage("alpine"), (tpl.RunCmd("true"),), provider="baidu", name="one"),
    tpl.Template(tpl.FromImage("alpine"), (tpl.RunCmd("x" * 100),)),
    tpl.Template(tpl.FromTemplate("base"), (tpl.SetEnvs((("A", "1"), ("A", "2"))), tpl.SetEnvs(())), provider="e2b"),
    tpl.Template(tpl.FromImage("alpine"), start_cmd="serve"),  # no ready command
    tpl.Template(tpl.FromImage("alpine"), ready=tpl.WaitForUrl("http://localhost/?a=1&b='")),
    tpl.Template(
        tpl.FromImage("alpine"),
        (
            tpl.Copy("app.py", "/app/", line=2),
            tpl.Copy("a b.txt", "/srv/" + "x" * 80, "root:root", 0o644, resolve_symlinks=True, line=3, why="why"),
            tpl.Copy("it's", "it's", mode=0o4755),
            tpl.Copy(".", "."),
        ),
        provider="e2b",
    ),
    *(
        tpl.Template(
            tpl.FromImage("debian:12"),
            (
                tpl.RunCmd(text, line=3, why=text),
                tpl.RunCmd(text, user="root"),
                tpl.SetEnvs((("A", text), ("B", "2"))),
                tpl.SetEnvs((("ONLY", text),), why="why"),
                tpl.SetWorkdir("/app"),
                tpl.SetUser("app"),
            ),
            start_cmd=text,
            ready=ready,
            ready_why="HEALTHCHECK",
            provider="e2b",
        )
        for text, ready in zip(
            NASTY,
            [
                tpl.WaitForPort(80),
                tpl.WaitForUrl("http://localhost/" + "x" * 90, 204),
                tpl.WaitForProcess("it's"),
                tpl.WaitForFile("/run/a b"),
                tpl.WaitForTimeout(500),
                *map(tpl.ReadyCommand, NASTY),
            ],
            strict=False,
        )
    ),
]
