"""3xx: it would behave differently. What translating adds to prevent that is info; what it cannot prevent is a warning.

`last_phase` and `starting` hold the rest of the family.
"""

from __future__ import annotations

from d2t.diagnostics import Severity
from d2t.providers import Provider
from d2t.rules.registry import rule

_COMMAND = "e2b-dev/infra, sandboxtools/command.go"
_CONFIG = "e2b-dev/infra, phases/base: of the image's config only Env is kept"
_FINAL = "e2b-dev/infra, phases/finalize/configure.sh"
_MEASURED = "measured: the same Dockerfile built by Docker and by the service"


@rule(
    "D2T301",
    "path-set-again",
    Severity.INFO,
    source=_MEASURED,
    example="FROM debian:12\nENV PATH=/opt/x/bin:$PATH\nRUN x",
)
def path_set_again(provider: Provider) -> str:
    """Every command of the service runs in a login shell, and the `/etc/profile` of most distributions resets `PATH`.

    So that the tools are found by later `RUN`s, by the start command and in the sandbox, d2t writes the `PATH` to
    `/etc/profile.d/zz-d2t-path.sh`.
    """
    return f"login shells of {provider.title} reset PATH: it is set again in /etc/profile.d"


@rule(
    "D2T302",
    "env-name-not-kept",
    Severity.WARNING,
    source="POSIX shell: names are letters, digits and _",
    example="FROM debian:12\nENV my.key=1",
)
def env_name_not_kept(name: str) -> tuple[str, str]:
    """The name is none that a shell can export, so later commands in the sandbox will not see the variable.

    Build steps and the start command do.
    """
    return (
        f"{name} cannot be exported by a shell: commands run later in the sandbox will not see it",
        "rename the variable",
    )


@rule("D2T303", "label-dropped", Severity.INFO, source=_CONFIG, example="FROM debian:12\nLABEL team=core")
def label_dropped() -> str:
    """A template has no labels. Nothing inside a container can see a label, so the sandbox behaves the same."""
    return "LABEL is left out: a template has no labels, and nothing in the sandbox could see them"


@rule("D2T304", "stopsignal-dropped", Severity.INFO, source=_CONFIG, example="FROM nginx\nSTOPSIGNAL SIGQUIT")
def stopsignal_dropped(signal: str) -> str:
    """A sandbox is paused or killed as a machine: no signal is sent to the start command."""
    return f"STOPSIGNAL {signal} is left out: a sandbox is stopped as a machine, its processes get no signal"


@rule("D2T305", "onbuild-dropped", Severity.INFO, source=_CONFIG, example="FROM debian:12\nONBUILD RUN make")
def onbuild_dropped(expression: str) -> tuple[str, str]:
    """`ONBUILD` runs when another image is built on this one. A template that builds on this one runs no triggers."""
    return (
        f"ONBUILD {expression} is left out: templates that build on this one run no triggers",
        "put the instruction into the Dockerfile that needs it",
    )


@rule("D2T306", "maintainer-dropped", Severity.INFO, source=_CONFIG, example="FROM debian:12\nMAINTAINER me")
def maintainer_dropped() -> str:
    """A template has no author field. Nothing inside a container can see it."""
    return "MAINTAINER is left out: a template has no author"


@rule(
    "D2T307",
    "user-by-id",
    Severity.WARNING,
    source="envd: user.Lookup by name only",
    example="FROM debian:12\nUSER 10001",
    whole=True,
)
def user_by_id(user: str) -> tuple[str, str]:
    """The service looks users up by name only; a number or a `user:group` pair cannot be its user.

    Build steps and the start command run with Docker's uid, gid and groups through `setpriv`. Commands that are run later
    in the sandbox run as `root`.
    """
    return (
        f"USER {user} is kept with setpriv for steps and start command; commands run later in the sandbox are root's",
        "create a user with that id by RUN useradd, and name it in USER",
    )


@rule("D2T308", "uid-freed", Severity.INFO, source=_MEASURED, example="FROM debian:12\nRUN useradd -m app", whole=True)
def uid_freed(provider: Provider) -> str:
    """The service creates `user`, with the first free uid and gid from 1000, before the first step, so an id or a name that the Dockerfile expects
    to be free is taken. d2t removes that user first; the service creates it again, with the next free id, at the end.
    """
    name, uid = provider["runtime.reserved_user"], provider["runtime.reserved_uid"]
    return (
        f"{provider.title} creates {name} before the first step, with the first free id from {uid}: "
        "it is removed first, so that ids are Docker's"
    )


