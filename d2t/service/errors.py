"""What can go wrong with a service, each in one line."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from enum import Enum, auto
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import httpx


class Trouble(Enum):
    """Kinds of failure that a caller may want to tell apart."""

    SETUP = auto()  # no key, no address: nothing was sent
    NETWORK = auto()  # no answer
    BUSY = auto()  # 5xx, or a rate limit: the same call may succeed later
    REFUSED = auto()  # the service's answer is no
    QUOTA = auto()  # no, because of a quota
    ANSWER = auto()  # an answer that is none


class ServiceError(Exception):
    """The service could not be used. The message is one line without secrets."""

    def __init__(self, message: str, trouble: Trouble = Trouble.SETUP, said: str = "") -> None:
        super().__init__(message)
        self.trouble = trouble
        self.said = said  # the service's own words


@dataclass(frozen=True, slots=True)
class Refusal:
    """A status above 299 and what the service said with it."""

    status: int
    said: str


_STATUS = re.compile(r"(?P<status>[1-5]\d\d): (?P<said>.*)", re.DOTALL)  # how the SDK begins an exception's text
_SDK_WORDS = re.compile(
    r"(Unauthorized, please check your credentials|Rate limit exceeded, please try again later"
    r"|Service temporarily unavailable, please retry)\.( - |$)"
)
_QUOTA = re.compile(r"quota|maximum number|at most|concurrent|limit (?:reached|exceeded)|too many", re.IGNORECASE)
_RATE = re.compile(r"rate limit|slow down|too many requests|try again", re.IGNORECASE)
_QUERY = re.compile(r"(https?://[^\s?'\"]*)\?[^\s'\"]+")
_LONGEST = 300


@contextmanager
def translated(title: str, url: str, redact: Callable[[str], str]) -> Iterator[None]:
    """Turns whatever the SDK raises into a ServiceError.

    The SDK lets its HTTP client's, its generated models' and its own exceptions through, and has no common base for them:
    all are caught here, and only here.
    """
    import logging

    import httpx

    sdk = logging.getLogger("e2b")
    if not sdk.handlers:
        sdk.addHandler(logging.NullHandler())  # e2b 2.10 logs each refusal as an error, which would go to stderr
    try:
        yield
    except ServiceError:
        raise
    except httpx.HTTPError as error:
        raise ServiceError(redact(_network(error, title, url)), Trouble.NETWORK) from None
    except Exception as error:
        what = _QUERY.sub(r"\1?…", _named(error))  # the query of an upload's URL is its signature
        if type(error).__name__ == "FileUploadException" and refusal(error) is None:
            raise ServiceError(redact(one_line(f"files cannot be sent to {title}: {what}")), Trouble.NETWORK) from None
        answer = _answer(error)
        found = refusal(error) or _unread(answer)
        if found is not None:
            raise ServiceError(redact(_refused(found, title)), _trouble(found), redact(found.said)) from None
        if answer is not None or type(error).__name__ == "BuildException":
            text = f"{title} ({url}) gave an answer that the e2b SDK does not understand: {what}"
            raise ServiceError(redact(one_line(text)), Trouble.ANSWER) from None
        raise ServiceError(redact(one_line(f"the template cannot be sent to {title}: {what}"))) from None


def refusal(error: Exception) -> Refusal | None:
    """The status and message in an exception of the SDK's, None when it is about something else."""
    found = _STATUS.fullmatch(str(error))
    if found is None or not type(error).__module__.startswith("e2b"):
        return None
    said = _SDK_WORDS.sub("", found["said"])
    if said.startswith(("b'", 'b"')):  # the SDK prints the bytes of a body that is not its JSON
        said = "" if "<" in said else said[2:-1]
    return Refusal(int(found["status"]), one_line(said) if said != "None" else "")


def _answer(error: Exception) -> httpx.Response | None:
    """The answer that broke the SDK's reading of it.

    Its models raise KeyError, say, for an error whose body has another shape than E2B's, and the status is lost; the
    response is still among the variables of the functions that the exception came through.
    """
    import httpx

    found, trace = None, error.__traceback__
    while trace is not None:
        found = next((value for value in trace.tb_frame.f_locals.values() if isinstance(value, httpx.Response)), found)
        trace = trace.tb_next
    return found


def _unread(answer: httpx.Response | None) -> Refusal | None:
    """The refusal in an answer that the SDK could not read."""
    if answer is None or answer.status_code < 300:
        return None
    try:
        body = answer.json()
    except ValueError:
        body = None
    texts = [body.get(key) for key in ("message", "error", "detail")] if isinstance(body, dict) else []
    return Refusal(answer.status_code, one_line(next((text for text in texts if isinstance(text, str)), "")))


def _network(error: Exception, title: str, url: str) -> str:
    import httpx

    text = str(error).lower()
    if isinstance(error, httpx.TimeoutException):
        why = "it did not answer in time"
    elif "dns" in text or "name or service not known" in text or "name resolution" in text or "nodename nor" in text:
        why = "its name is unknown (no network, or a wrong E2B_DOMAIN or E2B_API_URL?)"
    elif "refused" in text:
        why = "the connection was refused"
    elif "certificate" in text or "tls" in text or "ssl" in text:
        why = f"the secure connection failed: {_reason(error)}"
    else:
        why = _reason(error)
    return one_line(f"cannot reach {title} at {url}: {why}")


def _reason(error: Exception) -> str:
    """The innermost part of a chain such as `Request failed: … for url (…): tcp error: Connection reset`."""
    return str(error).rpartition("): ")[2] or type(error).__name__


def _refused(found: Refusal, title: str) -> str:
    said = f": {found.said}" if found.said else ""
    match found.status:
        case 401:
            return f"{title} does not accept E2B_API_KEY (401){said}"
        case 403:
            return f"{title} does not allow this (403){said}"
        case 404:
            return f"{title} does not know this (404){said}"
        case 429:
            return f"{title} allows no more for now (429){said}"
        case status if status >= 500:
            return f"{title} has a fault of its own ({status}), try again later{said}"
    return f"{title} refuses this ({found.status}){said}"


def _trouble(found: Refusal) -> Trouble:
    if found.status == 429:  # of quotas, and of calls in a second
        return Trouble.QUOTA if found.said and not _RATE.search(found.said) else Trouble.BUSY
    if found.status in (400, 403, 409) and _QUOTA.search(found.said):
        return Trouble.QUOTA
    return Trouble.BUSY if found.status >= 500 else Trouble.REFUSED


def _named(error: Exception) -> str:
    text = str(error)
    return f"{type(error).__name__}: {text}" if text else type(error).__name__


def one_line(text: Any) -> str:
    """At most some hundred characters, no line breaks."""
    line = " ".join(str(text).split())
    return line if len(line) <= _LONGEST else f"{line[:_LONGEST]}…"
