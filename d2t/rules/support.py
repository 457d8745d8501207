"""2xx: the provider has no counterpart, so there is no template."""

from __future__ import annotations

from d2t.diagnostics import Severity
from d2t.providers import Provider
from d2t.rules.registry import rule

_FACTS = "the provider's facts: d2t/providers/*.toml"
_INFRA = "e2b-dev/infra, orchestrator/pkg/template/build"

_OTHER_WAYS = "fetch the files with RUN (git clone, curl), or build and push an image with them and start FROM it"


@rule("D2T201", "copy-not-supported", Severity.ERROR, source=_FACTS, example="FROM python:3.12\nCOPY app.py /app/")
def copy_not_supported(provider: Provider) -> tuple[str, str]:
    """The provider takes no files of the build context: `COPY` has no counterpart.

    Get the files another way: a `RUN` that clones or downloads them, a heredoc (`COPY <<EOF /app/file`, which becomes a
    command), or an image that was built elsewhere and pushed, as the base.
    """
    return f"COPY is not supported on {provider.title}", _OTHER_WAYS


@rule("D2T202", "add-not-supported", Severity.ERROR, source=_FACTS, example="FROM alpine\nADD app.tar.gz /opt/")
def add_not_supported(provider: Provider, kind: str) -> tuple[str, str]:
    """The provider takes no files of the build context, and downloads none: `ADD` has no counterpart.

    An `ADD` of a URL can be a `RUN curl -fsSL -o FILE URL`; an `ADD` of a git repository a `RUN git clone`.
    """
    help = {"url": "use RUN curl -fsSL -o FILE URL", "git": "use RUN git clone --depth 1 URL FOLDER"}
    return f"ADD is not supported on {provider.title}", help.get(kind, _OTHER_WAYS)


@rule("D2T203", "expose-not-supported", Severity.ERROR, source=_FACTS, example="FROM nginx\nEXPOSE 80")
def expose_not_supported(provider: Provider, ports: str) -> tuple[str, str]:
    """The provider does not declare ports: `EXPOSE` has no counterpart. Every port of a sandbox can be reached.

    `--allow expose` drops it with a warning. As a hint for readiness write `# d2t: ready=port:8080`.
    """
    return (
        f"EXPOSE is not supported on {provider.title}: port {ports} is reachable without it",
        "remove the line, or accept that with --allow expose",
    )


@rule("D2T204", "volume-not-supported", Severity.ERROR, source=_FACTS, example="FROM postgres\nVOLUME /data")
def volume_not_supported(provider: Provider, path: str) -> tuple[str, str]:
    """`VOLUME` has no counterpart in a template: the path stays an ordinary directory of the sandbox.

    Docker mounts a volume there when a container starts, with the image's files in it; in a sandbox they simply are there.
    `--allow volume` accepts that with a warning.
    """
    return (
        f"VOLUME is not supported on {provider.title}: {path} would be an ordinary directory",
        "remove the line, or accept that with --allow volume",
    )


@rule(
    "D2T205",
    "copy-from-stage",
    Severity.ERROR,
    source=_INFRA,
    example="FROM golang AS build\nFROM debian\nCOPY --from=build /app /app",
)
def copy_from_stage(source: str) -> tuple[str, str]:
    """A template is built from one image: files of another stage cannot be copied into it.

    Build the image elsewhere and push it, then start `FROM` it; or do the other stage's work in the final stage, in one
    `RUN` that also cleans up.
    """
    return (
        f"COPY --from: the files of stage {source} cannot be copied, a template has one stage",
        "docker build and push this image, and start FROM it; or do the stage's work in a RUN of the final stage",
    )


@rule(
    "D2T206", "copy-from-image", Severity.ERROR, source=_INFRA, example="FROM debian\nCOPY --from=busybox /bin/sh /sh"
)
def copy_from_image(image: str) -> tuple[str, str]:
    """Files of another image cannot be copied into a template.

    Install the tool with a `RUN`, or build and push an image that has it.
    """
    return (
        f"COPY --from: the files of image {image} cannot be copied into a template",
        "install them with a RUN; or docker build and push this image, and start FROM it",
    )