@rule("D2T312", "base-config-unknown", Severity.INFO, source=_CONFIG, example="FROM myorg/app", whole=True)
def base_config_unknown(image: str) -> tuple[str, str]:
    """What the base image's config says (USER, WORKDIR, ENTRYPOINT, CMD, SHELL, ONBUILD) is not known without its config.

    d2t then takes Docker's defaults: root, `/`, `/bin/sh`, no ENTRYPOINT and no triggers.
    """
    return (
        f"the config of {image} is not known: root, /, /bin/sh and no ENTRYPOINT are assumed",
        "give it with --base-config FILE (docker image inspect) or --resolve-base auto",
    )


@rule(
    "D2T313",
    "base-start-unknown",
    Severity.WARNING,
    source=_CONFIG,
    example='FROM myorg/app\nCMD ["serve"]',
    whole=True,
)
def base_start_unknown(image: str, has_cmd: bool) -> tuple[str, str]:
    """Docker puts the base image's ENTRYPOINT in front of CMD, and runs its CMD where the file has none. Neither is known
    here, so the start command may lack it.
    """
    what = "an ENTRYPOINT of the base would go before CMD" if has_cmd else "its own start command, if any, is not set"
    return (
        f"the config of {image} is not known: {what}",
        "give it with --base-config FILE or --resolve-base auto, or say `# d2t: start=COMMAND`",
    )


@rule(
    "D2T314",
    "value-needs-base",
    Severity.ERROR,
    source="BuildKit expands with the base image's ENV",
    example="FROM myorg/app\nWORKDIR $APP_HOME",
    whole=True,
)
def value_needs_base(what: str, names: str) -> tuple[str, str]:
    """The value depends on a variable that only the base image can define, and the base image's config is not known."""
    return (
        f"{what} needs {names} of the base image, whose config is not known",
        "give it with --base-config FILE or --resolve-base auto",
    )


@rule(
    "D2T315",
    "variable-assumed-unset",
    Severity.INFO,
    source="BuildKit expands with the base image's ENV",
    example="FROM myorg/app\nENV PORT=${PORT:-8080}",
    whole=True,
)
def variable_assumed_unset(names: str) -> tuple[str, str]:
    """A default such as `${PORT:-8080}` was taken because nothing in the file sets the variable; the base image may."""
    return (
        f"{names}: taken as unset, the base image's config is not known",
        "give it with --base-config FILE or --resolve-base auto",
    )


@rule(
    "D2T316",
    "mount-emulated",
    Severity.INFO,
    source="BuildKit: such a mount is not part of the image",
    example="FROM debian:12\nRUN --mount=type=cache,target=/root/.cache pip install x",
)
def mount_emulated(type: str, target: str) -> str:
    """A cache or tmpfs mount is not part of Docker's image. The step runs with an empty directory there, which is emptied
    again afterwards; nothing is cached between builds.
    """
    return f"RUN --mount=type={type}: {target} is an empty directory for the step, and emptied after it"


@rule(
    "D2T317", "daemon-left-running", Severity.WARNING, source=_COMMAND, example="FROM debian:12\nRUN service ssh start"
)
def daemon_left_running(command: str) -> tuple[str, str]:
    """Docker ends every process when a `RUN` ends; on the service a daemon that a step started keeps running into the next
    steps.
    """
    return f"{command} leaves a daemon running after the step, where Docker ends it", "stop it at the end of the RUN"


@rule(
    "D2T318",
    "secret-in-value",
    Severity.WARNING,
    source="Dockerfile reference, ARG: not for secrets",
    example="FROM debian:12\nENV API_TOKEN=abc",
)
def secret_in_value(keyword: str, name: str) -> tuple[str, str]:
    """The value would be stored in the template and in the code that d2t emits, readable by everybody who uses them."""
    return (
        f"{keyword} {name} looks like a secret and would be stored in the template",
        "pass it to the sandbox when it is created",
    )


@rule(
    "D2T319",
    "start-is-a-shell",
    Severity.INFO,
    source="`docker run` without a terminal ends such a command at once",
    example='FROM debian:12\nCMD ["bash"]',
    whole=True,
)
def start_is_a_shell(command: str) -> str:
    """The image's command is a shell or an interpreter that waits for input. Without a terminal it ends at once, so there is
    nothing to start: the sandbox is simply ready.
    """
    return f"{command} only waits for input: the template has no start command"


@rule(
    "D2T320",
    "command-split",
    Severity.INFO,
    source="Linux: one argument has at most 128 KiB",
    no_example="it takes a command of 128 KiB",
)
def command_split(size: int) -> str:
    """One command may have 128 KiB. A longer one is written to a file in pieces, and the file is run."""
    return f"the command has {size:,} bytes, more than one argument may have: it is sent in pieces"


