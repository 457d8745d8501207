"""What the service refuses, as data: the status or the failed step, and who says that the real one does so.

`d2t.local.checks` and `d2t.local.quotas` decide when each holds.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Refusal:
    """One kind of refusal. With a `status` the request is answered so; with none the build ends in `error`."""

    name: str
    message: str  # a format string
    status: int | None
    source: str
    assumed: bool = False  # no page of a provider and no source of E2B says it

    def __call__(self, step: str = "", **values: object) -> Refused:
        return Refused(self, self.message.format(**values), step)


class Refused(Exception):
    """A request or a build that the service turns down."""

    def __init__(self, refusal: Refusal, message: str, step: str = "") -> None:
        super().__init__(message)
        self.refusal = refusal
        self.message = message
        self.step = step  # the step of the build that failed, as `reason.step` names it

    @property
    def status(self) -> int:
        return self.refusal.status or 500


REFUSALS: dict[str, Refusal] = {}


def _refusal(name: str, status: int | None, message: str, source: str, assumed: bool = False) -> Refusal:
    REFUSALS[name] = refusal = Refusal(name, message, status, source, assumed)
    return refusal


API = "e2b-dev/infra, packages/api/internal"
BUILD = "e2b-dev/infra, orchestrator/pkg/template/build"

# of a request
NO_KEY = _refusal("no-key", 401, "the header X-API-Key is missing", "e2b-dev/infra, auth/pkg/auth, Authenticate")
WRONG_KEY = _refusal("wrong-key", 401, "the API key is not valid", "e2b-dev/infra, auth/pkg/auth, ValidateAPIKey")
NOT_FOUND = _refusal("no-such-path", 404, "there is no {path}", "E2B OpenAPI description: routes")
BAD_METHOD = _refusal("no-such-method", 405, "{path} does not take {method}", "E2B OpenAPI description", assumed=True)
BAD_BODY = _refusal("bad-body", 400, "the request body is not valid: {problem}", f"{API}: OpenAPI request validator")
BAD_QUERY = _refusal("bad-query", 400, "the parameter {name} is not valid", f"{API}: OpenAPI request validator")
NAME_MISSING = _refusal("name-missing", 400, "a name is required", f"{API}/handlers/template_request_build_v3.go")
BAD_NAME = _refusal("bad-name", 400, "the name {name!r} is not valid: {problem}", "e2b-dev/infra, shared/pkg/id")
BAD_TAG = _refusal("bad-tag", 400, "the tag {tag!r} is not valid", "e2b-dev/infra, shared/pkg/id")
BAD_BUILD_ID = _refusal("bad-build-id", 400, "{build!r} is no build id", f"{API}/handlers/template_build_status.go")
NO_TEMPLATE = _refusal("no-template", 404, "template {template!r} not found", f"{API}/cache/templates")
NO_TAG = _refusal("no-tag", 404, "template {template!r} has no tag {tag!r}", f"{API}/handlers/template_alias.go")
NO_BUILD = _refusal("no-build", 404, "build {build!r} not found", f"{API}/handlers/template_start_build_v2.go")
NO_STATUS = _refusal("no-status", 400, "build {build!r} not found", f"{API}/handlers/template_build_status.go")
NOT_WAITING = _refusal(
    "not-waiting", 400, "build is not in waiting state", f"{API}/handlers/template_start_build_v2.go"
)
BAD_HASH = _refusal("bad-hash", 400, "{hash!r} is no SHA-256", f"{API}/handlers/template_layer_files_upload.go")
BAD_UPLOAD = _refusal("bad-upload", 403, "the upload link is not valid", "a pre-signed URL of the object store", True)
BAD_TOKEN = _refusal("bad-next-token", 400, "the next token is not valid", f"{API}/handlers/templates_list_v2.go")
NO_SOURCE = _refusal(
    "no-source", 500, "give either fromImage or fromTemplate", f"{API}/template-manager/create_template.go"
)
TWO_SOURCES = _refusal(
    "two-sources", 500, "give fromImage or fromTemplate, not both", f"{API}/template-manager/create_template.go"
)

# of a provider
BAD_CPU = _refusal("bad-cpu", 400, "{problem}", f"{API}/team/limits.go; Baidu quick start, 'Notes'")
BAD_MEMORY = _refusal("bad-memory", 400, "{problem}", f"{API}/team/limits.go; Baidu quick start, 'Notes'")
NO_STEPS = _refusal("steps-not-supported", 400, "steps are not supported", "Aliyun FC's answer")
NO_COPY = _refusal(
    "copy-not-supported",
    400,
    "{title} does not support {type}",
    "Baidu quick start, 'Dockerfile instructions and SDK commands' names no status",
    assumed=True,
)
NO_FROM_TEMPLATE = _refusal(
    "from-template-not-supported", 400, "{title} builds from images only", "Aliyun FC names images only", assumed=True
)
NO_REGISTRY = _refusal(
    "registry-not-supported", 400, "{title} takes no {type!r} registry", "the provider's `api.registries`", assumed=True
)
TOO_MANY_TEMPLATES = _refusal(
    "too-many-templates",
    429,
    "there are {count} templates already, and {title} allows {count}",
    "Baidu quick start, 'Notes' names no status; E2B answers 429 to its own limits",
    assumed=True,
)
TEMPLATE_BUSY = _refusal(
    "template-busy",
    429,
    "template {template!r} has a build in progress, and {title} allows one at a time",
    "Baidu quick start, 'Notes' names no status; E2B answers 429 to its own limits",
    assumed=True,
)
TOO_MANY_BUILDS = _refusal(
    "too-many-builds",
    429,
    "{count} builds are in progress already, and {title} allows {count} at a time",
    f"{API}/template/register_build.go",
)

# of a build: the request is accepted, the build ends in `error`
SUPERSEDED = _refusal("superseded", None, "a newer build took this one's place", f"{API}/template/register_build.go")
CANCELLED = _refusal("cancelled", None, "build was cancelled", f"{BUILD}/builderrors")
BAD_IMAGE = _refusal("bad-image", None, "{image!r} is not the name of an image", f"{BUILD}/core/oci")
REFUSED_IMAGE = _refusal("refused-image", None, "{image} cannot be a base: {problem}", f"{BUILD}/phases/base/distro")
NO_BASE_TEMPLATE = _refusal(
    "no-base-template", None, "template {template!r} not found", f"{API}/template-manager/create_template.go"
)
UNKNOWN_STEP = _refusal("unknown-step", None, "command type {type} is not implemented", f"{BUILD}/commands/executor.go")
BAD_ARGUMENTS = _refusal("bad-arguments", None, "{type} {problem}", f"{BUILD}/commands")
NO_FILES = _refusal("files-missing", None, "the files {hash} were not uploaded", f"{BUILD}/commands/copy.go")
