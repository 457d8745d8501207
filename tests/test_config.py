"""Which file of settings counts for a Dockerfile, and what is wrong with one."""

from __future__ import annotations

from pathlib import Path

import pytest

from d2t.config import _FIELDS, ConfigError, Finder, Settings


def write(path: Path, text: str = "") -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    return path


def settings_of(path: Path) -> Settings:
    return Finder().of(path)


EVERYTHING = """
dockerfile = "Dockerfile"
provider = "e2b"
name = "web"
cpu = 4
memory = 4096
start = "serve --port 80"
ready = "port:80"
target = "final"
from-template = "base"
user = "app"
workdir = "/srv"
base-config = "base.json"
resolve-base = "registry"
build-args = { VERSION = "3", EMPTY = "" }
allow = ["expose", "volume"]
persist-env = false
select = ["D2T2"]
ignore = ["D2T203"]
per-file-ignores = { "a/*" = ["D2T3"] }
severity = { D2T3 = "info" }
"""


def test_every_key_is_read(tmp_path: Path) -> None:
    file = write(tmp_path / "d2t.toml", EVERYTHING)
    settings = settings_of(tmp_path / "Dockerfile")
    assert settings == Settings(
        file=str(file),
        dockerfile=str(tmp_path / "Dockerfile"),
        provider="e2b",
        name="web",
        cpu=4,
        memory=4096,
        start="serve --port 80",
        ready="port:80",
        target="final",
        from_template="base",
        user="app",
        workdir="/srv",
        base_config=str(tmp_path / "base.json"),
        resolve_base="registry",
        build_args={"VERSION": "3", "EMPTY": ""},
        allow=("expose", "volume"),
        persist_env=False,
        select=("D2T2",),
        ignore=("D2T203",),
        per_file_ignores={"a/*": ("D2T3",)},
        severity={"D2T3": "info"},
    )
    assert {line.split(" = ")[0] for line in EVERYTHING.strip().splitlines()} == set(_FIELDS)  # none forgotten here


def test_no_file_no_settings(tmp_path: Path) -> None:
    assert settings_of(tmp_path / "Dockerfile") == Settings()


def test_pyproject_section(tmp_path: Path) -> None:
    write(tmp_path / "pyproject.toml", '[project]\nname = "x"\n[tool.d2t]\nname = "web"\n')
    assert settings_of(tmp_path / "Dockerfile").name == "web"


@pytest.mark.parametrize(
    "text", ["[project]\nname = 'x'", "[tool.ruff]\nd2t = 1", "not toml at all", "[tool.other]\nx='d2t'"]
)
def test_pyproject_without_the_section_is_passed_over(tmp_path: Path, text: str) -> None:
    write(tmp_path / "pyproject.toml", text)
    assert settings_of(tmp_path / "Dockerfile") == Settings()


def test_the_nearest_file_counts_alone(tmp_path: Path) -> None:
    write(tmp_path / "d2t.toml", 'name = "far"\ncpu = 4')
    write(tmp_path / "a/pyproject.toml", '[tool.d2t]\nname = "near"')
    write(tmp_path / "a/b/pyproject.toml", '[project]\nname = "no section"')
    near = settings_of(tmp_path / "a/b/c/Dockerfile")
    assert (near.name, near.cpu) == ("near", None)
    assert settings_of(tmp_path / "b/Dockerfile").name == "far"


def test_the_order_within_a_folder(tmp_path: Path) -> None:
    files = [
        write(tmp_path / "d2t.toml", 'name = "own"'),
        write(tmp_path / "pyproject.toml", '[tool.d2t]\nname = "pyproject"'),
        write(tmp_path / "e2b.toml", 'template_id = "t"\ntemplate_name = "e2b"\ndockerfile = "Dockerfile"'),
    ]
    for file, name in zip(files, ["own", "pyproject", "e2b"], strict=True):
        assert settings_of(tmp_path / "Dockerfile").name == name
        file.unlink()


def test_paths_belong_to_the_folder_of_the_file(tmp_path: Path) -> None:
    write(tmp_path / "d2t.toml", 'provider = "ours.toml"\nbase-config = "conf/base.json"')
    settings = settings_of(tmp_path / "a/b/Dockerfile")
    assert settings.provider == str(tmp_path / "ours.toml")
    assert settings.base_config == str(tmp_path / "conf/base.json")


def test_a_named_dockerfile_keeps_its_template_to_itself(tmp_path: Path) -> None:
    write(tmp_path / "d2t.toml", 'dockerfile = "web.Dockerfile"\nname = "web"\ncpu = 4\nprovider = "e2b"')
    assert settings_of(tmp_path / "web.Dockerfile").name == "web"
    other = settings_of(tmp_path / "job.Dockerfile")
    assert (other.name, other.cpu, other.provider) == ("", None, "e2b")


E2B = """
template_id = "abc123"
team_id = "team"
dockerfile = "e2b.Dockerfile"
template_name = "shop"
start_cmd = "npm start"
ready_cmd = "curl -f localhost"
cpu_count = 4
memory_mb = 2048
"""


