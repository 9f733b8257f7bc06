"""What goes wrong is told as RFC 9457 says: never a traceback, never HTML to a JSON client."""

import gzip
import io
import json
import logging
from typing import Any

import pytest
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from loopgenie import api, create_app, openapi, problems
from loopgenie.config import Settings
from loopgenie.errors import BadInput, Busy, LoopGenieError, NoLoopInReach, PlaceNotFound, TrailsUnavailable
from loopgenie.planner import Trip
from loopgenie.store.sqlite import SqliteStore

Asked = dict[str, object]


def problem(response: TestResponse, status: int, slug: str) -> dict[str, Any]:
    """The problem document of an answer, after what is true of all of them."""
    assert response.status_code == status
    assert response.mimetype == "application/problem+json"
    assert response.headers["Cache-Control"] == "no-store"
    assert "total;dur=" in response.headers["Server-Timing"]
    document = json.loads(response.data)
    openapi.Problem.model_validate(document)
    assert document["status"] == status
    assert document["type"] == f"/docs/errors/{slug}"
    assert document["title"]
    assert document["detail"]
    assert "Traceback" not in response.text
    return document


def post(client: FlaskClient, body: bytes | str, content_type: str | None = "application/json") -> TestResponse:
    return client.post("/v1/trips", data=body, content_type=content_type)


# --- the body -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("body", "says"),
    [
        ("", "not JSON"),
        ("{", "not JSON"),
        ("location=Ordino", "not JSON"),
        ('{"location": "Bärental"} x', "not JSON"),
        (b'\xff\xfe{"location": 1}', "not UTF-8: byte 0"),
        ('\ufeff{"location": "x"}', "not JSON"),
        ('{"hike_km": NaN}', "NaN is no number"),
        ('{"hike_km": -Infinity}', "-Infinity is no number"),
        ('{"hike_km": 5, "location": "x", "hike_km": 7}', "'hike_km' stands in it twice"),
        ('{"location": {"lat": 1, "lat": 2}}', "'lat' stands in it twice"),
        ("[" * 30_000, "nested too deeply"),
        ('{"a":' * 8_000 + "1" + "}" * 8_000, "nested too deeply"),
        ("[1, 2]", "no object"),
        ("null", "no object"),
        ('"Ordino"', "no object"),
    ],
)
def test_a_body_that_is_no_json_object_is_400(client: FlaskClient, body: bytes | str, says: str) -> None:
    assert says in problem(post(client, body), 400, "bad-input")["detail"]


def test_a_number_of_thousands_of_digits_is_out_of_range(client: FlaskClient) -> None:
    document = problem(post(client, '{"location": "x", "hike_km": 1' + "0" * 5000 + "}"), 422, "invalid-parameters")
    assert document["detail"] == "hike_km: is Infinity, want a number from 0.5 to 500"
    document = problem(
        post(client, '{"location": "x", "hike_km": 5, "seed": -' + "9" * 5000 + "}"), 422, "invalid-parameters"
    )
    assert document["detail"].startswith("seed: is -Infinity, want a whole number from 0")


def test_a_packed_body_is_415(client: FlaskClient, asked: Asked) -> None:
    packed = gzip.compress(json.dumps(asked).encode())
    response = client.post(
        "/v1/trips", data=packed, content_type="application/json", headers={"Content-Encoding": "gzip"}
    )
    assert problem(response, 415, "unsupported-media-type")["detail"] == (
        "Content-Encoding is 'gzip', want the body as it is"
    )


def test_names_from_outside_are_told_safely(client: FlaskClient) -> None:
    document = problem(post(client, '{"\\ud800": 1, "<b>": 2}'), 422, "invalid-parameters")
    assert {e["field"] for e in document["errors"]} >= {'"\\ud800"', "<b>"}
    problem(post(client, '{"location": "\\ud800", "hike_km": 5}'), 422, "invalid-parameters")
    problem(post(client, '{"a\\ud800": 1, "a\\ud800": 1}'), 400, "bad-input")


@pytest.mark.parametrize(
    "content_type", [None, "text/plain", "application/x-www-form-urlencoded", "multipart/form-data"]
)
def test_a_body_of_another_type_is_415(client: FlaskClient, asked: Asked, content_type: str | None) -> None:
    document = problem(post(client, json.dumps(asked), content_type), 415, "unsupported-media-type")
    assert "application/json" in document["detail"]


