"""Places, trailheads and the network as lists; the state of the service; what every answer carries."""

import gzip
import json
import re
from typing import Any
from urllib.parse import urljoin

import pytest
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

import loopgenie
from loopgenie import assets, create_app, openapi
from loopgenie.config import Settings
from loopgenie.metrics import Metrics
from loopgenie.store.sqlite import SqliteStore

WORLD = "-180,-90,180,90"
Asked = dict[str, object]


def listed(response: TestResponse, model: type[openapi.Listing]) -> dict[str, Any]:
    assert response.status_code == 200
    assert response.mimetype == "application/geo+json"
    document = json.loads(response.data)
    model.model_validate_json(response.data, strict=True)
    assert document["numberReturned"] == len(document["features"]) <= document["limit"]
    return document


def names(document: dict[str, Any]) -> list[str | None]:
    return [f["properties"]["name"] for f in document["features"]]


# --- lists --------------------------------------------------------------------------------------------------------


def test_places_by_part_of_a_name(client: FlaskClient) -> None:
    document = listed(client.get("/v1/places?q=barent"), openapi.Places)
    assert names(document) == ["Bärental"]
    [place] = document["features"]
    assert place["geometry"] == {"type": "Point", "coordinates": [10.001, 50.0]}
    known = {"name": "Bärental", "kind": "village", "elevation_m": 100.0, "population": 321}
    assert place["properties"] == {**known, "region": "square", "source": "trails", "location": "Bärental"}
    assert document["data"]["attribution"] == ["© the square's surveyors"]


def test_places_are_cut_at_the_limit_but_counted(client: FlaskClient) -> None:
    document = listed(client.get("/v1/places?q=b%C3%A4ren&limit=1"), openapi.Places)
    assert (document["numberMatched"], document["numberReturned"], document["limit"]) == (2, 1, 1)


def test_places_in_a_box_have_names(client: FlaskClient) -> None:
    document = listed(client.get(f"/v1/places?bbox={WORLD}"), openapi.Places)
    assert names(document) == ["Bärental", "Bärenkopf"], "the village first; the spring without a name is no place"
    both = client.get("/v1/places?q=b%C3%A4ren&bbox=10.01,50,10.02,50.01")
    assert names(listed(both, openapi.Places)) == ["Bärenkopf"]


def test_trailheads_in_a_box(client: FlaskClient) -> None:
    document = listed(client.get(f"/v1/trailheads?bbox={WORLD}"), openapi.Trailheads)
    assert names(document) == ["Bärental Süd", None]
    assert document["features"][0]["properties"] == {
        "name": "Bärental Süd",
        "kind": "parking",
        "snap_m": 12.3,
        "to_loop_m": 0.0,
    }
    assert document["features"][1]["properties"]["to_loop_m"] is None
    few = listed(client.get(f"/v1/trailheads?bbox={WORLD}&limit=1"), openapi.Trailheads)
    assert (few["numberMatched"], few["numberReturned"]) == (2, 1)
    assert listed(client.get("/v1/trailheads?bbox=0,0,1,1"), openapi.Trailheads)["numberMatched"] == 0


def test_the_network_in_a_box(client: FlaskClient) -> None:
    document = listed(client.get(f"/v1/network?bbox={WORLD}"), openapi.NetworkAnswer)
    assert document["numberMatched"] == 5
    assert names(document)[0] == "Diagonal", "the longest first"
    lane = next(f for f in document["features"] if f["properties"]["name"] == "Lane")
    assert lane["geometry"]["coordinates"] == [[10.0, 50.0, 100], [10.007, 50.0, 125], [10.014, 50.0, 150]]
    assert lane["properties"]["kind"] == "minor road"
    assert lane["properties"]["road_m"] == lane["properties"]["length_m"] == 1003.7
    assert (lane["properties"]["ascent_m"], lane["properties"]["descent_m"]) == (50, 0)
    assert lane["properties"]["difficulty"] == "T2"


def test_the_network_is_cut_at_the_limit_but_counted(client: FlaskClient) -> None:
    document = listed(client.get(f"/v1/network?bbox={WORLD}&limit=2"), openapi.NetworkAnswer)
    assert (document["numberMatched"], document["numberReturned"]) == (5, 2)