@rule(
    "D2T207",
    "mount-not-supported",
    Severity.ERROR,
    source=_INFRA,
    example="FROM debian\nRUN --mount=type=secret,id=t cat /run/secrets/t",
)
def mount_not_supported(type: str) -> tuple[str, str]:
    """`RUN --mount` of a secret, an SSH agent or a bind mount has no counterpart: a step has no mounts.

    Cache and tmpfs mounts are translated: the directory is empty again after the step.
    """
    help = {
        "secret": "a template's steps have no secrets: fetch what needs it elsewhere, and start FROM an image that has it",
        "ssh": "a template's steps have no SSH agent: clone over https, or start FROM an image that has the files",
        "bind": "copy the files instead, or start FROM an image that has them",
    }
    return f"RUN --mount=type={type} is not supported: a template's step has no mounts", help.get(type, "")


@rule(
    "D2T208", "base-image-refused", Severity.ERROR, source=_INFRA + "/phases/base/provision.sh", example="FROM scratch"
)
def base_image_refused(provider: Provider, image: str) -> tuple[str, str]:
    """The service provisions every base image with packages, so it must be a distribution that it knows.

    Images without `/etc/os-release` (`scratch`, distroless, busybox) and distributions that it does not know (RHEL and
    UBI, Oracle Linux, Amazon Linux) are refused when the build starts.
    """
    return (
        f"{provider.title} cannot build on {image}: it has no distribution that the service knows",
        "use a Debian, Ubuntu, Alpine, Fedora, CentOS, Rocky or Alma based image",
    )


@rule(
    "D2T209",
    "windows-image",
    Severity.ERROR,
    source="the services run Linux",
    example="FROM mcr.microsoft.com/windows/servercore:ltsc2022",
)
def windows_image(image: str) -> tuple[str, str]:
    """The sandbox runs Linux: a Windows image cannot be its base."""
    return f"{image} is a Windows image, and the sandbox runs Linux", "use a Linux image"


@rule("D2T210", "platform-not-supported", Severity.ERROR, source=_FACTS, example="FROM --platform=linux/arm64 debian")
def platform_not_supported(provider: Provider, platform: str) -> tuple[str, str]:
    """The sandbox runs on one platform, and the image would be pulled for it whatever `FROM --platform` says."""
    offered = provider["api.platform"]
    return f"{provider.title} runs {offered}, not {platform}", f"use --platform={offered} or no flag"


@rule("D2T211", "steps-not-supported", Severity.ERROR, source=_FACTS, example="FROM debian\nRUN apt-get update")
def steps_not_supported(provider: Provider, what: str) -> tuple[str, str]:
    """The provider takes an image with a start and a ready command, and no build steps at all."""
    return (
        f"{provider.title} runs no build steps: {what} needs one",
        "docker build this image for linux/amd64 with --provenance=false --sbom=false, push it, and use a Dockerfile "
        "that only says FROM it",
    )


@rule("D2T212", "network-not-supported", Severity.ERROR, source=_INFRA, example="FROM debian\nRUN --network=none make")
def network_not_supported(mode: str) -> tuple[str, str]:
    """Every step has the sandbox's own network: `RUN --network=none` and `--network=host` cannot be kept."""
    return f"RUN --network={mode} is not supported: every step has the sandbox's network", "remove the flag"


@rule(
    "D2T213",
    "security-not-supported",
    Severity.ERROR,
    source=_INFRA,
    example="FROM debian\nRUN --security=insecure mount -a",
)
def security_not_supported() -> tuple[str, str]:
    """`RUN --security=insecure` asks the builder for more rights; a template's step has no such switch."""
    return (
        "RUN --security=insecure is not supported",
        "remove the flag: a step of root is not confined in its own machine",
    )


@rule(
    "D2T214",
    "from-template-not-supported",
    Severity.ERROR,
    source=_FACTS,
    no_example="it takes `--from-template NAME`",
)
def from_template_not_supported(provider: Provider) -> tuple[str, str]:
    """The provider builds from images only: a template of it cannot be the base of another."""
    return f"{provider.title} cannot build on another template", "leave --from-template out"


