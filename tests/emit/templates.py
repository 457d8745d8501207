"""Templates for the emit tests: by hand, and any that hypothesis finds."""

from __future__ import annotations

from hypothesis import strategies as st

from d2t import template as tpl

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

TEXT = st.one_of(st.sampled_from(NASTY), st.text(st.characters(exclude_categories=["Cs"]), min_size=1))
WHY = st.one_of(st.just(""), TEXT)
LINE = st.integers(0, 999)
NAME = st.one_of(st.sampled_from(["A", "PATH", "__proto__", "constructor", "a.b"]), TEXT)

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
    start, ready = draw(st.one_of(st.just(""), TEXT)), draw(READY)
    if start and ready is None:
        ready = tpl.WaitForTimeout(20_000)  # the SDK's set_start_cmd takes both
    return tpl.Template(
        base=draw(st.one_of(st.builds(tpl.FromImage, TEXT), st.builds(tpl.FromTemplate, TEXT))),
        steps=tuple(draw(st.lists(STEPS, max_size=5))),
        start_cmd=start,
        start_why=draw(WHY),
        ready=ready,
        ready_why=draw(WHY),
        name=draw(st.sampled_from(["", "web", "web:v1"])),
        cpu_count=draw(st.sampled_from([None, 4])),
        provider=draw(st.sampled_from(["", "baidu", "e2b"])),
    )


BY_HAND = [
    tpl.Template(tpl.FromImage("alpine")),
    tpl.Template(tpl.FromImage("alpine"), (tpl.RunCmd("true"),), provider="baidu", name="one"),
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