def test_a_coarse_network_keeps_its_junctions(client: FlaskClient) -> None:
    fine = listed(client.get(f"/v1/network?bbox={WORLD}"), openapi.NetworkAnswer)["features"]
    same = listed(client.get(f"/v1/network?bbox={WORLD}&coarseness_m=400"), openapi.NetworkAnswer)["features"]
    assert same == fine, "the middle of a side is 500 m from its end"
    coarse = listed(client.get(f"/v1/network?bbox={WORLD}&coarseness_m=800"), openapi.NetworkAnswer)["features"]
    for a, b in zip(fine, coarse, strict=True):
        assert b["geometry"]["coordinates"] == [a["geometry"]["coordinates"][0], a["geometry"]["coordinates"][-1]]


def test_left_out_lines_in_a_box_say_why(client: FlaskClient) -> None:
    document = listed(client.get(f"/v1/left-out?bbox={WORLD}"), openapi.LeftOutAnswer)
    assert (document["numberMatched"], names(document)) == (2, ["Castle Drive", None])
    [drive, path] = document["features"]
    assert drive["geometry"] == {"type": "LineString", "coordinates": [[10.002, 50.002], [10.003, 50.002]]}
    why = {"reason": "no public access", "rule": "access=private", "source": "way 77"}
    assert drive["properties"] == {"name": "Castle Drive", **why}
    assert path["properties"] == {"name": None, "reason": "informal", "rule": None, "source": None}
    assert document["data"]["attribution"] == ["© the square's surveyors"]


def test_left_out_lines_are_cut_at_the_limit_but_counted(client: FlaskClient) -> None:
    few = listed(client.get(f"/v1/left-out?bbox={WORLD}&limit=1"), openapi.LeftOutAnswer)
    assert (few["numberMatched"], few["numberReturned"]) == (2, 1)
    near = listed(client.get("/v1/left-out?bbox=10.0025,50.001,10.004,50.003"), openapi.LeftOutAnswer)
    assert names(near) == ["Castle Drive"], "the other lies farther north"


LISTS = ["/v1/places", "/v1/trailheads", "/v1/network", "/v1/left-out"]


@pytest.mark.parametrize("path", LISTS)
@pytest.mark.parametrize(
    ("bbox", "says"),
    [
        ("", "four numbers"),
        ("1,2,3", "four numbers"),
        ("1,2,3,4,5", "four numbers"),
        ("a,b,c,d", "four numbers"),
        ("1,2,nan,4", "four numbers"),
        ("1,2,inf,4", "four numbers"),
        ("1_0,2,13,4", "four numbers"),
        ("-181,0,1,1", "min_lon is -181, want degrees from -180 to 180"),
        ("0,0,1,91", "max_lat is 91, want degrees from -90 to 90"),
        ("2,0,1,1", "min_lon 2 is above max_lon 1"),
        ("0,3,1,1", "min_lat 3 is above max_lat 1"),
    ],
)
def test_a_box_that_is_none_is_422(client: FlaskClient, path: str, bbox: str, says: str) -> None:
    response = client.get(path, query_string={"bbox": bbox})
    assert response.status_code == 422
    [error] = response.json["errors"]
    assert error["field"] == "bbox"
    assert says in error["detail"]


@pytest.mark.parametrize("path", LISTS)
@pytest.mark.parametrize("limit", ["0", "-1", "x", "1.5", "999999", "", "9" * 5000])
def test_a_limit_that_is_none_is_422(client: FlaskClient, path: str, limit: str) -> None:
    response = client.get(path, query_string={"bbox": WORLD, "limit": limit})
    assert response.status_code == 422
    assert response.json["errors"][0]["field"] == "limit"


@pytest.mark.parametrize(
    ("path", "field"),
    [
        ("/v1/trailheads", "bbox"),
        ("/v1/network", "bbox"),
        ("/v1/places", "q"),
        ("/v1/places?q=", "q"),
        ("/v1/places?q=%00", "q"),
        ("/v1/places?q=" + "x" * 201, "q"),
        (f"/v1/network?bbox={WORLD}&coarseness_m=-1", "coarseness_m"),
        (f"/v1/network?bbox={WORLD}&coarseness_m=nan", "coarseness_m"),
        (f"/v1/network?bbox={WORLD}&coarseness_m=1001", "coarseness_m"),
        (f"/v1/network?bbox={WORLD}&zoom=3", "zoom"),
        (f"/v1/trailheads?bbox={WORLD}&q=x", "q"),
        (f"/v1/trailheads?bbox={WORLD}&bbox={WORLD}", "bbox"),
        ("/v1/places?q=a&q=b", "q"),
    ],
)
def test_a_query_that_is_missing_unknown_or_doubled_is_422(client: FlaskClient, path: str, field: str) -> None:
    response = client.get(path)
    assert response.status_code == 422
    assert response.mimetype == "application/problem+json"
    assert [e["field"] for e in response.json["errors"]] == [field]