@pytest.mark.parametrize(
    "content_type", ["application/json; charset=utf-8", "application/geo+json", "APPLICATION/JSON"]
)
def test_json_under_other_names_is_read(client: FlaskClient, plans: list[Any], asked: Asked, content_type: str) -> None:
    assert post(client, json.dumps(asked), content_type).status_code == 200


def test_the_largest_body_and_one_byte_more(client: FlaskClient, asked: Asked, plans: list[Any]) -> None:
    room = 64 * 1024 - len(json.dumps(asked))
    assert post(client, json.dumps(asked) + " " * room).status_code == 200
    document = problem(post(client, json.dumps(asked) + " " * (room + 1)), 413, "too-large")
    assert "64 kB" in document["detail"]


def test_a_body_that_hides_its_size_is_413_too(client: FlaskClient) -> None:
    response = client.post(
        "/v1/trips",
        input_stream=io.BytesIO(b" " * 200_000),
        content_type="application/json",
        headers={"Transfer-Encoding": "chunked"},
        environ_overrides={"wsgi.input_terminated": True},
    )
    problem(response, 413, "too-large")


def test_parameters_that_are_wrong_are_422_field_by_field(client: FlaskClient) -> None:
    document = problem(post(client, '{"hike_km": 900, "hikemiles": 2, "drive_km": "far"}'), 422, "invalid-parameters")
    errors = {e["field"]: e["detail"] for e in document["errors"]}
    assert set(errors) == {"location", "hike_km", "hikemiles", "drive_km"}
    assert errors["hike_km"] == "is 900, want a number from 0.5 to 500"
    assert "1e999" not in errors
    errors = problem(post(client, '{"location": "x", "hike_km": 1e999}'), 422, "invalid-parameters")["errors"]
    assert errors == [{"field": "hike_km", "detail": "is Infinity, want a number from 0.5 to 500"}]


# --- what cannot be answered --------------------------------------------------------------------------------------


def test_an_unknown_place_comes_with_near_matches(client: FlaskClient, asked: Asked) -> None:
    response = client.post("/v1/trips", json={**asked, "location": "Bärentahl"})
    document = problem(response, 404, "place-not-found")
    assert "Bärentahl" in document["detail"]
    assert "Bärental" in document["near_matches"]


def test_no_loop_comes_with_why_and_what_to_relax(client: FlaskClient, asked: Asked) -> None:
    """The longest loop walks every segment once and the diagonal twice: far less than 50 km."""
    document = problem(client.post("/v1/trips", json={**asked, "hike_km": 50}), 409, "no-loop")
    assert isinstance(document["nearest_lengths_m"], list)
    assert isinstance(document["relax"], list)
    assert isinstance(document["proven"], bool)


def test_a_start_far_from_any_trail_says_how_far(client: FlaskClient, asked: Asked) -> None:
    response = client.post("/v1/trips", json={**asked, "location": "50.1,10.0", "drive_km": 0})
    assert problem(response, 409, "no-loop")["detail"]


@pytest.mark.parametrize(
    ("error", "status", "slug", "wait"),
    [
        (BadInput("odd"), 400, "bad-input", None),
        (PlaceNotFound("gone", ["near"]), 404, "place-not-found", None),
        (NoLoopInReach("none"), 409, "no-loop", None),
        (Busy("wait", retry_after_s=3), 503, "busy", "3"),
        (TrailsUnavailable("dark"), 503, "trails-unavailable", "5"),
        (LoopGenieError("odd"), 500, "internal", None),
    ],
)
def test_every_error_has_its_status(
    client: FlaskClient,
    asked: Asked,
    monkeypatch: pytest.MonkeyPatch,
    error: LoopGenieError,
    status: int,
    slug: str,
    wait: str | None,
) -> None:
    def failing(*_: Any, **__: Any) -> Trip:
        raise error

    monkeypatch.setattr(api, "plan_trip", failing)
    response = client.post("/v1/trips", json=asked)
    document = problem(response, status, slug)
    assert document["detail"] == error.detail
    assert response.headers.get("Retry-After") == wait


