"""The verdict, for people and as data."""

from __future__ import annotations

import json

import pytest

from d2t.diagnostics import Diagnostic, Severity, Span
from d2t.verify.compare import Difference
from d2t.verify.explain import Cause, Explained
from d2t.verify.outcome import MOST_LINES, Outcome, Status, to_json, to_text

MODE = Difference("files", "/opt/x", "mode", "0755", "0700")
GONE = Difference("files", "/tmp/x\n", "presence", "file 0644 0:0", "")
ENV = Difference("later", "env", "A", "=1", "")


def different(*items: Explained) -> Outcome:
    return Outcome("Dockerfile", "e2b", Status.DIFFERENT, causes=(Cause(3, "RUN make", items),))


@pytest.mark.parametrize(
    ("outcome", "text"),
    [
        (Outcome("a/Dockerfile", "e2b", Status.SAME), "a/Dockerfile: same\n"),
        (Outcome("D", "e2b", Status.FAILED, message="exit status 1", line=4), "D: failed\n  line 4: exit status 1\n"),
        (Outcome("D", "e2b", Status.UNKNOWN, message="docker build: x"), "D: unknown\n  docker build: x\n"),
        (
            Outcome("D", "e2b", Status.REFUSED, (Diagnostic("D2T205", Severity.ERROR, "no", Span(2)),)),
            "D: refused\n  line 2: D2T205: no\n",
        ),
        (Outcome("D", "e2b", Status.SAME, notes=("left out",)), "D: same\n  note: left out\n"),
    ],
)
def test_a_verdict_is_said_in_few_lines(outcome: Outcome, text: str) -> None:
    assert to_text(outcome) == text


def test_differences_stand_below_their_step() -> None:
    text = to_text(different(Explained(MODE, "why", ("D2T310",)), Explained(GONE, "gone"), Explained(ENV, "unseen")))
    assert text.splitlines() == [
        "Dockerfile: different (3 differences)",
        "  line 3: RUN make",
        "    /opt/x mode: 0755 (docker), 0700 (service)",
        "      why [D2T310]",
        "    /tmp/x\\n: file 0644 0:0 (docker), absent (service)",
        "      gone",
        "    later commands, env A: =1 (docker), absent (service)",
        "      unseen",
    ]


def test_many_differences_of_a_step_are_counted() -> None:
    text = to_text(different(*[Explained(MODE, "why")] * (MOST_LINES + 5)))
    assert "… and 5 more" in text


def test_announced_means_all_of_them() -> None:
    assert different(Explained(MODE, "", ("D2T310",))).announced
    assert not different(Explained(MODE, "", ("D2T310",)), Explained(GONE, "")).announced
    assert not Outcome("D", "e2b", Status.SAME).announced


def test_json_says_the_same() -> None:
    data = json.loads(json.dumps(to_json(different(Explained(MODE, "why", ("D2T310",))))))
    assert data["status"] == "different"
    assert data["steps"] == [
        {
            "line": 3,
            "instruction": "RUN make",
            "differences": [
                {
                    "area": "files",
                    "subject": "/opt/x",
                    "aspect": "mode",
                    "docker": "0755",
                    "service": "0700",
                    "why": "why",
                    "announced_by": ["D2T310"],
                }
            ],
        }
    ]
