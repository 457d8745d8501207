"""BuildKit's Dockerfile parser and shell lexer, through their Python port, corrected where the port differs.

The only module that imports `e2b_dockerfile_utils`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace

from e2b_dockerfile_utils import (
    DockerfileHeredoc,
    DockerfileInstruction,
    DockerfileSyntaxError,
    PatternMatcher,
    ShellLex,
    chomp_heredoc_content,
    parse_dockerfile_ast,
    parse_heredoc,
)

from d2t.dockerfile.source import MAX_LINE
from d2t.patterns import deferred

__all__ = [
    "IgnoreMatcher",
    "Node",
    "PatternMatcher",
    "ShellLex",
    "SyntaxProblem",
    "chomp_heredoc_content",
    "nodes",
    "parse_heredoc",
]

Node = DockerfileInstruction

_SPACES = deferred(r"[\t\v\f\r ]+")  # reWhitespace of BuildKit's parser
_ONBUILD_HEREDOC = deferred(r"(?im)^[ \t]*(onbuild)[ \t]+(?:run|copy|add)\b.*<<")
_LONE_SURROGATE = deferred("[\ud800-\udfff]")
_MAX_PROBLEMS = 20  # every problem costs one more parse; a file with so many is no Dockerfile
_PREFIX = deferred(r"^Dockerfile parse error(?: on line \d+)?: ")
_WORDS = {  # the port's words where BuildKit has others
    "Only strings are supported in JSON arrays": "when using JSON array syntax, arrays must be comprised of strings only"
}


class IgnoreMatcher(PatternMatcher):
    """The patterns of an ignore file for a walk: what a folder matched is handed down instead of found out again."""

    def __init__(self, patterns: list[str]) -> None:
        super().__init__(patterns)
        self._steps = [(1 << index, item.exclusion, item.match) for index, item in enumerate(self._patterns)]

    def below(self, path: str, folder: int = 0) -> tuple[bool, int]:
        """Whether `path` is left out, and what to pass for the paths below it; `folder` is that of its folder."""
        left_out, matched = False, 0
        for bit, exclusion, match in self._steps:
            if folder & bit or (exclusion == left_out and match(path)):
                matched |= bit
                left_out = not exclusion
        return left_out, matched


class SyntaxProblem(ValueError):
    """What the parser refuses: BuildKit's words, and the line of the instruction."""

    def __init__(self, message: str, line: int) -> None:
        super().__init__(message)
        self.line = line


def nodes(text: str) -> tuple[list[Node], str, list[SyntaxProblem]]:
    """All instructions of a text, its escape token, and what could not be read.

    After a problem the rest of the file is read as if the offending instruction were not there.
    """
    text = text.removeprefix("\ufeff")
    problems = list(_long_lines(text))
    onbuild: set[int] = set()
    if _ONBUILD_HEREDOC.search(text):
        text, onbuild = _uncover_onbuild(text)
    while True:
        try:
            ast = parse_dockerfile_ast(text)
        except DockerfileSyntaxError as error:
            problem = _problem(error)
        except RecursionError:  # `CMD [[[[…`: the port's JSON reader gives up
            return [], "\\", [SyntaxProblem("the JSON array is nested too deeply", 1)]
        else:
            break
        problems.append(problem)
        shorter = _without(text, problem.line, to_end=str(problem) == "unterminated heredoc")
        if len(problems) >= _MAX_PROBLEMS or shorter == text:
            return [], "\\", problems
        text = shorter
    found = [_corrected(node, ast.escape_token) for node in ast.instructions]
    if onbuild:
        found = [_covered(node) if node.start_line in onbuild else node for node in found]
    return found, ast.escape_token, problems


def is_heredoc(word: str) -> bool:
    """Whether a word is a heredoc's marker and nothing else."""
    try:
        return "<<" in word and parse_heredoc(word) is not None
    except ValueError:
        return False


