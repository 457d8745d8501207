"""Dockerfile → steps: what is sent as written, and what is added where the service would do otherwise."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from d2t import transpile
from d2t.plan.build import ImageConfig
from d2t.template import RunCmd, SetEnvs, SetUser, SetWorkdir, Template, WaitForTimeout

PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
BASE = ImageConfig(env={"PATH": PATH})
ROOT = SetWorkdir("/")


def template(text: str, **options: Any) -> Template:
    result = transpile(f"FROM debian:12\n{text}\n", **{"base_config": BASE, "persist_env": False, **options})
    assert result.template, result.diagnostics
    first, *steps = result.template.steps
    assert first == SetUser("root")
    return replace(result.template, steps=tuple(steps))


def commands(text: str, **options: Any) -> list[str]:
    return [step.command for step in template(text, **options).steps if isinstance(step, RunCmd)]


def codes(text: str, **options: Any) -> set[str]:
    return {diagnostic.code for diagnostic in transpile(f"FROM debian:12\n{text}\n", **options).diagnostics}


@pytest.mark.parametrize(
    ("text", "command"),
    [
        ("RUN apt-get update && apt-get install -y curl", "apt-get update && apt-get install -y curl"),
        ("RUN <<EOF\nmkdir /a\nmkdir /b\nEOF", "mkdir /a\nmkdir /b\n"),
        ('RUN echo "a\\tb"', "exec /bin/sh -c 'echo \"a\\tb\"' </dev/null"),
        ("RUN ./setup.sh", "exec </dev/null; ./setup.sh"),
        ('RUN ["pip", "install", "a b"]', "exec pip install 'a b' </dev/null"),
        ('RUN ["$HOME"]', "exec '$HOME' </dev/null"),
        ('SHELL ["/bin/bash", "-c"]\nRUN [[ -f /x ]]', "[[ -f /x ]]"),
        ('SHELL ["/bin/bash", "-o", "pipefail", "-c"]\nRUN a | make', "set -o pipefail; exec </dev/null; a | make"),
        ('SHELL ["/bin/bash", "-euo", "pipefail", "-c"]\nRUN make', "set -euo pipefail; make"),
        ('SHELL ["/bin/zsh", "-c"]\nRUN make', "exec /bin/zsh -c make </dev/null"),
        ("ARG V=1\nRUN make $V", "export V=1; make $V"),
        ("ARG V=1\nRUN mkdir /x", "mkdir /x"),
        ("ARG V='a b'\nRUN mkdir /x/$V", "export V='a b'; mkdir /x/$V"),
        (
            "ARG DEBIAN_FRONTEND=noninteractive\nRUN apt-get update",
            "export DEBIAN_FRONTEND=noninteractive; apt-get update",
        ),
    ],
)
def test_run(text: str, command: str) -> None:
    found = commands(text)[-1]
    assert found.replace("exec </dev/null; set -o pipefail; ", "set -o pipefail; exec </dev/null; ") == command


def test_a_background_process_ends_with_its_step() -> None:
    (command,) = commands("RUN sleep 300 & echo ok")
    assert "kill -KILL" in command
    assert "sleep 300 & echo ok" in command


def test_an_edited_profile_is_kept_from_later_steps() -> None:
    first, second = commands("RUN echo 'export X=1' >> /root/.bashrc\nRUN make")
    assert first == "echo 'export X=1' >> /root/.bashrc"
    assert second == f'umask 022; cd /; exec /usr/bin/env -i PATH={PATH} HOME="$HOME" /bin/sh -c make </dev/null'


def test_a_script_heredoc_is_run_as_a_file() -> None:
    write, run = commands("RUN <<EOF\n#!/usr/bin/env python3\nprint(1)\nEOF")
    assert "#!/usr/bin/env python3\nprint(1)\n" in write
    assert run == "exec /bin/sh -c /tmp/d2t/EOF </dev/null"


def test_a_long_command_is_sent_in_pieces() -> None:
    found = commands("RUN <<EOF\n" + "".join(f"mkdir /d{n}\n" for n in range(20_000)) + "EOF")
    assert len(found) > 2
    assert all(len(command.encode()) < 131_072 for command in found)


@pytest.mark.parametrize(
    ("value", "sent"),
    [
        ("plain", "plain"),
        ("'$HOME'", "${D2T_-$}HOME"),
        ('"cost: \\$5"', "cost: ${D2T_-$}5"),
        ("'a\\\\b\"c`d$(e)'", 'a\\\\b"c`d$(e)'),
        ("'$$'", "${D2T_-$}$"),
        ("'100 $'", "100 $"),
        ("' x '", " x "),
        ('""', ""),
    ],
)
def test_env_values_are_exactly_dockers(value: str, sent: str) -> None:
    assert template(f"ENV A={value}").steps[0] == SetEnvs((("A", sent),), line=2)


def test_env_that_refers_to_earlier_ones_is_expanded_before_sending() -> None:
    steps = template("ENV A=1 B=2\nENV C=$A-$B").steps
    assert steps[1] == SetEnvs((("C", "1-2"),), line=3)


def test_path_is_set_again_for_login_shells() -> None:
    steps = template("ENV PATH=/opt/x/bin:$PATH\nRUN make").steps
    assert steps[0] == RunCmd(
        f"echo 'export PATH=/opt/x/bin:{PATH}' >/etc/profile.d/zz-d2t-path.sh", "", 3, "login shells reset PATH"
    )
    assert len([step for step in steps if isinstance(step, RunCmd)]) == 2


def test_path_of_an_unknown_base_is_read_when_it_builds() -> None:
    steps = template("ENV PATH=/x:$PATH\nRUN make", base_config=None).steps
    assert isinstance(steps[0], RunCmd)
    assert '"/x:$base"' in steps[0].command


@pytest.mark.parametrize("text", ["RUN make", "RUN make\nRUN make install", "ENV A=1\nRUN make"])
def test_the_default_path_needs_no_step(text: str) -> None:
    assert not any("PATH" in command for command in commands(text))


def test_a_non_root_user_gets_dockers_path() -> None:
    assert any("PATH" in command for command in commands("RUN useradd -r app\nUSER app\nRUN make"))


def test_env_is_kept_for_later_commands() -> None:
    steps = template("ENV A=1 B='it''s'", persist_env=True).steps
    assert isinstance(steps[-2], RunCmd)
    assert '[ "${A+x}" ] || export A=1\n' in steps[-2].command
    assert steps[-2].command.startswith("cat >/etc/profile.d/00-d2t-env.sh <<'EOF'")


@pytest.mark.parametrize(
    ("text", "user"),
    [
        ("USER root", None),
        ("USER 0:0", None),
        ("RUN useradd -r app\nUSER app", "app"),
        ("RUN useradd -r app\nUSER app:app", "app"),
        ("RUN useradd -r -u 999 app\nUSER 999", "app"),
        ("ARG U=app\nRUN useradd -r $U\nUSER ${U}", "app"),
        ("RUN groupadd -r g && useradd -r -g g app\nUSER app", "app"),
    ],
)
def test_users_that_the_service_can_have(text: str, user: str | None) -> None:
    found = [step.user for step in template(text).steps if isinstance(step, SetUser)]
    assert found == ([user] if user else [])


@pytest.mark.parametrize("user", ["12345", "1234:1234", "app:grp", "0:5"])
def test_other_users_are_kept_with_setpriv(user: str) -> None:
    text = f"RUN useradd -r app\nUSER {user}\nRUN make"
    assert "setpriv --reuid=" in commands(text)[-1]
    assert "D2T307" in codes(text, base_config=BASE)


def test_an_unknown_user_fails_as_in_docker() -> None:
    assert "id -u ghost" in commands("USER ghost\nRUN make")


@pytest.mark.parametrize(
    ("text", "freed"),
    [
        ("RUN useradd -m app", True),
        ("RUN useradd -u 1000 app", True),
        ("RUN groupadd -g 1000 g", True),
        ("USER 1000", True),
        ("RUN useradd --system app", False),
        ("RUN adduser -S app", False),
        ("RUN make", False),
    ],
)
def test_the_services_own_user_is_removed_where_it_is_in_the_way(text: str, freed: bool) -> None:
    assert any(command.startswith("userdel") for command in commands(text)) is freed


def test_workdir() -> None:
    steps = template("WORKDIR /a\nWORKDIR b\nRUN make").steps
    assert steps[:2] == (SetWorkdir("/a", 2), SetWorkdir("/a/b", 3))


def test_workdir_text_is_not_evaluated() -> None:
    assert template("WORKDIR '/a$b`c\"d'").steps[0] == SetWorkdir('/a\\$b\\`c\\"d', 2)


def test_workdir_that_a_run_may_remove_is_made_again() -> None:
    steps = template("WORKDIR /gone\nRUN cd / && rm -rf /gone\nRUN make").steps
    assert [step.path for step in steps if isinstance(step, SetWorkdir)] == ["/gone", "/gone"]


@pytest.mark.parametrize(
    ("text", "start"),
    [
        ('CMD ["serve", "a b"]', "exec serve 'a b' </dev/null"),
        ("CMD serve now", "exec /bin/sh -c 'serve now' </dev/null"),
        ('ENTRYPOINT ["tini", "--"]\nCMD ["serve"]', "exec tini -- serve </dev/null"),
        ("ENTRYPOINT serve\nCMD x", "exec /bin/sh -c serve /bin/sh -c x </dev/null"),
        ('CMD ["bash"]', ""),
        ('ENTRYPOINT ["a"]\nENTRYPOINT []', ""),
    ],
)
def test_start(text: str, start: str) -> None:
    assert template(text).start_cmd == start


def test_the_base_images_config_is_kept() -> None:
    config = ImageConfig(env={"PATH": PATH}, user="svc", workdir="/srv", entrypoint=("run",), cmd=("x",))
    found = template("RUN make", base_config=config)
    assert SetUser("svc", 1) in found.steps
    assert SetWorkdir("/srv") in found.steps
    assert found.start_cmd == "exec run x </dev/null"


def test_cache_mounts_leave_nothing() -> None:
    before, run, after = commands("RUN --mount=type=cache,target=/c make")
    assert (before, run, after) == (
        "[ ! -e /c ] || mv /c /c.d2t-kept; mkdir -p /c",
        "make",
        "rm -rf /c; [ ! -e /c.d2t-kept ] || mv /c.d2t-kept /c",
    )


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("COPY --from=busybox /a /b", "D2T206"),
        ("RUN --mount=type=secret,id=x make", "D2T207"),
        ("RUN --mount=type=ssh make", "D2T207"),
        ("RUN --mount=type=bind,target=/x make", "D2T207"),
        ("RUN --network=none make", "D2T212"),
        ("RUN --security=insecure make", "D2T213"),
        ("EXPOSE 80", "D2T203"),
        ("VOLUME /x", "D2T204"),
        ("WORKDIR $NOT_KNOWN/x", "D2T314"),
        ("USER $NOT_KNOWN", "D2T314"),
        ("CMD x\n# d2t: ready=port:abc", "D2T402"),
        ("# d2t: redy=port:80", "D2T418"),
    ],
)
def test_what_cannot_be_kept_is_refused(text: str, code: str) -> None:
    result = transpile(f"FROM debian:12\n{text}\n")
    assert result.template is None
    assert code in {diagnostic.code for diagnostic in result.diagnostics if diagnostic.severity == "error"}


@pytest.mark.parametrize(
    ("base", "code"),
    [
        ("scratch", "D2T208"),
        ("gcr.io/distroless/static:nonroot", "D2T208"),
        ("registry.access.redhat.com/ubi9/ubi-minimal", "D2T208"),
        ("busybox", "D2T208"),
        ("amazonlinux:2023", "D2T208"),
        ("mcr.microsoft.com/windows/servercore:ltsc2022", "D2T209"),
        ("--platform=linux/arm64 debian", "D2T210"),
    ],
)
def test_bases_that_the_service_refuses(base: str, code: str) -> None:
    result = transpile(f"FROM {base}\nRUN x\n")
    assert result.template is None
    assert code in {diagnostic.code for diagnostic in result.diagnostics}


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("LABEL a=b", "D2T303"),
        ("STOPSIGNAL SIGQUIT", "D2T304"),
        ("ONBUILD RUN x", "D2T305"),
        ("MAINTAINER x", "D2T306"),
        ("HEALTHCHECK NONE", "D2T403"),
        ("ENV my.key=1", "D2T302"),
        ("ENV API_TOKEN=x", "D2T318"),
    ],
)
def test_what_is_left_out_is_named(text: str, code: str) -> None:
    result = transpile(f"FROM debian:12\n{text}\n")
    assert result.template is not None
    assert code in {diagnostic.code for diagnostic in result.diagnostics}


def test_allow_downgrades_and_never_hides() -> None:
    result = transpile("FROM debian:12\nEXPOSE 80\nVOLUME /x\n", allow=["expose", "volume"])
    assert result.template
    assert {(d.code, d.severity.value) for d in result.diagnostics if d.code in ("D2T203", "D2T204")} == {
        ("D2T203", "warning"),
        ("D2T204", "warning"),
    }
    with pytest.raises(ValueError, match="expose or volume"):
        transpile("FROM a", allow=["copy"])


def test_no_build_steps_on_aliyun() -> None:
    fine = transpile("FROM registry.example.com/app\nCMD serve\n", provider="aliyun-fc")
    assert fine.template
    assert fine.template.steps == ()
    assert fine.template.ready == WaitForTimeout(20_000)
    refused = transpile("FROM a\nRUN x\n", provider="aliyun-fc")
    assert refused.template is None
    assert "D2T211" in {d.code for d in refused.diagnostics}


def test_hints_in_comments() -> None:
    found = template("# d2t: name=web cpu=4 memory=4096\n# d2t: start=serve --now\n# d2t: ready=timeout:5s")
    assert (found.name, found.cpu_count, found.memory_mb) == ("web", 4, 4096)
    assert (found.start_cmd, found.ready) == ("serve --now", WaitForTimeout(5000))


def test_a_text_is_never_taken_for_a_path(tmp_path: Any) -> None:
    file = tmp_path / "Dockerfile"
    file.write_text("FROM debian:12\nRUN make\n")
    assert transpile(str(file)).template is None
    assert transpile(file).template
