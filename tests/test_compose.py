from __future__ import annotations

import textwrap

import pytest
from hypothesis import given
from hypothesis import strategies as st

from d2t.compose import healthcheck


def service(health: str) -> str:
    return "services:\n  web:\n    image: x\n" + textwrap.indent(textwrap.dedent(health).strip(), "    ")


@pytest.mark.parametrize(
    ("health", "test"),
    [
        ("", None),
        ("healthcheck:", None),
        ("healthcheck:\n  interval: 5s", None),
        ("healthcheck:\n  test: []", None),
        ("healthcheck:\n  test: curl -f http://localhost/", ("CMD-SHELL", "curl -f http://localhost/")),
        ("healthcheck:\n  test: [CMD, curl, -f, 'http://localhost/']", ("CMD", "curl", "-f", "http://localhost/")),
        ("healthcheck:\n  test: [CMD, nc, -z, localhost, 5432]", ("CMD", "nc", "-z", "localhost", "5432")),
        ("healthcheck:\n  test: ['CMD-SHELL', 'a || exit 1']", ("CMD-SHELL", "a || exit 1")),
        ("healthcheck:\n  test: >-\n    curl -f\n    http://localhost/", ("CMD-SHELL", "curl -f http://localhost/")),
        ("healthcheck:\n  test: [NONE]", ("NONE",)),
        ("healthcheck:\n  test: NONE", ("NONE",)),
        ("healthcheck:\n  disable: true", ("NONE",)),
        ("healthcheck:\n  disable: true\n  test: a", ("NONE",)),
        ("healthcheck:\n  disable: false\n  test: a", ("CMD-SHELL", "a")),
        ("healthcheck:\n  test: !override [CMD, a]", ("CMD", "a")),
        ("healthcheck: !reset {}", None),
        # `$$` is compose's `$`; defaults count, the environment does not
        ("healthcheck:\n  test: pg_isready -U $$POSTGRES_USER", ("CMD-SHELL", "pg_isready -U $POSTGRES_USER")),
        ("healthcheck:\n  test: a $${B:-c} $$(d) $$$$", ("CMD-SHELL", "a ${B:-c} $(d) $$")),
        ("healthcheck:\n  test: a ${HOME:-x} ${HOME-y}z", ("CMD-SHELL", "a x yz")),
        ("healthcheck:\n  test: a${HOME:+x}", ("CMD-SHELL", "a")),
    ],
)
def test_healthcheck(health: str, test: tuple[str, ...] | None) -> None:
    assert healthcheck(service(health)) == test
    assert healthcheck(service(health), "web") == test


ANCHORS = """
x-health: &health
  healthcheck: &check
    test: [CMD, a]
services:
  web:
    <<: *health
  api:
    healthcheck:
      <<: *check
      interval: 3s
  worker:
    extends: {service: web}
    healthcheck: {interval: 1s}
  other:
    extends: web
    healthcheck: {test: b}
  db:
"""


@pytest.mark.parametrize(
    ("name", "test"),
    [
        ("web", ("CMD", "a")),
        ("api", ("CMD", "a")),
        ("worker", ("CMD", "a")),
        ("other", ("CMD-SHELL", "b")),
        ("db", None),
    ],
)
def test_anchors_merges_and_extends(name: str, test: tuple[str, ...] | None) -> None:
    assert healthcheck(ANCHORS, name) == test


@pytest.mark.parametrize(
    ("text", "name", "message"),
    [
        ("", "", "it has no `services`"),
        ("- a", "", "it has no `services`"),
        ("services: {}", "", "it has no `services`"),
        ("services: [a]", "", "it has no `services`"),
        ("services: {a: {}, b: {}}", "", "it has several services, say which with --service: a, b"),
        ("services: {a: {}, b: {}}", "c", "it has no service 'c', it has a, b"),
        ("services: {a: 1}", "", "service 'a' is not a mapping"),
        ("services: {a: {healthcheck: [x]}}", "", "the healthcheck of 'a' is not a mapping"),
        ("services: {a: {healthcheck: {test: 5}}}", "", "neither a text nor a list of texts"),
        ("services: {a: {healthcheck: {test: [CMD, true]}}}", "", "neither a text nor a list of texts"),
        ("services: {a: {healthcheck: {test: [curl, x]}}}", "", "does not begin with NONE, CMD or CMD-SHELL"),
        ("services: {a: {healthcheck: {test: [CMD]}}}", "", "has no command"),
        ("services: {a: {healthcheck: {test: ''}}}", "", "has no command"),
        ("services: {a: {extends: a}}", "", "service 'a' extends itself"),
        ("services: {a: {extends: {service: b, file: x.yml}}}", "", "extends one of another file"),
        ("services: {a: {extends: {}, b: 1}, b: {extends: 5}}", "b", "`extends` of 'b' names no service"),
        ("services: {a: {healthcheck: {test: 'x $PORT'}}}", "", "uses $PORT, which compose takes from the environment"),
        (
            "services: {a: {healthcheck: {test: 'x ${PORT}'}}}",
            "",
            "write $$PORT for the container's, or ${PORT:-VALUE}",
        ),
        ("services: {a: {healthcheck: {test: 'x ${PORT:?no}'}}}", "", "uses $PORT"),
        ("services: {a: {healthcheck: {test: 'x $(y)'}}}", "", "holds a `$` that compose does not take: write $$"),
        ("services: {a: {healthcheck: {test: 'x $'}}}", "", "holds a `$`"),
        ("services: {a: {healthcheck: {test: 'x ${A:-${B}}'}}}", "", "holds a `$`"),
        ("a: [", "", "it is not YAML: "),
        ("a: b\n c: d", "", "(line 2)"),
        ("a: !!python/object/apply:os.system [x]", "", "it is not YAML: could not determine a constructor"),
        ("a: !x b", "", "it is not YAML: "),
        ("\x00", "", "it is not YAML: "),
        ("[" * 5000, "", "it is not YAML: "),
        ("a: 2024-99-99", "", "it is not YAML: "),
    ],
)
def test_refused(text: str, name: str, message: str) -> None:
    with pytest.raises(ValueError) as raised:  # noqa: PT011 - the message is compared below
        healthcheck(text, name)
    assert message in str(raised.value)
    assert "\n" not in str(raised.value)


@given(st.one_of(st.text(), st.text(alphabet="ab:-[]{}&*!<$\n '\"", max_size=40).map(service)))
def test_any_text(text: str) -> None:
    test, message = None, ""
    try:
        test = healthcheck(text)
    except ValueError as error:
        message = str(error)
    assert len(message.splitlines()) <= 1
    assert test is None or test[0] in ("NONE", "CMD", "CMD-SHELL")


def test_the_environment_is_not_read(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("D2T_TEST", "secret")
    assert healthcheck(service("healthcheck:\n  test: a ${D2T_TEST:-b}")) == ("CMD-SHELL", "a b")