@rule(
    "D2T322",
    "profile-edited",
    Severity.WARNING,
    source=_COMMAND,
    example="FROM debian:12\nRUN echo 'umask 077' >> /root/.bashrc\nRUN true",
)
def profile_edited(path: str, installer: str) -> str:
    """Login shells read this file, and every command of the service is one: it sees the change, where Docker's does not.

    d2t runs the later build steps and the start command without it. Commands that are run later in the sandbox see it.
    """
    if installer:
        return (
            f"{installer} edits files that login shells read: every later command in the sandbox sees that, "
            "build steps and start command are run without it"
        )
    return f"{path} is read by every later command in the sandbox; build steps and start command are run without it"


@rule(
    "D2T323",
    "expose-not-needed",
    Severity.INFO,
    source="E2B documentation, 'Internet access'",
    example="FROM nginx\nEXPOSE 80",
)
def expose_not_needed(port: str) -> str:
    """A template declares no ports: every port of a sandbox can be reached, so nothing is lost."""
    return f"EXPOSE {port} is left out: every port of a sandbox can be reached"


@rule(
    "D2T324",
    "volume-is-a-folder",
    Severity.INFO,
    source="Dockerfile reference, VOLUME",
    example="FROM postgres\nVOLUME /data",
)
def volume_is_a_folder(path: str) -> str:
    """A sandbox has no volumes. The path is an ordinary directory: it is kept in the template and saved with the sandbox.

    Docker makes the directory when a container starts, if the image has none; a sandbox has it only if the image has.
    """
    return (
        f"VOLUME {path} is left out: a sandbox has no volumes, and this directory only if the image or a step makes it"
    )


@rule(
    "D2T326",
    "base-config-not-read",
    Severity.INFO,
    source="`--resolve-base auto`",
    no_example="it takes a registry that does not answer",
)
def base_config_not_read(image: str, reason: str, instead: bool) -> tuple[str, str]:
    """The base image's config was asked for, and could not be had from where it was looked for first.

    With `--resolve-base auto` that is no error: the local engine's image is taken where there is one, and otherwise the
    config is not known. `--resolve-base engine` and `registry` make it an error.
    """
    if instead:
        return f"the config of {image} is that of the local engine's image: {reason}", ""
    return f"the config of {image} could not be read: {reason}", "give it with --base-config FILE"


@rule(
    "D2T330",
    "base-folder-unknown",
    Severity.WARNING,
    source=_CONFIG,
    example="FROM myorg/app\nWORKDIR src\nRUN make",
    whole=True,
)
def base_folder_unknown(image: str, path: str) -> tuple[str, str]:
    """A relative path is below the WORKDIR of the base image, and that is not known without the base's config."""
    return (
        f"{path} is below / only if the config of {image} has no WORKDIR, and it is not known",
        "write an absolute path, or give the config with --base-config FILE or --resolve-base auto",
    )


# what is said where a base image's config is not known, and matters
NEEDS_BASE = frozenset(
    said.rule.code
    for said in (base_config_unknown, base_folder_unknown, base_start_unknown, value_needs_base, variable_assumed_unset)
)


@rule(
    "D2T327",
    "path-completed",
    Severity.INFO,
    source=_FINAL,
    example="FROM debian:12\nENV PATH=/opt/only\nCMD serve",
)
def path_completed(provider: Provider, folders: str) -> tuple[str, str]:
    """The service runs its own scripts in a login shell that has the image's `PATH`, and needs the standard folders in it.

    d2t puts the missing ones at the end for login shells; build steps and the start command get the exact value.
    """
    return (
        f"{provider.title} needs {folders} in PATH: commands run later in the sandbox have them at its end",
        "keep the standard folders in PATH",
    )


@rule(
    "D2T328",
    "service-user-has-sudo",
    Severity.WARNING,
    source=_FINAL,
    example="FROM debian:12\nRUN useradd -m user\nUSER user",
)
def service_user_has_sudo(name: str) -> tuple[str, str]:
    """The service's last phase gives the user of this name its admin group, passwordless sudo and its home folder."""
    return f"the service gives {name} its admin group and passwordless sudo", "use another name"


@rule(
    "D2T329",
    "profile-ends-shells",
    Severity.ERROR,
    source=_COMMAND,
    example="FROM debian:12\nRUN echo 'exit 7' >> /root/.profile\nRUN true",
)
def profile_ends_shells(path: str) -> tuple[str, str]:
    """Every command of the service is a login shell, which would end in this file before it runs the command."""
    return f"{path} gets an exit: every later command of the service would end there", "leave the exit out"
