"""TypeScript for the SDK's npm package, as an ES module."""

from __future__ import annotations

import re
from functools import cache
from typing import Any

from d2t.emit import Options
from d2t.emit.code import Call, Environment, Helper, Table, Text, Value, calls, context, facts, helpers, pieces, visible
from d2t.template import Template

WIDTH = 88
_SPECIAL = re.compile(r"""[^ -~]|[\\']""")
_ESCAPES = {"\\": "\\\\", "\n": "\\n", "\r": "\\r", "\t": "\\t", "'": "\\'"}


def render(template: Template, options: Options) -> str:
    found = list(calls(template, options))
    domain, cpu, memory, logs = facts(template, options.provider)
    names = ["Template", *(["defaultBuildLogger"] if logs else []), *map(camel, helpers(found))]
    folder = context(template, options)
    text: str = _template().render(
        folder=literal(folder) if folder else "",
        names=", ".join(names),
        chain="\n".join(line for call in found for line in _call(call)),
        name=literal(template.name or "my-template"),
        domain=literal(domain) if domain else "",
        cpu=cpu,
        memory=memory,
        logs=logs,
    )
    return text


@cache
def _template() -> Any:
    from d2t.emit.jinja import environment

    return environment().get_template("typescript.ts.j2")


def camel(name: str) -> str:
    """`set_start_cmd` → `setStartCmd`, as the npm package names it."""
    first, *rest = name.split("_")
    return first + "".join("URL" if word == "url" else word.capitalize() for word in rest)


def _call(call: Call) -> list[str]:
    lines = [f"  // {line}" for line in call.comments]
    args = [_flat(value) for value in call.args]
    if call.options:
        args.append("{ " + ", ".join(f"{camel(name)}: {_flat(value)}" for name, value in call.options) + " }")
    line = f"  .{camel(call.name)}({', '.join(args)})"
    if len(line) <= WIDTH:
        return [*lines, line]
    blocks = [_block(value) for value in call.args] + args[len(call.args) :]
    lines.append(f"  .{camel(call.name)}(")
    lines += [f"    {block}{',' if number + 1 < len(blocks) else ''}" for number, block in enumerate(blocks)]
    lines.append("  )")
    return lines


def _flat(value: Value) -> str:
    match value:
        case Text(text):
            return literal(text)
        case Table(items):
            return "{ " + ", ".join(f"{_key(key)}: {literal(text)}" for key, text in items) + " }"
        case Helper(name, args):
            return f"{camel(name)}({', '.join(literal(arg) if isinstance(arg, str) else str(arg) for arg in args)})"
        case Environment(name):
            return f"process.env.{name}!"
        case bool():
            return "true" if value else "false"
        case int():
            return f"0o{value:o}"


def _key(name: str) -> str:
    """A computed key: `__proto__` would otherwise not be one."""
    return f"[{literal(name)}]" if name == "__proto__" else literal(name)


def _block(value: Value) -> str:
    if isinstance(value, Text) and len(literal(value.value)) > WIDTH - 6:
        return " +\n      ".join(literal(part) for part in pieces(value.value))
    if isinstance(value, Table) and len(_flat(value)) > WIDTH - 6:
        return "{\n" + "".join(f"      {_key(key)}: {literal(text)},\n" for key, text in value.items) + "    }"
    return _flat(value)


def literal(text: str) -> str:
    """A string literal that evaluates to exactly this text; lone surrogates stay what they are."""
    return f"'{_SPECIAL.sub(_escaped, text)}'"


def _escaped(match: re.Match[str]) -> str:
    char = match[0]
    if char in _ESCAPES:
        return _ESCAPES[char]
    if visible(char):
        return char
    code = ord(char)
    return f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}" if code < 0x10000 else f"\\u{{{code:x}}}"
