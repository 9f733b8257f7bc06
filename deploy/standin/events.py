"""HTTP requests as Lambda is handed them, and its answers as HTTP again.

Formats: REST API, https://docs.aws.amazon.com/apigateway/latest/developerguide/set-up-lambda-proxy-integrations.html;
HTTP API, payload 2.0, https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-develop-integrations-lambda.html;
function URL, which is payload 2.0, too, https://docs.aws.amazon.com/lambda/latest/dg/urls-invocation.html.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs, urlsplit

ACCOUNT, CALLER = "123456789012", "192.0.2.7"


@dataclass(frozen=True)
class Request:
    """A request: `target` is path and query, `body` as bytes."""

    method: str
    target: str
    body: bytes = b""
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Answer:
    """What a client of the gateway gets."""

    status: int
    headers: Mapping[str, str]
    body: bytes


def rest(
    request: Request, *, stage: str = "live", host: str = "abc.execute-api.us-east-1.amazonaws.com"
) -> dict[str, Any]:
    """The event of a REST API (version 1.0), all media types binary, as `up` sets it."""
    parts = urlsplit(request.target)
    query = parse_qs(parts.query, keep_blank_values=True)
    headers = {"Host": host, "X-Forwarded-For": CALLER, "X-Forwarded-Port": "443", "X-Forwarded-Proto": "https"}
    headers |= request.headers
    return {
        "resource": "/{proxy+}",
        "path": parts.path,
        "httpMethod": request.method,
        "headers": headers,
        "multiValueHeaders": {name: [value] for name, value in headers.items()},
        "queryStringParameters": {name: values[-1] for name, values in query.items()} or None,
        "multiValueQueryStringParameters": query or None,
        "pathParameters": {"proxy": parts.path.lstrip("/")},
        "stageVariables": None,
        "requestContext": {
            "accountId": ACCOUNT,
            "apiId": host.partition(".")[0],
            "httpMethod": request.method,
            "identity": {"sourceIp": CALLER, "userArn": None},
            "path": f"/{stage}{parts.path}",
            "protocol": "HTTP/1.1",
            "requestId": "11111111-2222-3333-4444-555555555555",
            "resourcePath": "/{proxy+}",
            "stage": stage,
        },
        **_body(request.body, binary=True),
    }


def http(request: Request, *, host: str = "abc.execute-api.us-east-1.amazonaws.com") -> dict[str, Any]:
    """The event of an HTTP API with the stage `$default` (version 2.0)."""
    parts = urlsplit(request.target)
    headers = {"host": host, "x-forwarded-for": CALLER, "x-forwarded-port": "443", "x-forwarded-proto": "https"}
    headers |= {name.lower(): value for name, value in request.headers.items()}
    text = headers.get("content-type", "").startswith(("text/", "application/json"))
    return {
        "version": "2.0",
        "routeKey": "$default",
        "rawPath": parts.path,
        "rawQueryString": parts.query,
        "headers": headers,
        **({"queryStringParameters": _joined(parts.query)} if parts.query else {}),
        "requestContext": {
            "accountId": ACCOUNT,
            "apiId": host.partition(".")[0],
            "domainName": host,
            "domainPrefix": host.partition(".")[0],
            "http": {
                "method": request.method,
                "path": parts.path,
                "protocol": "HTTP/1.1",
                "sourceIp": CALLER,
                "userAgent": headers.get("user-agent", ""),
            },
            "requestId": "AbCdEfGhIjKlMnO=",
            "routeKey": "$default",
            "stage": "$default",
        },
        **_body(request.body, binary=not text),
    }


def function_url(request: Request) -> dict[str, Any]:
    """The event of a function URL (version 2.0)."""
    return http(request, host="abcdefghij.lambda-url.us-east-1.on.aws")


KINDS = {"rest": rest, "http": http, "url": function_url}


def answer(returned: Any) -> Answer:
    """What the gateway makes of what the function returned; 502 where it can make nothing of it."""
    if not isinstance(returned, dict) or "statusCode" not in returned:
        return Answer(502, {"content-type": "application/json"}, b'{"message": "Internal Server Error"}')
    many = returned.get("multiValueHeaders") or {}
    headers = {name.lower(): values[-1] for name, values in many.items() if values}
    headers |= {name.lower(): str(value) for name, value in (returned.get("headers") or {}).items()}
    text = returned.get("body") or ""
    try:
        body = base64.b64decode(text, validate=True) if returned.get("isBase64Encoded") else str(text).encode()
    except ValueError:
        return Answer(502, {"content-type": "application/json"}, b'{"message": "Internal Server Error"}')
    return Answer(int(returned["statusCode"]), headers, body)


def trip_request(lon: float, lat: float, *, hike_km: float = 10, tolerance: float = 0.3, **more: Any) -> Request:
    """A trip near a position; `more` goes into the request as it is."""
    wish = {"location": {"lon": lon, "lat": lat}, "drive_km": 20, "hike_km": hike_km, "tolerance": tolerance, **more}
    return Request("POST", "/v1/trips", json.dumps(wish).encode(), {"Content-Type": "application/json"})


def _body(body: bytes, *, binary: bool) -> dict[str, Any]:
    if not body:
        return {"isBase64Encoded": False} if not binary else {"body": None, "isBase64Encoded": False}
    if binary:
        return {"body": base64.b64encode(body).decode(), "isBase64Encoded": True}
    return {"body": body.decode(), "isBase64Encoded": False}


def _joined(query: str) -> dict[str, str]:
    return {name: ",".join(values) for name, values in parse_qs(query, keep_blank_values=True).items()}
