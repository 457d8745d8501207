"""What holds for every text: nothing raises, an ignore hides exactly its finding, fixes are stable and do as they say."""

from __future__ import annotations

import re

from hypothesis import given, settings
from hypothesis import strategies as st

from d2t import providers
from d2t.diagnostics import Diagnostic, Edit, Span
from d2t.dockerfile.parse import read
from d2t.dockerfile.source import Source
from d2t.lint import Ask, Choice, edited, lint, repaired
from d2t.lint.fixes.situation import _document
from d2t.plan.planner import plan

BAIDU, E2B = providers.load("baidu"), providers.load("e2b")

INSTRUCTIONS = st.sampled_from(
    """RUN make
RUN echo x > /tmp/x
RUN mkdir -p /run/x && chmod 700 /usr/local/x
RUN touch /home/user/f
RUN cat <<EOF >/tmp/h\nEXPOSE 1\nEOF
COPY a b
COPY <<EOF /etc/x\nUSER 5\nEOF
ADD https://example.com/a.tgz /opt/
  add https://example.com/$V /x
EXPOSE 8080
EXPOSE \\\n   8080/tcp
EXPOSE 80 443
USER node:node
USER 1000
USER app:app
VOLUME /data
LABEL a=b
ENV A=1 PATH=/x:$PATH
ARG TOKEN=x
WORKDIR /tmp/w
HEALTHCHECK CMD pgrep -x nginx || exit 1
HEALTHCHECK NONE
CMD serve
CMD ["echo", "x"]
ENTRYPOINT ["/init"]
ONBUILD RUN x
SHELL ["/bin/bash", "-c"]
RUNN x
ENV A
FROM debian:12
# a comment
# d2t: name=My.App
# d2t: ignore=D2T203,D2T999 a reason
# d2t: cpu=3 memory=1""".replace("\\n", "\n").split("\n")
)


@st.composite
def dockerfiles(draw: st.DrawFn) -> str:
    base = draw(st.sampled_from(["debian:12", "node:22", "myorg/app", "scratch"]))
    lines = [f"FROM {base}", *draw(st.lists(INSTRUCTIONS, max_size=8))]
    if draw(st.booleans()):
        lines.insert(0, draw(st.sampled_from(["# d2t: ignore=D2T201", "# syntax=docker/dockerfile:1", ""])))
    end = draw(st.sampled_from(["\n", "\r\n"]))
    mark = draw(st.sampled_from(["", "\ufeff"]))
    return mark + end.join(lines) + draw(st.sampled_from(["", end]))


def ranges(found: tuple[Diagnostic, ...]) -> list[Span]:
    return [item.span for item in found if item.span]


@given(st.text())
def test_any_text_is_linted(text: str) -> None:
    import d2t

    d2t.lint(text, ["baidu", "e2b", "aliyun-fc"])


@given(dockerfiles())
@settings(max_examples=150)
def test_ranges_are_inside_the_file(text: str) -> None:
    lines = Source(text).lines
    for span in ranges(lint(text, (BAIDU, E2B), Ask())):
        assert 1 <= span.line <= max(span.end_line, span.line) <= len(lines)
        assert 0 <= span.column <= len(lines[span.line - 1]) + 1
        assert span.end_column <= len(lines[(span.end_line or span.line) - 1]) + 1


@given(dockerfiles(), st.data())
@settings(max_examples=150)
def test_an_ignore_hides_exactly_its_finding(text: str, data: st.DataObject) -> None:
    choice = Choice(ignore=("D2T506",))
    text = text.replace("\ufeff", "").replace("\r\n", "\n")
    found = lint(text, (BAIDU,), Ask(), choice)
    starts = {one.origin.line: one.origin.end_line for one in read(text)[0].instructions}
    placed = [item for item in found if item.line in starts and item.line != min(starts)]
    if not placed:
        return
    item = data.draw(st.sampled_from(placed))
    lines = text.split("\n")
    lines.insert(item.line - 1, f"# d2t: ignore={item.code} for a reason")
    after = lint("\n".join(lines), (BAIDU,), Ask(), choice)

    def key(one: Diagnostic, moved: int) -> tuple[str, str, int | None]:
        line = one.line
        return (
            one.code,
            re.sub(r"line \d+", "line N", one.message),
            line + moved if line is not None and line >= item.line else line,
        )

    hidden = [one for one in found if one.code == item.code and one.line == item.line]
    assert sorted(map(str, (key(one, 0) for one in after))) == sorted(
        map(str, (key(one, 1) for one in found if one not in hidden))
    )


@given(dockerfiles())
@settings(max_examples=150)
def test_fixes_are_stable(text: str) -> None:
    once, found, count = repaired(text, (BAIDU,), Ask())
    assert not any(item.edits for item in found)
    again, _, more = repaired(once, (BAIDU,), Ask())
    assert (again, more) == (once, 0)
    if not count:
        assert once == text


@given(dockerfiles())
@settings(max_examples=150)
def test_a_fix_leaves_other_lines_and_steps_alone(text: str) -> None:
    for item in lint(text, (BAIDU,), Ask()):
        if not item.edits:
            continue
        after = edited(text, item.edits)
        (edit,) = item.edits
        before_lines, after_lines = text.split("\n"), after.split("\n")
        assert after_lines[: edit.span.line - 1] == before_lines[: edit.span.line - 1]
        rest = before_lines[edit.span.end_line :]
        assert after_lines[len(after_lines) - len(rest) :] == rest
        if item.code in ("D2T506", "D2T501"):
            assert _plan(after) == _plan(text)
        assert not any(one.code == item.code and one.line == item.line for one in lint(after, (BAIDU,), Ask())) or (
            item.code in ("D2T506", "D2T203")
        )


def _plan(text: str) -> object:
    found, _ = plan(read(text)[0])
    return found and _document(found)


@given(st.text(alphabet="ab\r\n\ufeffé𝄞", max_size=30), st.data())
def test_an_edit_replaces_its_range_alone(text: str, data: st.DataObject) -> None:
    lines = Source(text).lines
    line = data.draw(st.integers(1, len(lines)))
    start = data.draw(st.integers(0, len(lines[line - 1])))
    end = data.draw(st.integers(start, len(lines[line - 1])))
    after = edited(text, [Edit(Span(line, start + 1, line, end + 1), "X")])
    expected = list(lines)
    expected[line - 1] = lines[line - 1][:start] + "X" + lines[line - 1][end:]
    assert Source(after).lines == tuple(expected)
    assert after.count("\r") >= text.count("\r") - lines[line - 1][start:end].count("\r")
