"""Python for the SDK, laid out as `ruff format` leaves it (its defaults: 88 columns, double quotes)."""

from __future__ import annotations

from functools import cache
from typing import Any

from d2t import providers
from d2t.emit import Options
from d2t.emit.code import REGISTRY, Call, Environment, Helper, Table, Text, Value, calls, helpers, pieces, visible
from d2t.template import Template

WIDTH = 88
_ESCAPES = {"\\": "\\\\", "\n": "\\n", "\r": "\\r", "\t": "\\t"}


def render(template: Template, options: Options) -> str:
    found = list(calls(template, options))
    asynchronous = options.format == "python-async"
    provider = providers.load(template.provider) if template.provider in providers.names() else None
    domain = provider["api.domain"] if provider is not None and provider.id != providers.ROOT else ""
    logs = provider is None or provider["api.build_logs"]
    cpu, memory = template.cpu_count, template.memory_mb
    if provider is not None:
        cpu, memory = cpu or provider["resources.cpu_count"], memory or provider["resources.memory_mb"]
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
    rendered = [_call(call) for call in found]
    flat = f"{factory}()" + "".join(rendered)
    plain = not any(call.comments for call in found) and not any("\n" in text for text in rendered)
    if plain and len("template = ") + len(flat) <= WIDTH:
        return flat
    lines = [f"    {factory}()"]
    for call, text in zip(found, rendered, strict=True):
        lines += [f"    # {line}" for line in call.comments]
        lines.append(f"    {text}")
    return "(\n" + "\n".join(lines) + "\n)"


def _call(call: Call) -> str:
    """One call as it stands in the chain, indented by four."""
    args = [("", value) for value in call.args] + list(call.options)
    flat = [_named(name, _flat(value)) for name, value in args]
    line = f".{call.name}({', '.join(flat)})"
    if len(line) + 4 <= WIDTH:
        return line
    if len(", ".join(flat)) + 8 <= WIDTH:
        return f".{call.name}(\n        {', '.join(flat)}\n    )"
    comma = "," if len(args) > 1 else ""
    lines = [f"        {_named(name, _block(value, 8, comma))}{comma}\n" for name, value in args]
    return f".{call.name}(\n{''.join(lines)}    )"


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
    if len(flat) + indent + len(comma) <= WIDTH:
        return flat
    blanks = " " * indent
    if isinstance(value, Text):
        return f"\n{blanks}".join(literal(part) for part in pieces(value.value))
    if isinstance(value, Table):
        last = "," if len(value.items) > 1 else ""
        lines = [f"{blanks}    {literal(key)}: {literal(text)}{last}\n" for key, text in value.items]
        return "{\n" + "".join(lines) + blanks + "}"
    if isinstance(value, Helper):
        return f"{value.name}(\n{blanks}    {literal(str(value.args[0]))}\n{blanks})"
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


__all__ = ["REGISTRY", "literal", "render"]
