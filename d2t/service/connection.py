"""Where a provider's API is, and the key for it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from d2t.providers import Provider
from d2t.service.errors import ServiceError

MASK = "***"


@dataclass(frozen=True, slots=True)
class Credentials:
    """User name and password of an image registry."""

    username: str
    password: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Connection:
    """A service that can be called."""

    api_key: str = field(repr=False)
    url: str  # of the API, without a slash at the end
    title: str = ""  # who answers there, for messages

    def shown(self) -> str:
        """The URL without a user name and password in it."""
        return without_credentials(self.url)


def connect(provider: Provider, environ: Mapping[str, str]) -> Connection:
    """The provider's API as the environment knows it: `E2B_API_KEY`, and `E2B_API_URL` or `E2B_DOMAIN` if set.

    Raises ServiceError when there is no key or no address.
    """
    key = environ.get("E2B_API_KEY", "").strip()
    prefix = provider["api.key_prefix"]
    if not key:
        form = f" (it begins {prefix})" if prefix else ""
        raise ServiceError(
            f"E2B_API_KEY is not set: export the API key of {provider.title}{form}, "
            "or build with --local or --dry-run, which need none"
        )
    if not key.isascii() or not key.isprintable() or " " in key:
        raise ServiceError("E2B_API_KEY is not a key: it holds characters that a header cannot")
    return Connection(key, address(provider, environ), provider.title)


def address(provider: Provider, environ: Mapping[str, str]) -> str:
    """The URL of the provider's API. Needs no key.

    Raises ServiceError.
    """
    url = environ.get("E2B_API_URL", "").strip()
    if not url:
        domain = environ.get("E2B_DOMAIN", "").strip() or provider["api.domain"]
        if not domain:
            raise ServiceError(
                f"{provider.title} has no domain of its own: set E2B_DOMAIN ({provider.source('api.domain')})"
            )
        if "/" in domain or ":" in domain.partition(":")[2] or not domain.isprintable() or " " in domain:
            raise ServiceError("E2B_DOMAIN is not a domain: it looks like sandbox.example.com, without https://")
        url = f"https://api.{domain}"
    try:
        parts = urlsplit(url)
        valid = parts.scheme in ("http", "https") and bool(parts.hostname) and (parts.port or 1) > 0
    except ValueError:
        valid = False
    if not valid:
        raise ServiceError("E2B_API_URL is not a URL: it looks like https://api.example.com")
    return url.rstrip("/")


def key_warning(provider: Provider, connection: Connection) -> str:
    """Why the key looks like another service's, "" when it does not. The key is not in it."""
    prefix = provider["api.key_prefix"]
    if not prefix or connection.api_key.startswith(prefix):
        return ""
    return f"E2B_API_KEY does not begin {prefix}, as keys of {provider.title} do: is it another service's?"


def without_credentials(url: str) -> str:
    """A URL as it may be printed."""
    parts = urlsplit(url)
    return parts._replace(netloc=parts.netloc.rpartition("@")[2]).geturl()


class Redactor:
    """Takes secrets out of texts that come from elsewhere."""

    def __init__(self, secrets: Iterable[str]) -> None:
        import json
        from urllib.parse import quote

        forms = {
            form for secret in secrets if secret for form in (secret, json.dumps(secret)[1:-1], quote(secret, safe=""))
        }
        self._forms = sorted(forms, key=len, reverse=True)

    def __call__(self, text: str) -> str:
        for form in self._forms:
            text = text.replace(form, MASK)
        return text