def test_lists_are_revalidated_until_the_data_change(
    client: FlaskClient, square_store: SqliteStore, square: Any
) -> None:
    path = f"/v1/network?bbox={WORLD}"
    tag = client.get(path).headers["ETag"]
    again = client.get(path, headers={"If-None-Match": tag})
    assert (again.status_code, again.data) == (304, b"")
    square_store.remove_region("square")
    assert client.get(path, headers={"If-None-Match": tag}).json["numberMatched"] == 0


def test_a_wrong_query_is_told_even_to_who_has_the_answer(client: FlaskClient) -> None:
    tag = client.get(f"/v1/network?bbox={WORLD}").headers["ETag"]
    assert client.get("/v1/network?bbox=9", headers={"If-None-Match": tag}).status_code == 422


# --- the state of the service -------------------------------------------------------------------------------------


def test_info_tells_what_runs_on_which_data(client: FlaskClient) -> None:
    document = client.get("/v1/info").json
    openapi.Info.model_validate_json(json.dumps(document), strict=True)
    assert document["version"] == loopgenie.__version__
    [region] = document["regions"]
    assert region["name"] == "square"
    assert region["synthetic"] is False
    assert region["attribution"] == ["© the square's surveyors"]
    assert (region["segments"], region["trailheads"], region["points"]) == (5, 2, 3)
    assert region["left_out"] == {"no way for walkers": 3}
    assert region["sources"] == ["drawn.txt"]
    assert region["files"] == [
        {"name": "drawn.txt", "profile": "generic", "attribution": "© Somebody", "data_date": None}
    ]
    assert region["loop_km"] == 5.4, "4 sides and the diagonal: 1.0 + 1.0 + 1.0 + 1.0 + 1.4"
    assert document["bbox"] == pytest.approx([10.0, 50.0, 10.014, 50.009])
    assert document["limits"]["max_alternatives"] == 5


def test_health_and_readiness(client: FlaskClient, square_store: SqliteStore) -> None:
    said = client.get("/healthz").json
    assert re.fullmatch("[0-9a-f]{8}", said.pop("server"))
    assert said == {"status": "ok", "version": loopgenie.__version__}
    ready = client.get("/readyz")
    assert ready.json["status"] == "ready"
    assert ready.json["snapshot"] == square_store.snapshot().id
    assert ready.headers["Cache-Control"] == "no-store"


def test_health_needs_no_database() -> None:
    client = create_app(Settings(database_url="nonsense://")).test_client()
    assert client.get("/healthz").status_code == 200


def test_metrics_count_what_happened(client: FlaskClient, asked: Asked, plans: list[Any]) -> None:
    for _ in range(2):
        client.post("/v1/trips", json=asked)
    client.get("/nowhere")
    client.open("/healthz", method="BREW")
    response = client.get("/metrics")
    assert response.headers["Content-Type"].startswith("text/plain; version=0.0.4")
    lines = response.text.splitlines()
    assert 'loopgenie_requests_total{route="/v1/trips",method="POST",status="200"} 2' in lines
    assert 'loopgenie_requests_total{route="none",method="GET",status="404"} 1' in lines
    assert any('method="other",status="405"' in line for line in lines)
    assert 'loopgenie_answers_total{origin="solved"} 1' in lines
    assert 'loopgenie_answers_total{origin="memory"} 1' in lines
    assert "loopgenie_solve_seconds_count 1" in lines
    assert 'loopgenie_request_seconds_bucket{route="/v1/trips",le="+Inf"} 2' in lines


EXPOSED = re.compile(
    r'# (HELP|TYPE) \w+ .+|\w+(\{\w+="([^"\\]|\\.)*"(,\w+="([^"\\]|\\.)*")*\})? (\+Inf|-?[\d.]+(e[+-]?\d+)?)'
)


