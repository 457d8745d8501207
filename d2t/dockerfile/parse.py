"""Text to a `Dockerfile`: every instruction typed and located, every error named with its line."""

from __future__ import annotations

import re
from collections.abc import Iterator

from d2t.diagnostics import Diagnostic, Severity, Span
from d2t.dockerfile.instructions import Arg, Dockerfile, From, Instruction
from d2t.dockerfile.port import Node, inner, nodes
from d2t.dockerfile.source import Origin, Source
from d2t.dockerfile.typed import Malformed, typed, unknown
from d2t.patterns import deferred

SYNTAX, UNKNOWN, FLAG, ARGUMENTS, STAGE = "D2T101", "D2T102", "D2T103", "D2T104", "D2T105"

_SYNTAX_DIRECTIVE = deferred(r"#\s*syntax\s*=\s*(.+?)\s*$", re.IGNORECASE)
_DIRECTIVE = deferred(r"#\s*[a-zA-Z][a-zA-Z0-9]*\s*=")


def read(text: str) -> tuple[Dockerfile, tuple[Diagnostic, ...]]:
    """Read a Dockerfile. What cannot be read is left out and has a diagnostic of severity error (family 1xx)."""
    source = Source(text)
    found, escape, problems = nodes(text)
    errors = []
    for problem in problems:
        code, message, help = SYNTAX, str(problem), ""
        if message.startswith("unknown instruction: "):
            code, help = UNKNOWN, unknown(message.removeprefix("unknown instruction: ")).help
        errors.append(_error(code, message, source.span(problem.line, problem.line), help))
    comments = _comments(source, found)
    instructions: list[Instruction] = []
    above = _Above(source, comments)
    for node in found:
        origin = Origin(node.start_line, node.end_line, source, above.line(node))
        try:
            instructions.append(typed(node, origin, escape))
        except Malformed as error:
            code = FLAG if "flag" in str(error) else ARGUMENTS
            errors.append(_error(code, str(error), origin.span(error.token), error.help, node.start_line))
    if not found and not problems:
        message = "file with no instructions" if text.strip("\ufeff") else "the Dockerfile cannot be empty"
        errors.append(_error(STAGE, message, Span(1, 1, 1, 1)))
    errors.extend(_stageless(instructions, min((error.line or 0 for error in errors), default=len(source.lines) + 1)))
    errors.sort(key=lambda error: error.line or 0)
    return Dockerfile(tuple(instructions), escape, tuple(comments.items()), _syntax(comments)), tuple(errors)


def read_trigger(expression: str) -> Instruction:
    """The instruction of an image's ONBUILD trigger.

    Raises Malformed or `port.SyntaxProblem`.
    """
    node = inner(expression, "\\", [])
    return typed(node, Origin(node.start_line, node.end_line, Source(expression)), "\\")


def _error(code: str, message: str, span: Span, help: str = "", line: int = 0) -> Diagnostic:
    return Diagnostic(code, Severity.ERROR, message, span, help, instruction=line)


def _stageless(instructions: list[Instruction], until: int) -> Iterator[Diagnostic]:
    """What stands before the first FROM but must not; behind an error nothing is certain."""
    said = False
    for instruction in instructions:
        origin = instruction.origin
        if isinstance(instruction, From) or origin.line > until:
            return
        if not isinstance(instruction, Arg):
            said = True
            help = "only ARG may stand before the first FROM"
            yield _error(STAGE, "no build stage in current context", origin.span(), help)
    if instructions and not said and until > instructions[-1].origin.end_line:
        yield _error(STAGE, "dockerfile contains no stages to build", instructions[0].origin.span(), "add a FROM")


def _comments(source: Source, found: list[Node]) -> dict[int, str]:
    """Comment lines that stand outside instructions."""
    comments = {}
    position, lines = 1, source.lines
    for start, end in [*((node.start_line, node.end_line) for node in found), (len(lines) + 1, 0)]:
        for number in range(position, start):
            text = lines[number - 1].lstrip()
            if text.startswith("#"):
                comments[number] = text
        position = end + 1
    return comments


class _Above:
    """The comments right above each instruction: no instruction and no empty comment between."""

    def __init__(self, source: Source, comments: dict[int, str]) -> None:
        self._lines = iter(sorted(comments.items()))
        self._next = next(self._lines, None)

    def line(self, node: Node) -> tuple[str, ...]:
        texts: list[str] = []
        while self._next is not None and self._next[0] < node.start_line:
            text = self._next[1][1:].strip()
            texts = [*texts, text] if text else []
            self._next = next(self._lines, None)
        return tuple(texts)


def _syntax(comments: dict[int, str]) -> str:
    """The value of `# syntax=`: only directives may stand before it."""
    line = 1
    while (text := comments.get(line)) is not None and _DIRECTIVE.match(text):
        if match := _SYNTAX_DIRECTIVE.match(text):
            return match[1]
        line += 1
    return ""
