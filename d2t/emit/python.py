"""Python for the SDK, laid out as `ruff format` leaves it (its defaults: 88 columns, double quotes)."""

from __future__ import annotations

import re
from functools import cache
from typing import Any

from d2t.emit import Options
from d2t.emit.code import (
    Call,
    Environment,
    Helper,
    Table,
    Text,
    Value,
    calls,
    columns,
    context,
    facts,
    helpers,
    pieces,
    visible,
)
from d2t.template import Template

WIDTH = 88
_SPECIAL = re.compile(r"""[^ -~]|[\\"']""")
_ESCAPES = {"\\": "\\\\", "\n": "\\n", "\r": "\\r", "\t": "\\t"}


def render(template: Template, options: Options) -> str:
    found = list(calls(template, options))
    asynchronous = options.format == "python-async"
    domain, cpu, memory, logs = facts(template, options.provider)
    factory = "AsyncTemplate" if asynchronous else "Template"
    names = [factory, *helpers(found), *(["default_build_logger"] if logs else [])]
    imports = "from e2b import " + ", ".join(sorted(names, key=_import_order))
    if len(imports) > WIDTH:
        lines = "".join(f"    {name},\n" for name in sorted(names, key=_import_order))
        imports = f"from e2b import (\n{lines})"
    folder = context(template, options)
    text: str = _template().render(
        imports=imports,
        folder=_folder(folder) if folder else "",
        uses_os=bool(domain) or any(isinstance(value, Environment) for call in found for _, value in call.options),
        asynchronous=asynchronous,
        chain=_chain(f"{factory}({'file_context_path=CONTEXT' if folder else ''})", found),
        domain=literal(domain) if domain else "",
        factory=factory,
        name=literal(template.name or "my-template"),
        cpu=cpu,
        memory=memory,
        logs=logs,
    )
    return text


@cache
def _template() -> Any:
    from d2t.emit.jinja import environment

    return environment().get_template("python.py.j2")


def _import_order(name: str) -> tuple[bool, str]:
    return (not name[0].isupper(), name)  # isort's: classes before functions


def _folder(path: str) -> str:
    """The build context's folder, from the code's own."""
    own, name = "Path(__file__).parent", literal(path)
    if len("CONTEXT = ") + len(own) + len(" / ") + columns(name) <= WIDTH:
        return f"{own} / {name}"
    if 4 + len(own) + len(" / ") + columns(name) <= WIDTH:
        return f"(\n    {own} / {name}\n)"
    return f"(\n    {own}\n    / {name}\n)"


def _chain(start: str, found: list[Call]) -> str:
    arguments = [_arguments(call) for call in found]
    if not any(call.comments for call in found):
        flat = start + "".join(map(_flat_call, found, arguments))
        if len("template = ") + columns(flat) <= WIDTH:
            return flat
        if len(found) == 1:  # too short a chain to be broken at its dots
            return start + _call(found[0], arguments[0], 0, len(f"template = {start}"))
        if 4 + columns(flat) <= WIDTH:
            return f"(\n    {flat}\n)"
    lines = [f"    {start}"]
    for call, texts in zip(found, arguments, strict=True):
        lines += [f"    # {line}" for line in call.comments]
        lines.append(f"    {_call(call, texts, 4, 4)}")
    return "(\n" + "\n".join(lines) + "\n)"


def _flat_call(call: Call, arguments: list[str]) -> str:
    return f".{call.name}({', '.join(arguments)})"


def _arguments(call: Call) -> list[str]:
    return [*map(_flat, call.args), *(_named(name, _flat(value)) for name, value in call.options)]


def _call(call: Call, arguments: list[str], indent: int, before: int) -> str:
    """One call whose lines are indented, where `before` characters stand in front of it."""
    flat = _flat_call(call, arguments)
    width = columns(flat)
    if before + width <= WIDTH:
        return flat
    blanks = " " * (indent + 4)
    if len(blanks) + width - len(f".{call.name}()") <= WIDTH:
        return f".{call.name}(\n{blanks}{', '.join(arguments)}\n{blanks[4:]})"
    values = [*(("", value) for value in call.args), *call.options]
    comma = "," if len(values) > 1 else ""
    lines = [
        f"{blanks}{_block(name, value, argument, len(blanks), comma)}{comma}\n"
        for (name, value), argument in zip(values, arguments, strict=True)
    ]
    return f".{call.name}(\n{''.join(lines)}{blanks[4:]})"


def _named(name: str, text: str) -> str:
    return f"{name}={text}" if name else text


def _flat(value: Value) -> str:
    match value:
        case Text(text):
            return literal(text)
        case Table(items):
            return "{" + ", ".join(f"{literal(key)}: {literal(text)}" for key, text in items) + "}"
        case Helper(name, args):
            return f"{name}({', '.join(literal(arg) if isinstance(arg, str) else str(arg) for arg in args)})"
        case Environment(name):
            return f"os.environ[{literal(name)}]"
        case bool():
            return str(value)
        case int():
            return f"0o{value:o}"


def _block(name: str, value: Value, flat: str, indent: int, comma: str) -> str:
    """An argument on lines of its own, where `flat` is its one-line form."""
    if columns(flat) + indent + len(comma) <= WIDTH:
        return flat
    blanks = " " * indent
    match value:
        case Text(text) if len(parts := pieces(text)) > 1:
            return _joined(name, [literal(part) for part in parts], blanks)
        case Table(items):
            last = "," if len(items) > 1 else ""
            lines = [f"{blanks}    {literal(key)}: {literal(text)}{last}\n" for key, text in items]
            return _named(name, "{\n" + "".join(lines) + blanks + "}")
        case Helper(helper, args):
            words = [literal(arg) if isinstance(arg, str) else str(arg) for arg in args]
            joined = ", ".join(words)
            if len(words) == 1 or indent + 4 + columns(joined) <= WIDTH:
                return _named(name, f"{helper}(\n{blanks}    {joined}\n{blanks})")
            lines = [f"{blanks}    {word},\n" for word in words]
            return _named(name, f"{helper}(\n{''.join(lines)}{blanks})")
    return flat


def _joined(name: str, parts: list[str], blanks: str) -> str:
    """Literals that Python joins, one a line."""
    if not name:
        return f"\n{blanks}".join(parts)
    lines = "".join(f"{blanks}    {part}\n" for part in parts)
    return f"{name}=(\n{lines}{blanks})"


def literal(text: str) -> str:
    """A string literal that evaluates to exactly this text, quoted and escaped as `ruff format` does."""
    quote = "'" if text.count('"') > text.count("'") else '"'
    return f"{quote}{_SPECIAL.sub(lambda match: _escaped(match[0], quote), text)}{quote}"


def _escaped(char: str, quote: str) -> str:
    if char in "\"'":
        return f"\\{char}" if char == quote else char
    if char in _ESCAPES:
        return _ESCAPES[char]
    if visible(char):
        return char
    code = ord(char)
    return f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"