def test_metrics_are_written_as_prometheus_reads_them(client: FlaskClient) -> None:
    client.get("/v1/info")
    for line in client.get("/metrics").text.splitlines():
        assert EXPOSED.fullmatch(line), line


def test_a_histogram_counts_below_each_end() -> None:
    metrics = Metrics()
    metrics.describe("seconds", "histogram", "Test.")
    for seconds in (0.005, 0.02, 0.02, 99):
        metrics.observe("seconds", seconds, route='a"\\\n')
    lines = metrics.text().splitlines()
    label = 'route="a\\"\\\\\\n"'
    assert f'seconds_bucket{{{label},le="0.005"}} 1' in lines
    assert f'seconds_bucket{{{label},le="0.01"}} 1' in lines
    assert f'seconds_bucket{{{label},le="0.025"}} 3' in lines
    assert f'seconds_bucket{{{label},le="10"}} 3' in lines
    assert f'seconds_bucket{{{label},le="+Inf"}} 4' in lines
    assert f"seconds_count{{{label}}} 4" in lines


# --- what every answer carries ------------------------------------------------------------------------------------

ADDRESSES = ["/", "/docs", "/healthz", "/v1/info", "/openapi.json", "/metrics", "/nowhere", f"/v1/network?bbox={WORLD}"]


@pytest.mark.parametrize("path", ADDRESSES)
def test_every_answer_is_protected_and_timed(client: FlaskClient, path: str) -> None:
    response = client.get(path)
    assert response.headers["X-Content-Type-Options"] == "nosniff"
    assert response.headers["X-Frame-Options"] == "DENY"
    assert "default-src" in response.headers["Content-Security-Policy"]
    assert "unsafe" not in response.headers["Content-Security-Policy"]
    assert re.search(r"total;dur=\d+\.\d", response.headers["Server-Timing"])
    assert "Date" not in response.headers, "the server's own to say"


def test_browsers_keep_to_tls_once_they_came_by_it(client: FlaskClient) -> None:
    by_tls = client.get("/", base_url="https://trails.example.org")
    assert by_tls.headers["Strict-Transport-Security"] == "max-age=31536000"  # 365 * 24 * 3600 s
    assert "Strict-Transport-Security" not in client.get("/").headers


@pytest.mark.parametrize("path", ["/", "/docs", f"/v1/network?bbox={WORLD}", "/static/loopgenie.js"])
def test_large_answers_are_compressed_on_demand(client: FlaskClient, path: str) -> None:
    plain = client.get(path)
    packed = client.get(path, headers={"Accept-Encoding": "gzip, br"})
    assert packed.headers["Content-Encoding"] == "gzip"
    assert gzip.decompress(packed.data) == plain.data
    assert "Accept-Encoding" in packed.headers["Vary"]
    assert int(packed.headers["Content-Length"]) == len(packed.data)
    head = client.head(path, headers={"Accept-Encoding": "gzip"})
    assert (head.status_code, head.data) == (200, b"")


def test_other_sites_may_not_read_unless_told(client: FlaskClient) -> None:
    response = client.get("/v1/info", headers={"Origin": "https://elsewhere.example"})
    assert not [name for name, _ in response.headers if name.startswith("Access-Control")]


@pytest.mark.parametrize(
    ("allowed", "origin", "answer"),
    [
        (("https://a.example",), "https://a.example", "https://a.example"),
        (("https://a.example", "https://b.example"), "https://b.example", "https://b.example"),
        (("https://a.example",), "https://evil.example", None),
        (("*",), "https://any.example", "*"),
    ],
)
def test_other_sites_that_are_told_may_read(
    square_store: SqliteStore, allowed: tuple[str, ...], origin: str, answer: str | None
) -> None:
    client = create_app(Settings(cors_origins=allowed), square_store).test_client()
    simple = client.get("/v1/info", headers={"Origin": origin})
    assert simple.headers.get("Access-Control-Allow-Origin") == answer
    assert ("Origin" in simple.headers.get("Vary", "")) is ("*" not in allowed)
    wish = {"Origin": origin, "Access-Control-Request-Method": "POST", "Access-Control-Request-Headers": "content-type"}
    preflight = client.options("/v1/trips", headers=wish)
    assert preflight.status_code == 204
    assert preflight.headers.get("Access-Control-Allow-Origin") == answer
    assert ("POST" in preflight.headers.get("Access-Control-Allow-Methods", "")) is (answer is not None)
    assert client.get("/v1/info").headers.get("Access-Control-Allow-Origin") is None