def inner(text: str, escape: str, heredocs: list[DockerfileHeredoc]) -> Node:
    """The one instruction of an ONBUILD trigger.

    Raises SyntaxProblem when it cannot be read, or is not one.
    """
    head = "" if escape == "\\" else f"# escape={escape}\n"
    if heredocs:
        text += "".join(f"\n{doc.content}{doc.name}" for doc in heredocs)
    found, _, problems = nodes(head + text)
    if problems:
        raise problems[0]
    if len(found) != 1:
        raise SyntaxProblem("onbuild trigger should be a single expression", 1)
    return found[0]


def _problem(error: DockerfileSyntaxError) -> SyntaxProblem:
    message = _PREFIX.sub("", str(error))
    return SyntaxProblem(_WORDS.get(message, message), error.line or 1)


def _long_lines(text: str) -> Iterator[SyntaxProblem]:
    if len(text) <= MAX_LINE // 4:
        return
    for number, line in enumerate(text.split("\n"), 1):
        if len(line) > MAX_LINE // 4 and len(line.encode("utf-8", "surrogatepass")) > MAX_LINE:
            yield SyntaxProblem(f"dockerfile line greater than max allowed size of {MAX_LINE}", number)


def _without(text: str, line: int, to_end: bool) -> str:
    """The text with the instruction that begins on `line` blanked out: its lines stay, so that numbers hold."""
    lines = text.split("\n")
    end = len(lines) if to_end else line
    while end <= len(lines) and (
        re.search(r"[\\`][ \t]*\r?$", lines[end - 1]) or (end > line and lines[end - 1].lstrip().startswith("#"))
    ):
        end += 1
    for number in range(line, min(end, len(lines)) + 1):
        lines[number - 1] = ""
    return "\n".join(lines)


def _uncover_onbuild(text: str) -> tuple[str, set[int]]:
    """Blank out ONBUILD in front of an instruction with a heredoc: the port reads such a document as instructions.

    Returns the text and the lines of these instructions.
    """
    covered: set[int] = set()
    for match in _ONBUILD_HEREDOC.finditer(text):
        before = text[: match.start()]
        try:
            parse_dockerfile_ast(before)
        except DockerfileSyntaxError as error:
            if "unterminated heredoc" in str(error):
                continue  # the line is part of a document
        if re.search(r"[\\`][ \t]*\r?\n$", before):
            continue  # the line continues another one
        start, end = match.span(1)
        text = f"{text[:start]}{' ' * (end - start)}{text[end:]}"
        covered.add(before.count("\n") + 1)
    return text, covered


def _covered(node: Node) -> Node:
    """The ONBUILD of which `node` is the trigger."""
    return replace(node, name="ONBUILD", original=f"ONBUILD {node.original.lstrip()}", flags=[], args=[], json=False)


def _corrected(node: Node, escape: str) -> Node:
    if node.name in ("COPY", "ADD") and not node.json and re.search(r"""["'\\`]|[^\x00-\x7f]""", node.original):
        # the port keeps quoted words together; BuildKit splits at every blank
        rest = after_flags(node.original, escape)
        return replace(node, args=_SPACES.split(rest) if rest else [])
    if node.json and "\\u" in node.original:
        return replace(node, args=[_LONE_SURROGATE.sub("\ufffd", arg) for arg in node.args])
    return node


def after_flags(line: str, escape: str) -> str:
    """What stands behind an instruction's name and its flags."""
    parts = _SPACES.split(line.strip(), maxsplit=1)
    rest = parts[1] if len(parts) == 2 else ""
    pos = 0
    while True:
        while pos < len(rest) and rest[pos].isspace():
            pos += 1
        if not rest.startswith("--", pos):
            return rest[pos:].strip()
        start, quote = pos, ""
        while pos < len(rest) and (quote or not rest[pos].isspace()):
            char = rest[pos]
            if char == escape:
                pos += 1
            elif quote:
                quote = "" if char == quote else quote
            elif char in "'\"":
                quote = char
            pos += 1
        if rest[start:pos] == "--":
            return rest[pos:].strip()
