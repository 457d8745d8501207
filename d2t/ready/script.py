"""The commands of a shell script, and how they are joined: lists, groups and redirections."""

from __future__ import annotations

import re
from dataclasses import dataclass

from d2t.patterns import deferred
from d2t.ready.words import REDIRECTS, Expand, NotUnderstoodError, Operator, Token, Word, tokens

_RESERVED = frozenset("! case coproc do done elif else esac fi for function if in select then time until while".split())
_ASSIGNMENT = deferred(r"[A-Za-z_]\w*(\[.*\])?\+?=")


@dataclass(frozen=True, slots=True)
class Redirect:
    operator: str
    target: Word
    fd: str = ""


@dataclass(frozen=True, slots=True)
class Command:
    """A simple command."""

    words: tuple[Word, ...]
    redirects: tuple[Redirect, ...] = ()

    @property
    def name(self) -> str:
        return self.words[0].text if self.words else ""


@dataclass(frozen=True, slots=True)
class Group:
    """`( … )` or `{ …; }`."""

    body: Script
    subshell: bool


@dataclass(frozen=True, slots=True)
class Chain:
    """Commands joined by `&&`, `||` and, where pipes are allowed, `|`: the operator before each, "" for the first."""

    items: tuple[tuple[str, Command | Group], ...]


Script = tuple[Chain, ...]


def parse(text: str, expand: Expand, *, bash: bool, pipes: bool = False) -> Script:
    """Parse a script. `outcome.deciding` takes scripts without pipes.

    Raises NotUnderstoodError.
    """
    parser = _Parser(tokens(text, expand), bash, pipes)
    script = parser.script("")
    if not script:
        raise NotUnderstoodError("it holds no command")
    return script


def is_quiet(redirect: Redirect) -> bool:
    """Whether a redirection changes nothing but where output goes: to /dev/null or to another output."""
    target = redirect.target
    if target.pattern or target.status:
        return False
    match redirect.operator:
        case ">" | ">>" | "&>" | "&>>" | "<":
            return target.text == "/dev/null"
        case ">&":
            return target.text in ("1", "2") or (target.text == "/dev/null" and not redirect.fd)
    return False


class _Parser:
    def __init__(self, found: list[Token], bash: bool, pipes: bool) -> None:
        self.found = found
        self.at = 0
        self.bash = bash
        self.joins = ("&&", "||", "|") if pipes else ("&&", "||")
        self.depth = 0

    def peek(self) -> Token | None:
        return self.found[self.at] if self.at < len(self.found) else None

    def operator(self) -> str:
        token = self.peek()
        return token.text if isinstance(token, Operator) else ""

    def closes(self, end: str) -> bool:
        token = self.peek()
        if token is None:
            return end == ""
        if end == "}":
            return token == Word("}")
        return self.operator() == end != ""

    def script(self, end: str) -> Script:
        self.depth += 1
        if self.depth > 20:
            raise NotUnderstoodError("it nests too deeply")
        chains: list[Chain] = []
        while True:
            self.newlines()
            if self.closes(end):
                break
            chains.append(self.chain())
            if self.operator() == ";":
                self.at += 1
            elif self.operator() != "\n" and not (self.closes(end) and end != "}"):
                raise NotUnderstoodError(self.stopped())
        self.depth -= 1
        return tuple(chains)

    def stopped(self) -> str:
        match self.operator():
            case "|" | "|&":
                return "it pipes output into another command"
            case "&":
                return "it runs a command in the background"
            case "<<" | "<<-" | "<<<":
                return "it uses a here-document"
            case "":
                return "it is not complete"
            case text:
                return f"`{text}` is not expected there"

    def newlines(self) -> None:
        while self.operator() == "\n":
            self.at += 1

    def chain(self) -> Chain:
        items: list[tuple[str, Command | Group]] = [("", self.command())]
        while (joined := self.operator()) in self.joins:
            self.at += 1
            self.newlines()
            items.append((joined, self.command()))
        return Chain(tuple(items))

    def command(self) -> Command | Group:
        if self.operator() == "(" or self.peek() == Word("{"):
            subshell = self.operator() == "("
            self.at += 1
            body = self.script(")" if subshell else "}")
            self.at += 1
            if not body:
                raise NotUnderstoodError("a group is empty")
            if not all(map(is_quiet, self.redirects())):
                raise NotUnderstoodError("it redirects to a file")
            return Group(body, subshell)
        words: list[Word] = []
        redirects: list[Redirect] = []
        while True:
            redirects += self.redirects()
            token = self.peek()
            if not isinstance(token, Word):
                break
            words.append(token)
            self.at += 1
        if not words and not redirects:
            raise NotUnderstoodError(self.stopped())
        if self.operator() == "(":
            raise NotUnderstoodError("it defines a function")
        if words:
            first = words[0]
            if not first.quoted and first.text in _RESERVED | {"}"}:
                raise NotUnderstoodError(f"it uses `{first.text}`")
            if _ASSIGNMENT.match(first.text):
                raise NotUnderstoodError("it sets a variable")
        return Command(tuple(words), tuple(redirects))

    def redirects(self) -> list[Redirect]:
        found: list[Redirect] = []
        while isinstance(token := self.peek(), Operator) and token.text in REDIRECTS:
            self.at += 1
            target = self.peek()
            if not isinstance(target, Word):
                raise NotUnderstoodError("a redirection has no target")
            self.at += 1
            file_in_both = token.text in ("&>", "&>>") or (
                token.text == ">&" and not re.fullmatch(r"\d|-", target.text)
            )
            if file_in_both and not self.bash:
                raise NotUnderstoodError(f"`{token.text}` means something else outside bash")
            found.append(Redirect(token.text, target, token.fd))
        return found
