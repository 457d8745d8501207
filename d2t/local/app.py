"""The HTTP side of the build service: the routes of `openapi.json`, and the link for uploads."""

from __future__ import annotations

import base64
import binascii
import hmac
from collections.abc import Awaitable, Callable
from functools import wraps
from typing import Any

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Route

from d2t.local import checks, quotas, refusals
from d2t.local.builder import Builder, Job, Workers
from d2t.local.description import read_body
from d2t.local.log import LEVELS
from d2t.local.refusals import Refused
from d2t.local.store import DEFAULT_TAG, NAMESPACE, Build, Status, Store, Template, build_json
from d2t.providers import Provider

MOST_LOG_ENTRIES = 100  # e2b-dev/infra, template_build_status.go
PAGE = 100  # e2b-dev/infra, templates_list_v2.go
INT32 = 2**31 - 1

Handler = Callable[[Request], Awaitable[Response]]


class Service:
    """The handlers, and what they share."""

    def __init__(self, store: Store, provider: Provider, builder: Builder, api_key: str) -> None:
        self.store = store
        self.provider = provider
        self.workers = Workers(store, builder)
        self._key = api_key.encode()

    def app(self) -> Starlette:
        guard = self._guarded
        return Starlette(
            routes=[
                Route("/health", self.health),
                Route("/v3/templates", guard(self.register), methods=["POST"]),
                Route("/v2/templates", guard(self.page)),
                Route("/v2/templates/{template}/builds/{build}", guard(self.start), methods=["POST"]),
                Route("/templates", guard(self.list)),
                Route("/templates/aliases/{alias:path}", guard(self.alias)),
                Route("/templates/{template}/files/{hash}", guard(self.file_link)),
                Route("/templates/{template}/builds/{build}/status", guard(self.status)),
                Route("/templates/{template}", guard(self.delete), methods=["DELETE"]),
                Route(f"/templates/{NAMESPACE}/{{template}}", guard(self.delete), methods=["DELETE"]),
                Route("/uploads/{token}", self.upload, methods=["PUT"], name="upload"),
            ],
            exception_handlers={Refused: _refused, HTTPException: _unrouted, Exception: _broken},
        )

    def _guarded(self, handler: Handler) -> Handler:
        """The handler, for requests with the right key."""

        @wraps(handler)
        async def guarded(request: Request) -> Response:
            key = request.headers.get("x-api-key")
            if not key:
                raise refusals.NO_KEY()
            if not hmac.compare_digest(key.encode(), self._key):
                raise refusals.WRONG_KEY()
            return await handler(request)

        return guarded

    async def health(self, request: Request) -> Response:
        return PlainTextResponse("ok")

    async def register(self, request: Request) -> Response:
        body = await _json(request, "TemplateBuildRequestV3")
        text = body.get("name", body.get("alias"))
        if text is None:
            raise refusals.NAME_MISSING()
        name, tag = checks.template_name(text, self.provider)
        tags = checks.template_tags("" if tag == DEFAULT_TAG else tag, body.get("tags", ()), self.provider)
        with self.store.lock:
            quotas.before_registering(self.store, self.provider, name, tags)
            cpu, memory = checks.resources(body.get("cpuCount"), body.get("memoryMB"), self.provider)
            build = self.store.add(name, tags, cpu, memory)
            for other in build.template.builds[:-1]:
                if other.status is Status.WAITING and set(other.tags) & set(tags):
                    self.store.finish(other, refusals.SUPERSEDED().message)
        return JSONResponse(
            {
                "templateID": build.template.id,
                "buildID": build.id,
                "public": False,
                "aliases": [name],
                "names": [f"{NAMESPACE}/{name}"],
                "tags": list(tags),
            },
            202,
        )

    async def file_link(self, request: Request) -> Response:
        files_hash = checks.files_hash(request.path_params["hash"])
        self._template(request.path_params["template"])
        checks.copying(self.provider)
        url = request.url_for("upload", token=self.store.upload_token(files_hash))
        return JSONResponse({"present": files_hash in self.store.files(), "url": str(url)}, 201)

    async def upload(self, request: Request) -> Response:
        files_hash = self.store.hash_of(request.path_params["token"])
        if files_hash is None:
            raise refusals.BAD_UPLOAD()
        partial = self.store.new_file()
        try:
            with partial.open("wb") as out:
                async for chunk in request.stream():
                    out.write(chunk)
            self.store.keep(partial, files_hash)
        finally:
            partial.unlink(missing_ok=True)
        return Response(status_code=200)

    async def start(self, request: Request) -> Response:
        body = await _json(request, "TemplateBuildStartV2")
        with self.store.lock:
            build = self._build(request, refusals.NO_BUILD)
            template = build.template
            if build.status is not Status.WAITING:
                raise refusals.NOT_WAITING()
            quotas.before_starting(template, self.provider)
            try:
                checks.body_of_start(body, self.provider)
            except Refused as refused:
                self.store.finish(build, refused.message)
                raise
            for other in template.builds:
                if other.status is Status.BUILDING:  # e2b-dev/infra, CheckAndCancelConcurrentBuilds
                    other.cancelled.set()
                    self.store.finish(other, refusals.CANCELLED().message)
            known = frozenset(
                name
                for each in self.store.templates()
                if any(built.status is Status.READY for built in each.builds)
                for name in (each.name, each.id)
            )
            job = Job(
                template.name,
                build.id,
                body,
                self.provider,
                self.store.files(),
                build.log.add,
                build.cancelled,
                known,
            )
            self.workers.start(build, job)
        return Response(status_code=202)

    async def status(self, request: Request) -> Response:
        offset = _number(request, "logsOffset", 0, 0, INT32)
        limit = _number(request, "limit", MOST_LOG_ENTRIES, 0, MOST_LOG_ENTRIES)
        level = request.query_params.get("level", LEVELS[0])
        if level not in LEVELS:
            raise refusals.BAD_QUERY(name="level")
        build = self._build(request, refusals.NO_STATUS)
        with self.store.lock:  # the status first: once it is final, the log is complete
            status, message, step = build.status, build.message, build.failed_step
        shown = self.provider["api.build_logs"] and status is not Status.WAITING
        entries = [entry.as_json() for entry in build.log.page(offset, limit, level)] if shown else []
        info: dict[str, Any] = {
            "templateID": build.template.id,
            "buildID": build.id,
            "status": str(status),
            "logs": [],
            "logEntries": entries,
        }
        if message:
            info["reason"] = {"message": message}
            if step:
                info["reason"]["step"] = step
                info["reason"]["logEntries"] = [
                    entry for entry in entries if entry.get("step") == step and entry["level"] in ("warn", "error")
                ]
        return JSONResponse(info)

    async def list(self, request: Request) -> Response:
        return JSONResponse([build_json(each.builds[-1]) for each in self.store.templates()])

    async def page(self, request: Request) -> Response:
        limit = _number(request, "limit", PAGE, 1, PAGE)
        templates = self.store.templates()
        if token := request.query_params.get("nextToken"):
            last = _decoded(token)
            ids = [each.id for each in templates]
            if last not in ids:
                raise refusals.BAD_TOKEN()
            templates = templates[ids.index(last) + 1 :]
        shown = templates[:limit]
        response = JSONResponse([build_json(each.builds[-1]) for each in shown])
        if len(templates) > limit:
            response.headers["X-Next-Token"] = base64.urlsafe_b64encode(shown[-1].id.encode()).decode()
        return response

    async def alias(self, request: Request) -> Response:
        name, tag = checks.template_name(request.path_params["alias"], self.provider)
        template = self._template(name)
        if tag and not any(tag in build.tags for build in template.builds):
            raise refusals.NO_TAG(template=name, tag=tag)
        return JSONResponse({"templateID": template.id, "public": False})

    async def delete(self, request: Request) -> Response:
        name, _ = checks.template_name(request.path_params["template"], self.provider)
        template = self._template(name)
        self.store.remove(template)
        self.workers.forget(template.name)
        return Response(status_code=204)

    def _template(self, name_or_id: str) -> Template:
        template = self.store.find(name_or_id)
        if template is None:
            raise refusals.NO_TEMPLATE(template=name_or_id)
        return template

    def _build(self, request: Request, missing: refusals.Refusal) -> Build:
        build_id = checks.build_id(request.path_params["build"])
        build = self.store.build(request.path_params["template"], build_id)
        if build is None:
            raise missing(build=build_id)
        return build


