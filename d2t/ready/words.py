"""The words and operators of a small part of the shell language: the part that sh, dash, ash and bash read alike.

Everything else (substitutions, brace and tilde expansion, here-documents, comments, …) is refused with the reason.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from d2t.patterns import deferred

OPERATORS = ("&>>", "<<<", "<<-", "&>", "<<", ">>", "<>", "<&", ">&", ">|", "||", "&&", "|&", ";;")
SINGLE_OPERATORS = "\n;&|()<>"
REDIRECTS = frozenset({"<", ">", ">>", "<>", "<&", ">&", ">|", "&>", "&>>"})
_PLAIN_VALUE = deferred(r"[A-Za-z0-9._/:@%+,=-]+")  # is one word and stays itself when a shell expands it
_VARIABLE = deferred(r"\$(?:([A-Za-z_][A-Za-z0-9_]*)|\{([A-Za-z_][A-Za-z0-9_]*)(?:(:?-)([A-Za-z0-9._/:@%+,=-]*))?\})")

Expand = Callable[[str, str | None, bool], str]


class NotUnderstoodError(ValueError):
    """The command may mean more than this package knows; the message says what stopped it, as part of a sentence."""


@dataclass(frozen=True, slots=True)
class Word:
    text: str  # after quotes and variables
    quoted: bool = False  # some of it was quoted, so it is no reserved word
    pattern: bool = False  # an unquoted `*`, `?` or `[`
    status: bool = False  # it is `$?`


@dataclass(frozen=True, slots=True)
class Operator:
    text: str
    fd: str = ""  # the number in front of a redirection


Token = Word | Operator


def expander(env: Mapping[str, str], *, complete: bool) -> Expand:
    """Takes variables from `env`.

    `complete` says that a name which `env` lacks is unset; otherwise the base image may set it, and it is not known.
    """

    def expand(name: str, default: str | None, colon: bool) -> str:
        value = env.get(name)
        if value is None and not complete:
            raise NotUnderstoodError(f"the value of `${name}` is not known before the build")
        if default is not None and (value is None or (colon and not value)):
            value = default
        if value is None or not _PLAIN_VALUE.fullmatch(value):
            raise NotUnderstoodError(f"the value of `${name}` is not one plain word")
        return value

    return expand


def tokens(text: str, expand: Expand) -> list[Token]:
    """Split a command.

    Raises NotUnderstoodError.
    """
    return _Lexer(text, expand).run()


class _Lexer:
    def __init__(self, text: str, expand: Expand) -> None:
        self.text = text
        self.expand = expand
        self.at = 0
        self.found: list[Token] = []

    def run(self) -> list[Token]:
        while self.at < len(self.text):
            char = self.text[self.at]
            if char in " \t":
                self.at += 1
            elif self.text.startswith("\\\n", self.at):
                self.at += 2
            elif char in SINGLE_OPERATORS:
                self.operator()
            elif char == "#":
                raise NotUnderstoodError("it holds a comment")
            else:
                self.word()
        return self.found

    def operator(self) -> None:
        if self.text.startswith("((", self.at):
            raise NotUnderstoodError("it uses arithmetic")  # to bash; to dash two groups
        text = next((op for op in OPERATORS if self.text.startswith(op, self.at)), self.text[self.at])
        fd = ""
        last = self.found[-1] if self.found else None
        if text in REDIRECTS and text[0] != "&" and isinstance(last, Word) and not last.quoted:
            adjacent = self.text[self.at - len(last.text) : self.at] == last.text
            if re.fullmatch(r"[0-9]+", last.text) and adjacent:
                fd = last.text
                self.found.pop()
        self.found.append(Operator(text, fd))
        self.at += len(text)

    def word(self) -> None:
        parts: list[str] = []
        quoted = pattern = False
        start = self.at
        if self.text.startswith("$?", self.at) and self.text[self.at + 2 : self.at + 3] in ("", *" \t\n;&|)"):
            self.at += 2
            self.found.append(Word("$?", status=True))
            return
        while self.at < len(self.text) and self.text[self.at] not in " \t" + SINGLE_OPERATORS:
            char = self.text[self.at]
            if char == "'":
                end = self.text.find("'", self.at + 1)
                if end < 0:
                    raise NotUnderstoodError("a quote is not closed")
                parts.append(self.text[self.at + 1 : end])
                quoted, self.at = True, end + 1
            elif char == '"':
                parts.append(self.double_quoted())
                quoted = True
            elif char == "\\":
                following = self.text[self.at + 1 : self.at + 2]
                if not following:
                    raise NotUnderstoodError("it ends in a backslash")
                if following != "\n":
                    parts.append(following)
                    quoted = True
                self.at += 2
            elif char == "$":
                parts.append(self.variable())
            else:
                pattern = pattern or char in "*?["
                parts.append(char)
                self.at += 1
                self.refuse(char, alone=self.at - start == 1)
        self.found.append(Word("".join(parts), quoted, pattern))

    def refuse(self, char: str, *, alone: bool) -> None:
        """Stop at an unquoted character that a shell may give a meaning of its own."""
        ends = self.at == len(self.text) or self.text[self.at] in " \t" + SINGLE_OPERATORS
        if char == "`":
            raise NotUnderstoodError("it uses a command's output")
        if char in "{}" and not (alone and ends):
            raise NotUnderstoodError("it uses braces")
        if char == "~" and (alone or self.text[self.at - 2] in "=:"):
            raise NotUnderstoodError("it uses `~`")
        if not char.isprintable():
            raise NotUnderstoodError("it holds an unprintable character")

    def double_quoted(self) -> str:
        parts: list[str] = []
        self.at += 1
        while self.at < len(self.text):
            char = self.text[self.at]
            if char == '"':
                self.at += 1
                return "".join(parts)
            if char == "`":
                raise NotUnderstoodError("it uses a command's output")
            if char == "$" and self.text[self.at + 1 : self.at + 2] not in ("", " ", '"'):
                parts.append(self.variable())
            elif char == "\\" and self.text[self.at + 1 : self.at + 2] in ("$", "`", '"', "\\"):
                parts.append(self.text[self.at + 1])
                self.at += 2
            elif char == "\\" and self.text[self.at + 1 : self.at + 2] == "\n":
                self.at += 2
            else:
                parts.append(char)
                self.at += 1
        raise NotUnderstoodError("a quote is not closed")

    def variable(self) -> str:
        found = _VARIABLE.match(self.text, self.at)
        if found is None:
            if self.text.startswith("$(", self.at):
                raise NotUnderstoodError("it uses a command's output")
            raise NotUnderstoodError("it uses an expansion that only a shell can do")
        self.at = found.end()
        return self.expand(found[1] or found[2], found[4], found[3] == ":-")
