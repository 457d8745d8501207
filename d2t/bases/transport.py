"""HTTP to one registry: tokens, redirects, limits, and one line for whatever goes wrong.

Of the registry libraries for Python none fits: oras sets no time-outs, checks no digests and sends the user's password to
whatever realm a registry names; python-dxf reads no credentials and refuses tokens over http to localhost. `httpx` is a
requirement of the SDK already.
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import httpx

from d2t.bases import challenge as challenges
from d2t.bases.credentials import CredentialsError, Login
from d2t.bases.hosts import belong_together, is_local
from d2t.plan.base import BaseNotRead

MAX_BYTES = 8 << 20  # of a manifest or config; registries take manifests of 4 MiB (distribution spec)
MAX_REDIRECTS = 5
BODY_SECONDS = 60
_DIRECT = ("localhost", "127.0.0.1", "[::1]")
_TIMEOUT = httpx.Timeout(15, connect=5)


@dataclass(frozen=True, slots=True)
class Answer:
    status: int
    headers: httpx.Headers
    body: bytes
    url: httpx.URL  # that gave it


def client(agent: str) -> httpx.Client:
    """A client for all registries, thread-safe. No proxy is asked for this machine, and no redirect followed by itself."""
    direct: dict[str, httpx.BaseTransport | None] = dict.fromkeys(f"all://{host}" for host in _DIRECT)
    headers = {"User-Agent": agent}
    return httpx.Client(timeout=_TIMEOUT, follow_redirects=False, headers=headers, mounts=direct)


class Connection:
    """One repository of one registry. `login` is called when the registry asks who it is."""

    def __init__(
        self, client: httpx.Client, host: str, name: str, repository: str, login: Callable[[], Login | None]
    ) -> None:
        """`host` is that of the API, `name` what people call the registry. Raises BaseNotRead."""
        self._client = client
        self._repository = repository
        self._login = login
        self._registry = name
        self._remark = ""  # why there is no login where there could be one
        self._authorization: dict[str, str] = {}  # by origin
        self._base = httpx.URL(f"https://{host}")
        self._local = is_local(self._base.host)
        if self._local and self._answers_http():
            self._base = self._base.copy_with(scheme="http")

    def get(self, path: str, *, method: str = "GET", accept: str = "*/*") -> Answer:
        """What the repository has at a path; after redirects and, where it is asked for, with a login.

        Raises BaseNotRead unless the status is 200 or, for another method than GET, one that is no refusal.
        """
        url = self._base.join(f"/v2/{self._repository}/{path}")
        asked: set[str] = set()
        redirects = 0
        while True:
            origin = _origin(url)
            headers = {"Accept": accept}
            if origin in self._authorization:
                headers["Authorization"] = self._authorization[origin]
            answer = self._send(method, url, headers)
            if answer.status == 401 and origin not in asked:
                asked.add(origin)
                if self._authorize(answer):
                    continue
            if answer.status in (301, 302, 303, 307, 308) and "location" in answer.headers:
                redirects += 1
                if redirects > MAX_REDIRECTS:
                    raise BaseNotRead(f"{self._registry} redirects in circles")
                url = self._redirected(answer)
                continue
            self._check(answer, method)
            return answer

    def _redirected(self, answer: Answer) -> httpx.URL:
        try:
            url = answer.url.join(answer.headers["location"])
        except httpx.InvalidURL:
            raise BaseNotRead(f"{self._registry} redirects to something that is no address") from None
        if not self._allowed(url):
            raise BaseNotRead(f"{self._registry} redirects to {url.scheme}://{url.host}, which is not followed")
        return url

    def _allowed(self, url: httpx.URL) -> bool:
        """Whether an address that the registry names may be spoken to."""
        if url.userinfo or not url.host:
            return False
        return url.scheme == "https" or (url.scheme == "http" and self._local and is_local(url.host))

    def _authorize(self, answer: Answer) -> bool:
        """Get what a 401 asks for; False where there is nothing to get."""
        challenge = challenges.read(answer.headers.get_list("www-authenticate"))
        if challenge is None:
            return False
        origin = _origin(answer.url)
        login = self._own_login() if origin == _origin(self._base) else None
        if login is not None and login.registry_token:
            self._authorization[origin] = f"Bearer {login.registry_token}"
            return True
        if challenge.scheme == "basic":
            if login is None or not login.username:
                return False
            self._authorization[origin] = login.basic
            return True
        try:
            realm = httpx.URL(challenge.realm)
        except httpx.InvalidURL:
            return False
        if not self._allowed(realm):
            self._remark = f"; it names {realm.scheme}://{realm.host} for tokens, which is not protected by TLS"
            return False
        if login is not None and not belong_together(answer.url.host, realm.host):
            self._remark = f"; its login was not sent to {realm.host}, which it names for tokens"
            login = None
        token = self._token(realm, challenges.token_request(challenge, self._repository, login))
        if not token:
            return False
        self._authorization[origin] = f"Bearer {token}"
        return True

    def _own_login(self) -> Login | None:
        try:
            return self._login()
        except CredentialsError as error:
            self._remark = f"; {error}"
            return None

    def _token(self, realm: httpx.URL, request: challenges.TokenRequest) -> str:
        headers = {"Accept": "application/json"}
        if request.authorization:
            headers["Authorization"] = request.authorization
        url = realm.copy_merge_params(request.query)
        answer = self._send("POST" if request.form is not None else "GET", url, headers, request.form)
        if answer.status in (401, 403):
            return ""  # what was asked for is then refused
        if answer.status != 429 and answer.status != 200:
            raise BaseNotRead(
                f"{realm.host}, where {self._registry} has its tokens, answers with status {answer.status}"
            )
        self._check(answer, "GET")
        return challenges.read_token(answer.body)

    def _check(self, answer: Answer, method: str) -> None:
        status = answer.status
        if status in (401, 403):
            login = "" if self._remark else f"; `docker login {self._registry}` may help"
            raise BaseNotRead(f"{self._registry} gives no access: no such image, or a private one{login}{self._remark}")
        if status == 404:
            raise BaseNotRead(f"{self._registry} has no such image")
        if status == 429:
            raise BaseNotRead(f"{self._registry} allows no more requests for now: log in to it, or try again later")
        if status >= 500 or (status != 200 and method == "GET"):
            raise BaseNotRead(f"{self._registry} answers with status {status}")

    def _answers_http(self) -> bool:
        """Whether a registry on this machine is without TLS. Nothing secret is in the question."""
        try:
            answer = self._send("GET", self._base.copy_with(scheme="http", path="/v2/"), {})
        except BaseNotRead:
            return False
        return answer.status != 400

    def _send(
        self, method: str, url: httpx.URL, headers: Mapping[str, str], form: Mapping[str, str] | None = None
    ) -> Answer:
        end = time.monotonic() + BODY_SECONDS
        body = bytearray()
        try:
            with self._client.stream(method, url, headers=dict(headers), data=form) as response:
                for chunk in response.iter_bytes():
                    body += chunk
                    if len(body) > MAX_BYTES:
                        raise BaseNotRead(f"{url.host} gives more than {MAX_BYTES >> 20} MiB")
                    if time.monotonic() > end:
                        raise BaseNotRead(f"{url.host} did not finish within {BODY_SECONDS} seconds")
                return Answer(response.status_code, response.headers, bytes(body), url)
        except httpx.TimeoutException:
            raise BaseNotRead(f"{url.host} does not answer") from None
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            raise BaseNotRead(f"{url.host} cannot be reached: {_reason(error)}") from None


def _origin(url: httpx.URL) -> str:
    return f"{url.scheme}://{url.netloc.decode('ascii')}"


def _reason(error: Exception) -> str:
    text = (str(error).splitlines() or [""])[0] or type(error).__name__
    return re.sub(r"^\[Errno -?\d+\] ", "", text).lower()
