"""Instructions → what `docker build` would do, beyond the golden answers."""

from __future__ import annotations

import json

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from d2t import api
from d2t.plan.base import BaseConfigError, read_config
from d2t.plan.build import CopyStep, ImageConfig, RunStep
from d2t.plan.document import document

PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"


def planned(text: str, **options):  # type: ignore[no-untyped-def]
    result = api.plan(text, **options)
    assert result.plan, result.diagnostics
    return result.plan


def test_inherited_variables_stay_symbolic_and_are_marked() -> None:
    data = document(planned("FROM rust\nENV PATH=/x:$PATH\nRUN y"))
    assert data["image"]["env"] == {"PATH": "/x:${PATH}"}
    assert data["symbolic"] == ["PATH"]


def test_a_base_config_makes_them_known() -> None:
    config = read_config({"Env": ["PATH=/c:/bin"], "User": "u", "WorkingDir": "/w", "Entrypoint": ["e"], "Cmd": ["c"]})
    plan = planned("FROM rust\nENV PATH=/x:$PATH\nWORKDIR y\nRUN z", base_config=config)
    data = document(plan)
    assert "symbolic" not in data
    assert data["image"] | {"env": data["image"]["env"]} == data["image"]
    assert (data["image"]["env"], data["image"]["workdir"], data["image"]["user"]) == (
        {"PATH": "/x:/c:/bin"},
        "/w/y",
        "u",
    )
    assert data["image"]["entrypoint"] == ["e"]


def test_a_default_of_an_unknown_variable_is_an_assumption() -> None:
    plan = planned("FROM x\nENV PORT=${PORT:-80} A='${A:-y}'")
    assert plan.image.env == {"PORT": "80", "A": "${A:-y}"}
    assert plan.assumed == ("PORT",)


def test_a_literal_dollar_is_not_symbolic() -> None:
    assert "symbolic" not in document(planned("FROM x\nENV A='$PATH' B=\\$PATH"))


def test_arg_scopes_and_build_args() -> None:
    text = "ARG V=1\nFROM x:$V AS a\nARG V\nARG W=$V-w\nRUN a\nFROM a\nRUN b"
    first, second = [step for step in planned(text, build_args={"V": "2"}).steps if isinstance(step, RunStep)]
    assert dict(first.env) == {"V": "2", "W": "2-w"}
    assert first.args == ("V", "W")
    assert second.args == ("V", "W")
    assert planned(text, build_args={"V": "2"}).base == "docker-image://docker.io/library/x:2"


def test_onbuild_of_a_stage_and_of_the_base_run_first() -> None:
    config = ImageConfig(env={"PATH": PATH}, onbuild=("RUN base", "ENV T=1"))
    plan = planned("FROM x AS a\nONBUILD RUN stage\nFROM a\nRUN own", base_config=config)
    runs = [step for step in plan.steps if isinstance(step, RunStep)]
    assert [(step.argv[-1], step.origin.line, step.triggered) for step in runs] == [
        ("base", 1, True),
        ("stage", 3, True),
        ("own", 4, False),
    ]
    assert plan.image.onbuild is None


@pytest.mark.parametrize(
    ("text", "kinds"),
    [
        ("COPY a b /d/", ["context", "context"]),
        ("ADD https://e.org/a.tgz /d", ["url"]),
        ("ADD https://e.org/a.git /d", ["git"]),
        ("ADD git@e.org:o/r.git /d", ["git"]),
        ("COPY --from=busybox:1 /a /d", ["image"]),
        ("COPY <<A <<B c /d/\n1\nA\n2\nB", ["context", "document", "document"]),
    ],
)
def test_sources_are_told_apart(text: str, kinds: list[str]) -> None:
    (step,) = [step for step in planned(f"FROM x\n{text}").steps if isinstance(step, CopyStep)]
    assert [source.kind for source in step.sources] == kinds


@pytest.mark.parametrize(
    ("text", "line", "words"),
    [
        ("FROM x\nCOPY --from=later a b\nFROM y AS later", None, ""),
        ("FROM x AS a\nCOPY --from=b . .\nFROM y AS b\nFROM a", 2, "cannot copy from stage"),
        ("FROM x AS a\nCOPY --from=a . .", 1, "circular dependency"),
        ("FROM x\nSTOPSIGNAL NOPE", 2, "invalid signal: NOPE"),
        ("FROM x\nEXPOSE 1\nEXPOSE 99999", 3, "invalid containerPort: 99999"),
        ("FROM x\nRUN --mount=type=nope,target=/x a", 2, 'unsupported mount type "nope"'),
        ("FROM --platform=a/b/c/d x", 1, "failed to parse platform"),
    ],
)
def test_what_buildkit_refuses_later(text: str, line: int | None, words: str) -> None:
    result = api.plan(text)
    if line is None:
        assert result.plan
        return
    assert result.plan is None
    assert (result.diagnostics[0].line, words in result.diagnostics[0].message) == (line, True)


def test_one_error_does_not_hide_the_next() -> None:
    result = api.plan('FROM x\nENV A="\nEXPOSE abc\nSTOPSIGNAL 0')
    assert [diagnostic.line for diagnostic in result.diagnostics] == [2, 3, 4]


def test_a_missing_target_names_the_stages() -> None:
    (diagnostic,) = api.plan("FROM x AS one\nFROM y AS two", target="thre").diagnostics
    assert diagnostic.help == "the named stages are one, two"


@pytest.mark.parametrize(
    "data",
    [
        {"config": {"Env": ["A=b=c"], "User": "u"}},
        [{"Config": {"Env": ["A=b=c"], "User": "u"}}],
        {"Env": ["A=b=c"], "User": "u"},
    ],
)
def test_config_forms(data: object) -> None:
    config = read_config(json.loads(json.dumps(data)))
    assert (config.env, config.user) == ({"A": "b=c"}, "u")


@pytest.mark.parametrize("data", [[], 1, {"x": 1}, {"config": {"Env": "A=b"}}, {"Env": [1]}, {"User": 1}, [{}, {}]])
def test_what_is_no_config(data: object) -> None:
    with pytest.raises(BaseConfigError):
        read_config(data)


# Re-formatting a Dockerfile does not change its plan

LINES = st.sampled_from(
    [
        "ENV A=1 B=$A",
        "ENV A $B tail",
        "ARG V=2",
        "RUN make $V",
        'RUN ["x", "$A"]',
        "USER $A",
        "WORKDIR sub",
        "WORKDIR /a/$V",
        "COPY x /y/",
        "EXPOSE 80 90-92/udp",
        "CMD run",
        'ENTRYPOINT ["e"]',
        "RUN cat <<E >x\n$A\nE",
        "FROM other AS z",
    ]
)


@given(st.lists(LINES), st.randoms(use_true_random=False))
def test_formatting_does_not_change_the_plan(lines: list[str], random) -> None:  # type: ignore[no-untyped-def]
    before = api.plan("FROM x\n" + "\n".join(lines)).plan
    assume(before)
    out = ["# a comment", "from x"]
    for line in lines:
        first, *rest = line.split("\n")
        word, tail = first.split(" ", 1)
        if random.random() < 0.5:
            word = word.lower()
        if random.random() < 0.3 and not rest and '"' not in tail:
            tail = f"\\\n  # between\n{tail}"
        out += ["", f"{'  ' * random.randrange(2)}{word} {tail}", *rest]
    after = api.plan("\n".join(out)).plan
    assert after
    assert without_lines(after) == without_lines(before)


def without_lines(plan) -> object:  # type: ignore[no-untyped-def]
    data = document(plan)
    for step in data["steps"]:
        del step["line"]
    return data
