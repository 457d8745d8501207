"""The service's OpenAPI description, and the check of request bodies against it."""

from __future__ import annotations

import json
from functools import cache
from importlib.resources import files
from typing import Any

from d2t.local import refusals

PROBLEMS = {  # JSON Schema keyword -> what is wrong; a value is never repeated: it may be a password
    "type": "must be of type {value}",
    "required": "lacks a property: {value} are required",
    "enum": "must be one of {value}",
    "minimum": "must be at least {value}",
    "maximum": "must be at most {value}",
    "maxLength": "must have {value} characters at most",
}


@cache
def description() -> dict[str, Any]:
    """The OpenAPI document."""
    document: dict[str, Any] = json.loads((files(__package__) / "openapi.json").read_text(encoding="utf-8"))
    return document


@cache
def _validator(schema: str) -> Any:
    from jsonschema import Draft202012Validator

    components = description()["components"]
    return Draft202012Validator({"$ref": f"#/components/schemas/{schema}", "components": components})


def read_body(raw: bytes, schema: str) -> dict[str, Any]:
    """A JSON body that the schema of this name accepts. Raises Refused."""
    try:
        body = json.loads(raw.decode("utf-8", errors="replace"), parse_constant=_refuse_constant)
    except (ValueError, RecursionError):
        raise refusals.BAD_BODY(problem="it is not JSON") from None
    if not isinstance(body, dict):
        raise refusals.BAD_BODY(problem="it is not a JSON object")
    try:
        error = next(iter(_validator(schema).iter_errors(body)), None)
    except RecursionError:
        raise refusals.BAD_BODY(problem="it is nested too deeply") from None
    if error is not None:
        where = "/" + "/".join(map(str, error.absolute_path))
        text = PROBLEMS.get(error.validator, "is not what it should be").format(value=error.validator_value)
        raise refusals.BAD_BODY(problem=f"{where} {text}")
    cleaned: dict[str, Any] = _without_surrogates(body)
    return cleaned


def _without_surrogates(value: Any) -> Any:
    """JSON may escape half a character; such halves become U+FFFD, as Go's decoder has it."""
    if isinstance(value, str):
        return value.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")
    if isinstance(value, list):
        return [_without_surrogates(each) for each in value]
    if isinstance(value, dict):
        return {_without_surrogates(key): _without_surrogates(each) for key, each in value.items()}
    return value


def _refuse_constant(name: str) -> Any:
    raise ValueError(name)
