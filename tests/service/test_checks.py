"""Names and resources that a provider refuses, before anything is sent."""

from __future__ import annotations

import pytest

from d2t import providers
from d2t.service import check, quota_reached, resources
from d2t.template import FromImage, Template


def findings(
    provider: str = "baidu", name: str = "web", cpu: int | None = None, memory: int | None = None
) -> list[str]:
    template = Template(FromImage("debian:12"), name=name, cpu_count=cpu, memory_mb=memory)
    return [f"{item.code} {item.message} | {item.help}" for item in check(template, providers.load(provider))]


@pytest.mark.parametrize("name", ["a", "web-1_x", "web:v1.2", "0", "-", "a" * 128, "a" * 128 + ":latest"])
def test_names_that_are_taken(name: str) -> None:
    assert findings(name=name) == []


@pytest.mark.parametrize(
    ("name", "says"),
    [
        ("", "D2T502 the template has no name | give --name NAME, write # d2t: name=NAME, or set `name` in d2t.toml"),
        (
            "My.App",
            "D2T501 'My.App' cannot be the name of a template: it may hold lower-case letters, digits, - and _ | use my-app",
        ),
        (
            "web:V1",
            "D2T501 'web:V1' cannot be the name of a template: its tag may hold lower-case letters, digits, -, _ and . | use web:v1",
        ),
        ("web:", "D2T501 'web:' cannot be the name of a template: its tag is empty | use web"),
        (":v1", "D2T501 ':v1' cannot be the name of a template: there is nothing before the colon | "),
        (
            "a:b:c",
            "D2T501 'a:b:c' cannot be the name of a template: its tag may hold lower-case letters, digits, -, _ and . | use a:b-c",
        ),
        (
            "web\n",
            "D2T501 'web\\n' cannot be the name of a template: it may hold lower-case letters, digits, - and _ | use web",
        ),
        ("é", "D2T501 'é' cannot be the name of a template: it may hold lower-case letters, digits, - and _ | "),
        (
            "a" * 129,
            f"D2T501 '{'a' * 129}' cannot be the name of a template: it has 129 characters, at most 128 are allowed | use {'a' * 128}",
        ),
    ],
)
def test_names_that_are_refused(name: str, says: str) -> None:
    assert findings(name=name) == [says]


@pytest.mark.parametrize(
    ("provider", "cpu", "memory"),
    [
        ("baidu", None, None),
        ("baidu", 2, 8192),
        ("baidu", 16, 16384),
        ("e2b", 1, 512),
        ("e2b", None, None),
        ("aliyun-fc", 3, 3),
    ],
)
def test_resources_that_are_offered(provider: str, cpu: int | None, memory: int | None) -> None:
    assert findings(provider, cpu=cpu, memory=memory) == []


@pytest.mark.parametrize(
    ("cpu", "memory", "says"),
    [
        (
            None,
            16384,
            "2 CPUs with 16384 MiB of memory | with --cpu 2 it offers --memory 2048, 4096 or 8192; 16384 MiB with --cpu 4, 8 or 16",
        ),
        (
            8,
            None,
            "8 CPUs with 2048 MiB of memory | with --cpu 8 it offers --memory 8192 or 16384; 2048 MiB with --cpu 2",
        ),
        (
            16,
            8192,
            "16 CPUs with 8192 MiB of memory | with --cpu 16 it offers --memory 16384; 8192 MiB with --cpu 2, 4 or 8",
        ),
        (1, 2048, "1 CPU with 2048 MiB of memory | it offers 2, 4, 8 or 16 CPUs"),
        (2, 1000, "2 CPUs with 1000 MiB of memory | with --cpu 2 it offers --memory 2048, 4096 or 8192"),
    ],
)
def test_resources_that_are_refused(cpu: int | None, memory: int | None, says: str) -> None:
    assert findings(cpu=cpu, memory=memory) == [f"D2T503 Baidu does not offer {says}"]


def test_all_is_said_at_once() -> None:
    assert [item[:6] for item in findings(name="A B", cpu=3)] == ["D2T501", "D2T503"]


def test_defaults_are_the_providers() -> None:
    template = Template(FromImage("debian:12"), cpu_count=4)
    assert resources(template, providers.load("baidu")) == (4, 2048)
    assert resources(template, providers.load("e2b")) == (4, 1024)


def test_a_quota_names_what_is_documented() -> None:
    found = quota_reached(providers.load("baidu"), "2 builds are in progress already")
    assert (found.code, found.provider) == ("D2T504", "baidu")
    assert found.message == "Baidu refuses the build: 2 builds are in progress already"
    assert found.help == (
        "wait for a build to end, or delete a template (Baidu allows 5 templates for each user, "
        "1 build at a time for each template, 2 builds at a time for each user)"
    )
    assert quota_reached(providers.load("e2b"), "no more").help == "wait for a build to end, or delete a template"