async def _json(request: Request, schema: str) -> dict[str, Any]:
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind != "application/json":
        raise refusals.BAD_BODY(problem="its type must be application/json")
    return read_body(await request.body(), schema)


def _number(request: Request, name: str, default: int, least: int, most: int) -> int:
    text = request.query_params.get(name)
    if text is None:
        return default
    number = int(text) if text.isascii() and text.isdigit() and len(text) <= 10 else -1
    if not least <= number <= most:
        raise refusals.BAD_QUERY(name=name)
    return number


def _decoded(token: str) -> str:
    try:
        return base64.urlsafe_b64decode(token.encode()).decode()
    except (binascii.Error, ValueError):
        raise refusals.BAD_TOKEN() from None


def _answer(status: int, message: str) -> Response:
    return JSONResponse({"code": status, "message": message}, status)


async def _refused(request: Request, error: Exception) -> Response:
    assert isinstance(error, Refused)
    return _answer(error.status, error.message)


async def _unrouted(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    path = request.url.path
    if error.status_code == 405:
        response = _answer(405, refusals.BAD_METHOD(path=path, method=request.method).message)
        response.headers.update(error.headers or {})
        return response
    if error.status_code == 404:
        return _answer(404, refusals.NOT_FOUND(path=path).message)
    return _answer(error.status_code, error.detail)


async def _broken(request: Request, error: Exception) -> Response:
    return _answer(500, "an internal error occurred")