def test_a_fault_is_logged_and_not_shown(
    client: FlaskClient, asked: Asked, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def broken(*_: Any, **__: Any) -> Trip:
        raise ZeroDivisionError("secret detail")

    monkeypatch.setattr(api, "plan_trip", broken)
    with caplog.at_level(logging.ERROR):
        response = client.post("/v1/trips", json=asked)
    problem(response, 500, "internal")
    assert "secret" not in response.text
    assert "secret detail" in caplog.text


def test_an_empty_database_is_503(tmp_path: Any) -> None:
    client = create_app(Settings(), SqliteStore(str(tmp_path / "nothing.db"))).test_client()
    response = client.get("/readyz")
    problem(response, 503, "trails-unavailable")
    assert int(response.headers["Retry-After"]) > 0
    problem(client.post("/v1/trips", json={"location": "50,10", "hike_km": 5}), 503, "trails-unavailable")
    assert client.get("/healthz").status_code == 200
    assert client.get("/v1/info").json["regions"] == []
    assert client.get("/v1/places?q=x").json["numberMatched"] == 0


def test_a_file_that_is_no_database_is_503(tmp_path: Any, caplog: pytest.LogCaptureFixture) -> None:
    path = tmp_path / "broken.db"
    path.write_bytes(b"this is no database" * 100)
    client = create_app(Settings(database_url=f"sqlite:///{path}")).test_client()
    for address in ("/readyz", "/v1/info", "/v1/places?q=x", "/v1/network?bbox=0,0,1,1"):
        response = client.get(address)
        problem(response, 503, "trails-unavailable")
        assert str(tmp_path) not in response.text  # where files lie on the server is nobody's business
        assert "broken.db" in caplog.text  # but the operator's


# --- addresses and methods ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("accept", ["*/*", "application/json", "text/html", "application/problem+json"])
@pytest.mark.parametrize(
    "path",
    ["/nowhere", "/v1", "/v1/trip", "/v1/trips/", "/v1/trips/x", "/static/nothing.js", "/static/../api.py", "/%00"],
)
def test_unknown_addresses_are_404(client: FlaskClient, path: str, accept: str) -> None:
    problem(client.get(path, headers={"Accept": accept}), 404, "not-found")


def test_a_long_address_is_not_repeated_in_full(client: FlaskClient) -> None:
    assert len(client.get("/" + "x" * 5000).text) < 1000


def test_options_are_told_without_html(client: FlaskClient) -> None:
    for wish in ({}, {"Access-Control-Request-Method": "POST"}):
        response = client.options("/v1/trips", headers=wish)
        assert response.data == b""
        assert "Content-Type" not in response.headers


@pytest.mark.parametrize(
    ("method", "path", "allowed"),
    [
        ("GET", "/v1/trips", {"POST", "OPTIONS"}),
        ("DELETE", "/v1/trips", {"POST", "OPTIONS"}),
        ("POST", "/v1/places", {"GET", "HEAD", "OPTIONS"}),
        ("PUT", "/healthz", {"GET", "HEAD", "OPTIONS"}),
        ("POST", "/", {"GET", "HEAD", "OPTIONS"}),
        ("TRACE", "/v1/info", {"GET", "HEAD", "OPTIONS"}),
    ],
)
def test_other_methods_are_405(client: FlaskClient, method: str, path: str, allowed: set[str]) -> None:
    response = client.open(path, method=method)
    problem(response, 405, "method-not-allowed")
    assert set(response.headers["Allow"].split(", ")) == allowed


@pytest.mark.parametrize("slug", problems.KINDS)
def test_every_type_leads_to_a_page(client: FlaskClient, slug: str) -> None:
    page = client.get(f"/docs/errors/{slug}")
    assert page.status_code == 200
    assert page.mimetype == "text/html"
    assert problems.KINDS[slug].title in page.text
    assert slug in client.get("/docs").text


def test_every_error_class_has_a_page() -> None:
    classes = [LoopGenieError, *LoopGenieError.__subclasses__()]
    classes += [c for parent in classes for c in parent.__subclasses__()]
    assert {c.slug for c in classes} <= set(problems.KINDS)
    for error in classes:
        assert problems.KINDS[error.slug].status == error.status


def test_an_unknown_type_is_no_page(client: FlaskClient) -> None:
    problem(client.get("/docs/errors/nothing"), 404, "not-found")