def test_proxies_are_believed_only_when_trusted(square_store: SqliteStore, asked: Asked, plans: list[Any]) -> None:
    forwarded = {"X-Forwarded-Prefix": "/hikes", "X-Forwarded-Proto": "https", "X-Forwarded-For": "203.0.113.7"}
    for trusted, begins in ((0, "/v1/"), (1, "/hikes/v1/")):
        app = create_app(Settings(trusted_proxies=trusted), square_store)
        response = app.test_client().post("/v1/trips", json=asked, headers=forwarded)
        assert response.headers["Content-Location"].startswith(begins)


# --- pages --------------------------------------------------------------------------------------------------------


def test_the_page_brings_everything_itself(client: FlaskClient) -> None:
    page = client.get("/").text
    addresses = re.findall(r'(?:src|href)="([^"#]+)"', page)
    assert len(addresses) >= 7
    for address in addresses:
        assert address.startswith("/"), address
        assert client.get(address).status_code == 200, address
    assert not re.search(r"<script(?![^>]*src=)|\sstyle=|\son\w+=", page), "the policy forbids what is inline"


def test_files_under_their_version_are_kept_for_good(client: FlaskClient) -> None:
    [address] = re.findall(r'src="([^"]+loopgenie\.js[^"]*)"', client.get("/").text)
    kept = client.get(address)
    assert address == f"/static/{assets.version()}/loopgenie.js"
    assert {"public", "max-age=31536000", "immutable"} == set(kept.headers["Cache-Control"].split(", "))
    for other in ("/static/loopgenie.js", "/static/0123456789ab/loopgenie.js"):  # from before an update
        newest = client.get(other)
        assert newest.data == kept.data
        assert {"public", "no-cache"} == set(newest.headers["Cache-Control"].split(", "))
        assert client.get(other, headers={"If-None-Match": newest.headers["ETag"]}).status_code == 304
    assert client.get("/favicon.ico").mimetype == "image/svg+xml"


def test_all_files_of_a_page_are_of_one_set(client: FlaskClient) -> None:
    """A relative reference in a stylesheet then leads to the same set."""
    addresses = re.findall(r'(?:src|href)="(/static/[^"#]+)"', client.get("/").text)
    assert len(addresses) >= 7
    assert {address.split("/")[2] for address in addresses} == {assets.version()}
    css = f"/static/{assets.version()}/vendor/leaflet/leaflet.css"
    assert client.get(urljoin(css, "leaflet.js")).headers["Cache-Control"] == client.get(css).headers["Cache-Control"]


@pytest.mark.parametrize("path", ["nothing.js", "{}", "{}/", "{}/nothing.js", "{}/{}/loopgenie.js", "{}/loopgenie.js/"])
def test_what_is_no_file_of_the_page_is_not_found(client: FlaskClient, path: str) -> None:
    assert client.get(f"/static/{path.replace('{}', assets.version())}").status_code == 404


@pytest.mark.parametrize("name", ["leaflet", "uplot"])
def test_vendored_libraries_bring_their_licences(client: FlaskClient, name: str) -> None:
    assert "Copyright" in client.get(f"/static/vendor/{name}/LICENSE").text or name == "leaflet"
    assert client.get(f"/static/vendor/{name}/LICENSE").status_code == 200


@pytest.mark.parametrize("path", ["/static/../__init__.py", "/static/%2e%2e/__init__.py", "/static//etc/passwd"])
def test_no_other_file_can_be_read(client: FlaskClient, path: str) -> None:
    assert client.get(path, follow_redirects=True).status_code == 404


def test_the_page_works_below_a_prefix(client: FlaskClient) -> None:
    page = client.get("/", environ_overrides={"SCRIPT_NAME": "/prod"}).text
    assert 'data-root="/prod"' in page
    assert all(a.startswith("/prod/") for a in re.findall(r'(?:src|href)="([^"#]+)"', page))


def test_importing_and_creating_the_app_opens_nothing(tmp_path: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LOOPGENIE_DATABASE_URL", f"sqlite:///{tmp_path / 'none.db'}")
    app: Flask = create_app()
    assert app.test_client().get("/healthz").status_code == 200
    assert list(tmp_path.iterdir()) == []
