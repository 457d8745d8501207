"""The steps of a template, one function per type, each as merciless as the service's (e2b-dev/infra, commands/*.go).

Where the service pastes a value into a shell script unquoted, so do these: inside the container, and only there.
"""

from __future__ import annotations

import posixpath
import re
import shlex
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from d2t.local.context import Context
from d2t.local.shell import CommandFailed, Lines, Shell


class StepFailed(Exception):
    """A step that fails the build."""

    def __init__(self, message: str, cause: CommandFailed | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.cause = cause


@dataclass(frozen=True, slots=True)
class Worksite:
    """What steps need besides their arguments."""

    shell: Shell
    files: Mapping[str, Path]  # uploaded archives by hash
    lines: Lines


def run(step: Mapping[str, Any], context: Context, site: Worksite) -> Context:
    """RUN: args are the command and, optionally, a user for it alone."""
    command, *user = step["args"]
    try:
        site.shell.run(
            command, user=user[0] if user else context.user, workdir=context.workdir, env=context.env, lines=site.lines
        )
    except CommandFailed as failure:
        raise StepFailed(f"failed to run command '{command}': {failure.status}", failure) from None
    return context


def env(step: Mapping[str, Any], context: Context, site: Worksite) -> Context:
    """ENV: args are key, value, key, value, …; a root login shell without the context evaluates each value."""
    variables = dict(context.env)
    args = step["args"]
    for key, value in zip(args[::2], args[1::2], strict=True):
        for plain, escaped in (("\\", "\\\\"), ('"', '\\"'), ("`", "\\`"), ("$(", "\\$(")):
            value = value.replace(plain, escaped)
        try:
            variables[key] = site.shell.run(f'printf "%s" "{value}"')
        except CommandFailed as failure:
            raise StepFailed(f"failed to evaluate environment variable {key}: {failure.status}", failure) from None
    return replace(context, env=variables)


def user(step: Mapping[str, Any], context: Context, site: Worksite) -> Context:
    """USER: args are a name; one that `id` does not know is created."""
    name = step["args"][0]
    try:
        site.shell.run(f"id -u {name}", env=context.env)
    except CommandFailed:
        try:
            site.shell.run(f"useradd --create-home --shell /bin/bash {name}", env=context.env, lines=site.lines)
        except CommandFailed as failure:
            raise StepFailed(f"failed to create user: {failure.status}", failure) from None
    try:
        printed = site.shell.run(f'printf "{name}"')
    except CommandFailed as failure:
        raise StepFailed(failure.status, failure) from None
    return replace(context, user=printed or name)  # no output is no answer: `$U` stays `$U`


MAKE_WORKDIR = """target="{path}"
if [ -d "$target" ]; then exit 0; fi
new=""
check="$target"
while [ ! -d "$check" ]; do
  new="$check"
  check=$(dirname "$check")
done
if [ -n "$new" ]; then
  mkdir -p "$target" && chown -R {user}:{user} "$new"
fi"""


def workdir(step: Mapping[str, Any], context: Context, site: Worksite) -> Context:
    """WORKDIR: args are a path, made if missing; what was made belongs to the context's user."""
    path = step["args"][0]
    if not path.startswith("/"):
        path = posixpath.normpath(posixpath.join(context.workdir or "/", path))
    try:
        site.shell.run(MAKE_WORKDIR.format(path=path, user=context.user), env=context.env, lines=site.lines)
    except CommandFailed as failure:
        raise StepFailed(f"failed to create workdir: {failure.status}", failure) from None
    complaints: list[str] = []

    def listen(stream: str, text: str) -> None:
        if stream == "stderr":
            complaints.append(text)

    try:
        answer = site.shell.run(f'cd "{path}" && pwd', lines=listen)
    except CommandFailed as failure:
        status = " ".join(complaints) or failure.status
        raise StepFailed(f"failed to save workdir {path}: {status}", failure) from None
    if complaints:
        raise StepFailed(f"error getting absolute path of workdir: {' '.join(complaints)}")
    return replace(context, workdir=answer.strip())


PLACE = """set -o pipefail
target="{target}"
source="{source}"
owner="{owner}"
mode="{mode}"
workdir="{workdir}"
if [ -z "$workdir" ]; then workdir=$(getent passwd "{user}" | cut -d: -f6); fi
cd "$workdir" || exit 1
if [[ "$target" != /* ]]; then target="$(pwd)/$target"; fi
cd "$(dirname "$source")" || exit 1
entry="$(basename "$source")"
parent() {{ if [[ "$target" == */ ]]; then mkdir -p "$target"; else mkdir -p "$(dirname "$target")"; fi; }}
if [ -L "$entry" ]; then
  parent
  chown -h "$owner" "$entry"
  mv "$entry" "$target"
elif [ -f "$entry" ]; then
  chown "$owner" "$entry"
  if [ -n "$mode" ]; then chmod "$mode" "$entry"; fi
  parent
  mv "$entry" "$target"
elif [ -d "$entry" ]; then
  chown -R "$owner" "$entry"
  if [ -n "$mode" ]; then chmod -R "$mode" "$entry"; fi
  mkdir -p "$target"
  (cd "$entry" && tar -cf - .) | tar -xf - -C "$target" --keep-directory-symlink --no-overwrite-dir || exit 1
  chmod -R u+rwx "$entry"
  rm -rf "$entry"
else
  echo "Error: source path does not exist: $source"
  exit 1
fi"""


def copy(step: Mapping[str, Any], context: Context, site: Worksite) -> Context:
    """COPY: args are source, destination and, optionally, owner and mode; the files are the uploaded archive's."""
    import docker.errors

    source, target, *rest = step["args"]
    owner = rest[0] if rest and rest[0] else context.user
    owner = owner if ":" in owner else f"{owner}:{owner}"
    mode = rest[1] if len(rest) > 1 else ""
    files_hash = step["filesHash"]
    archive, unpacked = f"/tmp/{files_hash}.tar", f"/tmp/{files_hash}/unpack"
    try:
        site.shell.sandbox.put(archive, site.files[files_hash])
    except docker.errors.APIError as error:  # e.g. a step made a file of /tmp
        raise StepFailed(f"failed to copy layer tar data to sandbox: {error.explanation}") from None
    unpack = f"mkdir -p {shlex.quote(unpacked)} && tar -xzf {shlex.quote(archive)} -C {shlex.quote(unpacked)}"
    try:
        site.shell.run(unpack, workdir=context.workdir, env=context.env)
    except CommandFailed as failure:
        raise StepFailed(f"failed to extract files: {failure.status}", failure) from None
    place = PLACE.format(
        target=target,
        source=posixpath.normpath(f"{unpacked}/{_without_pattern(source)}"),
        owner=owner,
        mode=mode,
        workdir=context.workdir,
        user=context.user,
    )
    try:
        site.shell.run(place, workdir=context.workdir, env=context.env, lines=site.lines)
    except CommandFailed as failure:
        raise StepFailed(f"failed to move files in sandbox: {failure.status}", failure) from None
    return context


def _without_pattern(source: str) -> str:
    """The folders in front of the first one that is a pattern: the client has matched them already."""
    plain: list[str] = []
    for part in source.split("/"):
        if re.search(r"(?<!\\)[*?\[{]", part):
            break
        plain.append(part)
    return "/".join(plain) or "."


STEPS: Mapping[str, Callable[[Mapping[str, Any], Context, Worksite], Context]] = {
    "run": run,
    "env": env,
    "user": user,
    "workdir": workdir,
    "copy": copy,
}