def test_e2b_file(tmp_path: Path) -> None:
    file = write(tmp_path / "e2b.toml", E2B)
    assert settings_of(tmp_path / "e2b.Dockerfile") == Settings(
        file=str(file),
        dockerfile=str(tmp_path / "e2b.Dockerfile"),
        name="shop",
        cpu=4,
        memory=2048,
        start="npm start",
        ready="cmd:curl -f localhost",
    )


def test_e2b_file_of_an_older_version(tmp_path: Path) -> None:
    write(tmp_path / "e2b.toml", 'id = "abc"\nname = "shop"\ndockerfile = "Dockerfile"')
    assert settings_of(tmp_path / "Dockerfile").name == "shop"


def test_e2b_file_says_nothing_of_other_dockerfiles(tmp_path: Path) -> None:
    """Its name is a template that exists: another Dockerfile must not be built into it."""
    above = write(tmp_path / "d2t.toml")
    write(tmp_path / "app/e2b.toml", E2B)
    assert settings_of(tmp_path / "app/Dockerfile") == Settings(file=str(above))


def test_e2b_file_may_hold_keys_of_its_own(tmp_path: Path) -> None:
    write(tmp_path / "e2b.toml", E2B + "of_tomorrow = 1\n")
    assert settings_of(tmp_path / "e2b.Dockerfile").name == "shop"


@pytest.mark.parametrize(
    ("name", "text", "says"),
    [
        ("d2t.toml", "cpus = 2", "there is no key `cpus`: did you mean `cpu`?"),
        ("d2t.toml", "build_args = {}", "there is no key `build_args`: did you mean `build-args`?"),
        ("d2t.toml", "zzz = 2", "there is no key `zzz` (the keys are dockerfile, provider, "),
        ("pyproject.toml", "[tool.d2t]\nmemroy = 2", "there is no key `tool.d2t.memroy`: did you mean `memory`?"),
        ("d2t.toml", 'cpu = "2"', '`cpu` must be a whole number above 0, not "2"'),
        ("d2t.toml", "cpu = true", "`cpu` must be a whole number above 0, not true"),
        ("d2t.toml", "cpu = 0", "`cpu` must be a whole number above 0, not 0"),
        ("d2t.toml", "memory = 1.5", "`memory` must be a whole number above 0, not 1.5"),
        ("d2t.toml", "name = 2026-01-01", "`name` must be a text, not a date or time"),
        ("d2t.toml", 'allow = "expose"', '`allow` must be a list of texts, not "expose"'),
        ("d2t.toml", 'allow = ["expose", 1]', "`allow` must be a list of texts, not a list"),
        ("d2t.toml", "build-args = { A = 1 }", "`build-args` must be a table of texts, not a table"),
        ("d2t.toml", 'persist-env = "no"', '`persist-env` must be true or false, not "no"'),
        ("d2t.toml", "a b", "not TOML: "),
        ("d2t.toml", "a = " + "[" * 5000, "not TOML: "),
        ("pyproject.toml", "[tool]\nd2t = 3", "`d2t` is not a table"),
        ("e2b.toml", 'cpu_count = "two"', '`cpu_count` must be a whole number above 0, not "two"'),
        ("e2b.toml", "dockerfile = 1", "`dockerfile` must be the path of a file"),
    ],
)
def test_errors_name_file_and_key(tmp_path: Path, name: str, text: str, says: str) -> None:
    file = write(tmp_path / name, text)
    with pytest.raises(ConfigError) as caught:
        settings_of(tmp_path / "Dockerfile")
    message = str(caught.value)
    assert message.startswith(f"{file}: {says}")
    assert "\n" not in message


def test_not_utf8_and_unreadable(tmp_path: Path) -> None:
    (tmp_path / "d2t.toml").write_bytes(b'name = "\xff"')
    with pytest.raises(ConfigError, match=r"d2t\.toml: not UTF-8"):
        settings_of(tmp_path / "Dockerfile")
    (tmp_path / "d2t.toml").unlink()
    (tmp_path / "d2t.toml").mkdir()
    with pytest.raises(ConfigError, match=r"d2t\.toml: cannot be read: is a directory"):
        settings_of(tmp_path / "Dockerfile")


def test_default_dockerfile(tmp_path: Path) -> None:
    write(tmp_path / "e2b.toml", E2B)
    assert Finder().default_dockerfile(str(tmp_path)) == str(tmp_path / "e2b.Dockerfile")
    assert Finder().default_dockerfile(str(tmp_path / "below")) == ""


def test_files_are_read_once(tmp_path: Path) -> None:
    file = write(tmp_path / "d2t.toml", 'name = "web"')
    finder = Finder()
    assert finder.of(tmp_path / "Dockerfile").name == "web"
    file.write_text('name = "other"')
    assert finder.of(tmp_path / "other.Dockerfile").name == "web"
