"""From a name to a position."""

from __future__ import annotations

import pytest

from loopgenie.errors import InvalidParameters, PlaceNotFound
from loopgenie.geometry import LonLat
from loopgenie.places import Located, locate, near_matches
from loopgenie.store.sqlite import SqliteStore


@pytest.fixture
def store(draw, on_map, tmp_path):  # type: ignore[no-untyped-def]
    drawing = draw()
    for i, (kind, name, population) in enumerate(
        [
            ("hamlet", "Ordino", 12),
            ("village", "Ordino", 3000),
            ("peak", "Pic d'Ordino", None),
            ("town", "Sant Julià de Lòria", 7500),
            ("village", "Canillo", 1500),
            ("locality", "Font de Canillo", None),
            ("locality", "Bosc de Canillo", None),
            ("town", "Encamp", 7000),
        ]
    ):
        drawing.point(i, 0, kind, name, population)
    store = SqliteStore(str(tmp_path / "places.db"))
    store.replace_region(drawing.region())
    yield store
    store.close()


def test_of_several_of_one_name_the_most_important_is_meant(store, on_map) -> None:
    assert locate("Ordino", store)[:2] == (on_map(1, 0), "Ordino")  # the village, not the hamlet


@pytest.mark.parametrize("name", ["sant julia de loria", "SANT JULIÀ DE LÒRIA", "Sant-Julià de Lòria", "Sant Julià"])
def test_case_accents_and_missing_words_do_not_matter(store, name: str) -> None:
    assert locate(name, store).name == "Sant Julià de Lòria"


def test_what_follows_a_comma_may_be_the_country(store) -> None:
    assert locate("Encamp, Andorra", store).name == "Encamp"


def test_an_exact_name_wins_over_longer_ones_that_hold_it(store) -> None:
    assert locate("Canillo", store).name == "Canillo"


@pytest.mark.parametrize(
    ("text", "expected"),
    [("42.55,1.53", (1.53, 42.55)), (" -33.9 , +18 ", (18.0, -33.9)), (".5,-.25", (-0.25, 0.5))],
)
def test_positions_are_latitude_then_longitude(store, text: str, expected: tuple[float, float]) -> None:
    assert locate(text, store) == Located(LonLat(*expected))


def test_a_position_is_its_own_place(store) -> None:
    assert locate(LonLat(1.5, 42.5), store) == Located(LonLat(1.5, 42.5), None, None, None, "position")


def test_degrees_out_of_range_are_told(store) -> None:
    with pytest.raises(InvalidParameters, match="location: is 142,1, want latitude"):
        locate("142,1", store)


@pytest.mark.parametrize(
    ("name", "near"),
    [
        ("Ordno", "Ordino"),
        ("Kanillo", "Canillo"),
        ("Encam", "Encamp"),
        ("Sant Julia de Luria", "Sant Julià de Lòria"),
    ],
)
def test_a_misspelt_name_gets_near_matches(store, name: str, near: str) -> None:
    with pytest.raises(PlaceNotFound) as caught:
        locate(name, store)
    assert caught.value.near_matches[0] == near
    assert near in caught.value.detail


def test_part_of_several_names_is_not_guessed(store) -> None:
    with pytest.raises(PlaceNotFound) as caught:
        locate("de Canillo", store)
    assert {"Font de Canillo", "Bosc de Canillo"} <= set(caught.value.near_matches)


def test_an_unknown_name_says_so(store) -> None:
    with pytest.raises(PlaceNotFound, match=r"no place named 'Xyzzy' in the trail data$") as caught:
        locate("Xyzzy", store)
    assert caught.value.near_matches == ()
    assert near_matches("", store) == []
    assert len(near_matches("a", store)) <= 5
