"""The description of the API is valid, complete and true."""

import json
import re
import tomllib
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from jsonschema import Draft202012Validator
from openapi_spec_validator import OpenAPIV31SpecValidator

import loopgenie
from loopgenie import openapi

DOCUMENT = openapi.document()


def test_the_document_is_valid_openapi(client: FlaskClient) -> None:
    response = client.get("/openapi.json")
    assert response.mimetype == "application/json"
    assert response.json == json.loads(json.dumps(DOCUMENT))
    assert response.json["openapi"].startswith("3.1")
    OpenAPIV31SpecValidator(response.json).validate()


def test_every_address_of_the_api_is_described(app: Flask) -> None:
    served = set()
    for rule in app.url_map.iter_rules():
        if rule.endpoint.startswith("api."):
            path = re.sub(r"<trip:\w+>", "{id}", rule.rule)
            forms = ["geojson", "gpx", "kml"] if "<any" in path else [""]
            served |= {re.sub(r"<any[^>]+>", form, path) for form in forms}
    assert served - {"/openapi.json"} == set(DOCUMENT["paths"])


def test_the_version_is_that_of_the_package() -> None:
    project = tomllib.loads((Path(loopgenie.__file__).parents[1] / "pyproject.toml").read_text())["project"]
    assert DOCUMENT["info"]["version"] == loopgenie.__version__ == project["version"]


def schema(name: str) -> Draft202012Validator:
    return Draft202012Validator({**DOCUMENT, "$ref": f"#/components/schemas/{name}"})


@pytest.mark.parametrize(
    ("asked", "fine"),
    [
        ({"location": "x", "hike_km": 5}, True),
        ({"location": "x", "hike_miles": 5, "drive_minutes": 0}, True),
        ({"location": {"lat": 1, "lon": 2}, "hike_km": 5, "via": [[1, 2]], "max_difficulty": "T3"}, True),
        ({"location": "x", "hike_km": 5, "hike_miles": None, "drive_km": None, "drive_miles": 5}, True),
        ({"location": "x"}, False),
        ({"hike_km": 5}, False),
        ({"location": "x", "hike_km": 5, "hike_miles": 5}, False),
        ({"location": "x", "hike_km": 5, "drive_km": 5, "drive_minutes": 5}, False),
        ({"location": "x", "hike_km": 0.4}, False),
        ({"location": "x", "hike_km": 5, "colour": "red"}, False),
        ({"location": "x", "hike_km": 5, "via": [[1, 2, 3]]}, False),
        ({"location": "x", "hike_km": 5, "via": [[1, 95]]}, False),
        ({"location": "x", "hike_km": 5, "max_difficulty": "T9"}, False),
        ({"location": "x", "hike_km": 5, "heading": "ne"}, True),
        ({"location": "x", "hike_km": 5, "heading": 222.5}, True),
        ({"location": "x", "hike_km": 5, "heading": "north"}, False),
        ({"location": "x", "hike_km": 5, "heading": 361}, False),
        ({"location": {"lat": 91, "lon": 2}, "hike_km": 5}, False),
        ({"location": "x", "hike_km": 5, "tolerance": None}, False),
        ({"location": "x", "hike_km": 5, "prove": 1}, False),
    ],
)
def test_the_schema_of_requests_says_what_the_service_does(
    client: FlaskClient, plans: list[Any], asked: dict[str, Any], fine: bool
) -> None:
    assert schema("TripRequest").is_valid(asked) is fine
    assert (client.post("/v1/trips", json=asked).status_code == 200) is fine


def test_answers_and_problems_follow_their_schemas(
    client: FlaskClient, plans: list[Any], asked: dict[str, object]
) -> None:
    schema("TripAnswer").validate(client.post("/v1/trips", json=asked).json)
    schema("Problem").validate(client.post("/v1/trips", json={}).json)
    schema("Info").validate(client.get("/v1/info").json)
    schema("Health").validate(client.get("/readyz").json)
    for path, name in (("places", "Places"), ("trailheads", "Trailheads"), ("network", "NetworkAnswer")):
        schema(name).validate(client.get(f"/v1/{path}?bbox=-180,-90,180,90").json)


def test_the_docs_page_names_everything(client: FlaskClient) -> None:
    page = client.get("/docs")
    assert page.mimetype == "text/html"
    for path in DOCUMENT["paths"]:
        assert path in page.text
    for field in DOCUMENT["components"]["schemas"]["TripRequest"]["properties"]:
        assert f"<code>{field}</code>" in page.text
    assert not re.findall(r'(?:src|href)="(?:https?:)?//', page.text), "nothing from elsewhere"
