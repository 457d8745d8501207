"""The part of SARIF 2.1.0 that d2t writes, as a JSON schema made from the specification's text.

Stricter than the specification where it allows more than d2t needs: properties that d2t does not write are refused.
"""

from __future__ import annotations

from typing import Any


def _object(required: str, optional: str = "", **properties: Any) -> dict[str, Any]:
    assert set(properties) == {*required.split(), *optional.split()}
    return {"type": "object", "properties": properties, "required": required.split(), "additionalProperties": False}


def _array(items: Any, at_least: int = 0, unique: bool = False) -> dict[str, Any]:
    return {"type": "array", "items": items, "minItems": at_least, "uniqueItems": unique}


_STRING = {"type": "string"}
_NUMBER = {"type": "integer", "minimum": 1}
# RFC 3986: reserved and unreserved characters, and percent-encoded bytes; 3.4.3 wants a valid URI reference
_URI = {"type": "string", "pattern": r"^(?:[A-Za-z0-9\-._~:/?#@!$&'()*+,;=]|%[0-9A-Fa-f]{2})+$"}
_TEXT = _object("text", text=_STRING)  # 3.11 message, 3.12 multiformatMessageString, 3.3 artifactContent

_ARTIFACT_LOCATION = {  # 3.4; 3.4.4: no base for an absolute URI
    **_object("uri", "uriBaseId", uri=_URI, uriBaseId=_STRING),
    "if": {"properties": {"uri": {"pattern": "^[a-z]+:"}}},
    "then": {"properties": {"uriBaseId": False}},
}
_REGION = _object(  # 3.30
    "startLine",
    "startColumn endLine endColumn",
    startLine=_NUMBER,
    startColumn=_NUMBER,
    endLine=_NUMBER,
    endColumn=_NUMBER,
)
_LOCATION = _object(  # 3.28, 3.29
    "physicalLocation",
    physicalLocation=_object("artifactLocation region", artifactLocation=_ARTIFACT_LOCATION, region=_REGION),
)
_FIX = _object(  # 3.55 to 3.57
    "artifactChanges",
    artifactChanges=_array(
        _object(
            "artifactLocation replacements",
            artifactLocation=_ARTIFACT_LOCATION,
            replacements=_array(
                _object("deletedRegion insertedContent", deletedRegion=_REGION, insertedContent=_TEXT), 1
            ),
        ),
        1,
        True,
    ),
)
_RESULT = _object(  # 3.27
    "ruleId ruleIndex level message locations partialFingerprints",
    "fixes properties",
    ruleId=_STRING,
    ruleIndex={"type": "integer", "minimum": 0},
    level={"enum": ["none", "note", "warning", "error"]},
    message=_TEXT,
    locations=_array(_LOCATION, 1),
    partialFingerprints={"type": "object", "additionalProperties": _STRING},
    fixes=_array(_FIX, 1, True),
    properties=_object("provider", provider=_STRING),
)
_RULE = _object(  # 3.49 reportingDescriptor
    "id",
    "name shortDescription help",
    id=_STRING,
    name=_STRING,
    shortDescription=_TEXT,
    help=_object("text markdown", text=_STRING, markdown=_STRING),
)
_DRIVER = _object("name version rules", name=_STRING, version=_STRING, rules=_array(_RULE, unique=True))  # 3.19

SCHEMA: dict[str, Any] = {
    "$schema": "https://json-schema.org/draft/2020-12/schema",
    **_object(  # 3.13 sarifLog, 3.14 run
        "$schema version runs",
        **{"$schema": _URI},
        version={"const": "2.1.0"},
        runs=_array(
            _object(
                "tool columnKind results",
                tool=_object("driver", driver=_DRIVER),
                columnKind={"enum": ["utf16CodeUnits", "unicodeCodePoints"]},
                results=_array(_RESULT),
            ),
            1,
        ),
    ),
}
