"""What a registry asks for when it answers 401, and the request for a token (distribution spec, token authentication)."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from d2t.bases.credentials import Login

CLIENT = "d2t"
_SCHEME = re.compile(r"\s*([A-Za-z]+)\s+(.*)\Z", re.S)
_PARAMETER = re.compile(r'([a-z_]+)\s*=\s*(?:"((?:[^"\\]|\\.)*)"|([^\s,"]+))', re.I)


@dataclass(frozen=True, slots=True)
class Challenge:
    """One `WWW-Authenticate` header that can be answered."""

    scheme: str  # "basic" or "bearer"
    realm: str = ""  # where tokens are, of a "bearer"
    service: str = ""
    scope: str = ""


@dataclass(frozen=True, slots=True)
class TokenRequest:
    """A request for a token: a form to post where there is one, a query to get otherwise."""

    query: Mapping[str, str]
    form: Mapping[str, str] | None
    authorization: str


def read(headers: Iterable[str]) -> Challenge | None:
    """The challenge to answer: a token is preferred to a password."""
    found: dict[str, Challenge] = {}
    for header in headers:
        match = _SCHEME.match(header)
        scheme = match[1].lower() if match else ""
        if match is None or scheme not in ("basic", "bearer"):
            continue
        said: dict[str, str] = {}
        for name, quoted, bare in _PARAMETER.findall(match[2]):
            said.setdefault(name.lower(), re.sub(r"\\(.)", r"\1", quoted) or bare)
        challenge = Challenge(scheme, said.get("realm", ""), said.get("service", ""), said.get("scope", ""))
        found.setdefault(scheme, challenge)
    return found.get("bearer") or found.get("basic")


def token_request(challenge: Challenge, repository: str, login: Login | None) -> TokenRequest:
    """What to ask the realm: with the user's login, or anonymously."""
    values = {"scope": challenge.scope or f"repository:{repository}:pull"}
    if challenge.service:
        values["service"] = challenge.service
    if login is not None and login.identity_token:
        more = {"grant_type": "refresh_token", "refresh_token": login.identity_token, "client_id": CLIENT}
        return TokenRequest({}, {**values, **more}, "")
    return TokenRequest(values, None, login.basic if login is not None else "")


def read_token(data: bytes) -> str:
    """The token of an answer, "" when it has none."""
    try:
        answer = json.loads(data)
    except (ValueError, RecursionError):
        return ""
    if not isinstance(answer, dict):
        return ""
    token = answer.get("token") or answer.get("access_token")
    return token if isinstance(token, str) and re.fullmatch(r"[\x21-\x7e]+", token) else ""
