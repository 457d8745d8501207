"""Python for the SDK, laid out as `ruff format` leaves it (its defaults: 88 columns, double quotes)."""

from __future__ import annotations

from functools import cache
from typing import Any

from d2t.emit import Options
from d2t.emit.code import Call, Environment, Helper, Table, Text, Value, calls, columns, facts, helpers, pieces, visible
from d2t.template import Template

WIDTH = 88
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
    text: str = _template().render(
        imports=imports,
        uses_os=bool(domain) or options.registry,
        asynchronous=asynchronous,
        chain=_chain(factory, found),
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


def _chain(factory: str, found: list[Call]) -> str:
    flat = f"{factory}()" + "".join(_flat_call(call) for call in found)
    plain = not any(call.comments for call in found)
    if plain and len("template = ") + columns(flat) <= WIDTH:
        return flat
    if plain and len(found) == 1:  # too short a chain to be broken at its dots
        return f"{factory}()" + _call(found[0], 0, len(f"template = {factory}()"))
    lines = [f"    {factory}()"]
    for call in found:
        lines += [f"    # {line}" for line in call.comments]
        lines.append(f"    {_call(call, 4, 4)}")
    return "(\n" + "\n".join(lines) + "\n)"


def _flat_call(call: Call) -> str:
    return f".{call.name}({', '.join(_arguments(call))})"


def _arguments(call: Call) -> list[str]:
    return [*map(_flat, call.args), *(f"{name}={_flat(value)}" for name, value in call.options)]


def _call(call: Call, indent: int, before: int) -> str:
    """One call whose lines are indented, where `before` characters stand in front of it."""
    flat = _flat_call(call)
    if before + columns(flat) <= WIDTH:
        return flat
    blanks = " " * (indent + 4)
    joined = ", ".join(_arguments(call))
    if len(blanks) + columns(joined) <= WIDTH:
        return f".{call.name}(\n{blanks}{joined}\n{blanks[4:]})"
    args = [("", value) for value in call.args] + list(call.options)
    comma = "," if len(args) > 1 else ""
    lines = [f"{blanks}{_named(name, _block(value, len(blanks), comma))}{comma}\n" for name, value in args]
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


def _block(value: Value, indent: int, comma: str) -> str:
    """An argument on lines of its own."""
    flat = _flat(value)
    if columns(flat) + indent + len(comma) <= WIDTH:
        return flat
    blanks = " " * indent
    if isinstance(value, Text):
        return f"\n{blanks}".join(literal(part) for part in pieces(value.value))
    if isinstance(value, Table):
        last = "," if len(value.items) > 1 else ""
        lines = [f"{blanks}    {literal(key)}: {literal(text)}{last}\n" for key, text in value.items]
        return "{\n" + "".join(lines) + blanks + "}"
    if isinstance(value, Helper):
        args = [literal(arg) if isinstance(arg, str) else str(arg) for arg in value.args]
        joined = ", ".join(args)
        if len(args) == 1 or indent + 4 + columns(joined) <= WIDTH:
            return f"{value.name}(\n{blanks}    {joined}\n{blanks})"
        return f"{value.name}(\n" + "".join(f"{blanks}    {arg},\n" for arg in args) + f"{blanks})"
    return flat


def literal(text: str) -> str:
    """A string literal that evaluates to exactly this text, quoted and escaped as `ruff format` does."""
    quote = "'" if text.count('"') > text.count("'") else '"'
    out = []
    for char in text:
        if char == quote:
            out.append("\\" + char)
        elif char in _ESCAPES:
            out.append(_ESCAPES[char])
        elif visible(char) or char == " ":
            out.append(char)
        else:
            code = ord(char)
            out.append(f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}")
    return f"{quote}{''.join(out)}{quote}"