@rule(
    "D2T215",
    "add-git-not-supported",
    Severity.ERROR,
    source=_INFRA,
    example="FROM debian\nADD https://github.com/o/r.git /src",
)
def add_git_not_supported(source: str) -> tuple[str, str]:
    """`ADD` of a git repository cannot be done exactly: which commit Docker takes is decided when it builds."""
    return f"ADD of the git repository {source} is not supported", "use RUN git clone --depth 1 URL FOLDER"


@rule(
    "D2T216",
    "copy-source-missing",
    Severity.ERROR,
    source="Dockerfile reference, COPY",
    example="FROM debian\nCOPY missing.txt /",
)
def copy_source_missing(source: str, ignored: bool) -> tuple[str, str]:
    """The build context has no such file, or `.dockerignore` leaves it out: Docker refuses the build too."""
    if ignored:
        return f"{source} is left out by .dockerignore", "change .dockerignore or the source"
    return (
        f"the build context has no {source}",
        "paths are relative to the build context: the Dockerfile's folder by default",
    )


@rule(
    "D2T217",
    "context-needed",
    Severity.ERROR,
    source=_INFRA + "/commands/copy.go",
    example="FROM debian\nCOPY src /app/",
)
def context_needed(source: str) -> tuple[str, str]:
    """What `COPY` does depends on the files: folder or file, how many match, links. Without the build context it cannot be
    translated exactly.
    """
    return (
        f"COPY {source} needs the build context to be translated exactly",
        "name a Dockerfile in its folder, or give --context",
    )


@rule(
    "D2T218",
    "copy-not-exact",
    Severity.ERROR,
    source=_INFRA + "/commands/copy.go",
    example="FROM debian:12\nADD --unpack https://example.com/x.tgz /x",
)
def copy_not_exact(what: str, help: str) -> tuple[str, str]:
    """This form of `COPY` or `ADD` cannot be given exactly by the service's own copy step and commands."""
    return what, help


@rule(
    "D2T219",
    "archive-needs-tool",
    Severity.WARNING,
    source=_INFRA + "/phases/base/distro: no packages for bzip2, xz and zstd",
    no_example="it takes an archive in the build context",
)
def archive_needs_tool(path: str, tool: str) -> tuple[str, str]:
    """`ADD` unpacks an archive with Docker's own code; in a template a command does it, with the image's tools.

    Slim images have no `bzip2`, `xz` or `zstd`: without the tool this step fails when the template is built. A `RUN` in front
    of `ADD` that installs the tool ends this warning.
    """
    return (
        f"{path} can only be unpacked when the image has {tool}",
        f"install {tool} in a RUN in front of ADD, or pack the archive with gzip",
    )


@rule(
    "D2T220",
    "chmod-of-made-folders",
    Severity.INFO,
    source="tonistiigi/fsutil 183e7fb, in BuildKit since 0.21",
    example="FROM debian\nCOPY --chmod=640 <<EOF /srv/app/app.conf\ndebug = no\nEOF",
)
def chmod_of_folders(mode: str) -> str:
    """Folders that `COPY --chmod` has to make for its destination get mode 755, as they do in BuildKit before 0.21.

    Later ones give them the mode of `--chmod`, too, which often makes them folders that nobody can enter.
    """
    return f"folders made for the destination get mode 755; BuildKit from 0.21 gives them --chmod={mode}"


@rule(
    "D2T221",
    "owner-assumed",
    Severity.INFO,
    source="moby/buildkit, solver/llbsolver/ops/user_linux.go",
    example="FROM example.com/team/base\nCOPY --chown=runner <<EOF /srv/app.conf\ndebug = no\nEOF",
)
def owner_assumed(name: str) -> tuple[str, str]:
    """Docker gives the files to root, without a word, when the user or group of `--chown` does not exist.

    Nothing in the Dockerfile tells that this one does, so a step in front checks it: the build of the template fails there
    rather than that the files get a wrong owner.
    """
    return (
        f"nothing here tells that the image has {name}: a step checks it",
        f"leave it as it is when the base image has {name}",
    )
