"""COPY and ADD: their sources told apart and normalised, as BuildKit's convert_copy.go."""

from __future__ import annotations

import re
from urllib.parse import parse_qs, urlsplit

from d2t.dockerfile import instructions as ins
from d2t.dockerfile.expand import ExpansionError, expand_document, symbols
from d2t.dockerfile.port import chomp_heredoc_content
from d2t.dockerfile.source import Origin
from d2t.patterns import deferred
from d2t.plan import paths
from d2t.plan.build import CopySource, CopyStep
from d2t.plan.problem import EXPANSION, VALUE, PlanProblem
from d2t.plan.scope import Scope
from d2t.plan.stages import Stage

_MAX_MODE = 0o7777
_SYMBOLIC = deferred(r"[ugoa]*(?:[-+=](?:[rwxXstugo]*))+(?:,[ugoa]*(?:[-+=](?:[rwxXstugo]*))+)*\Z")
_PROTOCOL = deferred(r"([a-zA-Z0-9]+)://")
_SCP = deferred(r"(?:[a-zA-Z0-9-]+@)[a-zA-Z0-9.-]+:[^\s#?]+(?:\?[^#]*)?(?:#.*)?\Z")
_GIT_QUERIES = {
    "ref",
    "tag",
    "branch",
    "subdir",
    "checksum",
    "commit",
    "keep-git-dir",
    "submodules",
    "mtime",
    "fetch-by-commit",
}


def mode(text: str, origin: Origin) -> str:
    """The canonical form of --chmod: "0755", or symbolic as it is. Raises PlanProblem."""
    if not text or symbols(text):
        return text
    if re.fullmatch(r"[0-7]+", text) and int(text, 8) <= _MAX_MODE:
        return f"0{int(text, 8):o}"
    if text[0].isdigit():
        message = f"invalid chmod parameter: '{text}'. it should be octal string and between 0 and 07777"
        raise PlanProblem(VALUE, message, origin, text)
    if not _SYMBOLIC.match(text):
        raise PlanProblem(VALUE, f"invalid chmod parameter: '{text}'", origin, text)
    return text


def step(
    c: ins.Copy | ins.Add,
    words: list[str],
    dest: str,
    owner: str,
    mode: str,
    checksum: str,
    source: Stage | str | None,
    scope: Scope,
    triggered: bool,
) -> CopyStep:
    """The step of one COPY or ADD whose words are expanded. Raises PlanProblem."""
    add = c if isinstance(c, ins.Add) else None
    if checksum:
        if len(words) != 1:
            raise PlanProblem(VALUE, "checksum can't be specified for multiple sources", c.origin, "--checksum")
        if not is_url(words[0]) and not is_git(words[0]):
            raise PlanProblem(VALUE, "checksum requires HTTP(S) or Git sources", c.origin, "--checksum")
    parents = isinstance(c, ins.Copy) and c.parents
    sources = [_source(word, c, source, parents) for word in words]
    for document in c.documents:
        content = chomp_heredoc_content(document.content) if document.chomp else document.content
        if document.expand:
            try:
                content = expand_document(content, scope.env)
            except ExpansionError as error:
                raise PlanProblem(EXPANSION, str(error), c.origin) from None
        sources.append(CopySource("document", document.name, paths.source(document.name), content))
    return CopyStep(
        c.origin,
        "ADD" if add else "COPY",
        tuple(sources),
        paths.destination(scope.workdir, dest),
        owner,
        mode,
        c.link,
        parents,
        c.excludes,
        checksum,
        add.keep_git_dir if add else None,
        add.unpack if add else None,
        triggered,
        not dest.startswith("/"),
    )


def _source(word: str, c: ins.Copy | ins.Add, source: Stage | str | None, parents: bool) -> CopySource:
    add = isinstance(c, ins.Add)
    if is_git(word):
        if not add:
            raise PlanProblem(VALUE, "source can't be a git ref for COPY", c.origin, word)
        queries = parse_qs(urlsplit(word).query, keep_blank_values=True)
        for query in queries:
            if query not in _GIT_QUERIES:
                raise PlanProblem(VALUE, f'unexpected query "{query}"', c.origin, word)
        return CopySource("git", word, "/")
    if is_url(word):
        if not add:
            raise PlanProblem(VALUE, "source can't be a URL for COPY", c.origin, word)
        return CopySource("url", word, paths.source(url_name(word)))
    src = word
    if parents:
        pivot, found, _ = word.partition("/./")
        src = pivot if found else "/"
    if isinstance(source, Stage):
        return CopySource("stage", word, paths.source(src), from_=source.name)
    if source is not None:
        return CopySource("image", word, paths.source(src), from_=source)
    return CopySource("context", word, paths.source(src))


def url_name(url: str) -> str:
    """The file name that ADD gives to what it fetches: the last part of the URL's path."""
    try:
        base = paths.clean(urlsplit(url).path or ".").rsplit("/", 1)[-1]
    except ValueError:
        base = ""
    return base if base not in ("", ".", "/") else "__unnamed__"


def is_url(word: str) -> bool:
    return word.startswith(("http://", "https://")) and not is_git(word)


def is_git(word: str) -> bool:
    """Whether BuildKit takes a source for a git repository (dfgitutil.ParseGitRef)."""
    if word.startswith(("./", "../", "github.com/")):
        return False  # the last form cannot be told from a local path
    protocol = _PROTOCOL.match(word)
    if protocol is None:
        return bool(_SCP.match(word))
    scheme = protocol[1].lower()
    if scheme in ("http", "https"):
        try:
            return urlsplit(word).path.endswith(".git")
        except ValueError:
            return False
    return scheme in ("ssh", "git")
