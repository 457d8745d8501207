"""Keys and addresses from the environment; nothing secret is shown."""

from __future__ import annotations

import pytest

from d2t import providers
from d2t.service import (
    Connection,
    Credentials,
    Redactor,
    ServiceError,
    address,
    connect,
    key_warning,
    without_credentials,
)

BAIDU = providers.load("baidu")
KEY = "bce-v3/abc"


@pytest.mark.parametrize(
    ("provider", "environ", "url"),
    [
        ("baidu", {}, "https://api.sandbox-execute.gz.baidubce.com"),
        ("e2b", {}, "https://api.e2b.app"),
        ("baidu", {"E2B_DOMAIN": "sandbox.example.com"}, "https://api.sandbox.example.com"),
        ("baidu", {"E2B_DOMAIN": ""}, "https://api.sandbox-execute.gz.baidubce.com"),
        ("aliyun-fc", {"E2B_DOMAIN": "cn.example.com"}, "https://api.cn.example.com"),
        ("baidu", {"E2B_DOMAIN": "x", "E2B_API_URL": "http://127.0.0.1:3000/"}, "http://127.0.0.1:3000"),
    ],
)
def test_where_the_api_is(provider: str, environ: dict[str, str], url: str) -> None:
    assert connect(providers.load(provider), {"E2B_API_KEY": KEY, **environ}).url == url


@pytest.mark.parametrize(
    ("environ", "says"),
    [
        (
            {},
            "E2B_API_KEY is not set: export the API key of Baidu (it begins bce-v3/), or build with --local or --dry-run",
        ),
        ({"E2B_API_KEY": " \n"}, "E2B_API_KEY is not set"),
        ({"E2B_API_KEY": "a\nb"}, "E2B_API_KEY is not a key: it holds characters that a header cannot"),
        ({"E2B_API_KEY": "clé"}, "E2B_API_KEY is not a key"),
        ({"E2B_API_KEY": "bce v3"}, "E2B_API_KEY is not a key"),
        ({"E2B_API_KEY": KEY, "E2B_DOMAIN": "https://x.example"}, "E2B_DOMAIN is not a domain"),
        ({"E2B_API_KEY": KEY, "E2B_API_URL": "x.example"}, "E2B_API_URL is not a URL"),
        ({"E2B_API_KEY": KEY, "E2B_API_URL": "http://[x"}, "E2B_API_URL is not a URL"),
        ({"E2B_API_KEY": KEY, "E2B_API_URL": "ftp://x.example"}, "E2B_API_URL is not a URL"),
        ({"E2B_API_KEY": KEY, "E2B_API_URL": "https://x.example:99999"}, "E2B_API_URL is not a URL"),
    ],
)
def test_what_is_wrong_with_the_environment(environ: dict[str, str], says: str) -> None:
    with pytest.raises(ServiceError) as caught:
        connect(BAIDU, environ)
    assert str(caught.value).startswith(says)
    assert not (key := environ.get("E2B_API_KEY", "").strip()) or key not in str(caught.value)


def test_a_provider_without_a_domain() -> None:
    with pytest.raises(ServiceError, match="Aliyun FC has no domain of its own: set E2B_DOMAIN"):
        address(providers.load("aliyun-fc"), {})


def test_a_key_of_another_service_is_noticed_without_showing_it() -> None:
    other = connect(BAIDU, {"E2B_API_KEY": "e2b_0123456789"})
    warning = key_warning(BAIDU, other)
    assert warning == "E2B_API_KEY does not begin bce-v3/, as keys of Baidu do: is it another service's?"
    assert key_warning(BAIDU, connect(BAIDU, {"E2B_API_KEY": KEY})) == ""
    assert key_warning(providers.load("aliyun-fc"), other) == ""


def test_secrets_are_not_in_what_is_printed() -> None:
    connection = Connection("bce-v3/secret", "https://me:hidden@api.example.com/v", "Baidu")
    assert "secret" not in repr(connection)
    assert connection.shown() == without_credentials(connection.url) == "https://api.example.com/v"
    assert "secret" not in repr(Credentials("me", "secret"))


def test_redacting() -> None:
    redact = Redactor(["bce-v3/a b", "", 'quo"te'])
    assert redact('key bce-v3/a b, bce-v3%2Fa%20b; quo"te and quo\\"te') == "key ***, ***; *** and ***"
