"""Names of the sample region."""

from __future__ import annotations

from random import Random

import pytest

from loopgenie.importing.sample_names import Names


def test_names_are_the_same_for_the_same_seed():
    first, second = Names(Random(5)), Names(Random(5))
    assert [first.place("peak") for _ in range(20)] == [second.place("peak") for _ in range(20)]


def test_no_two_places_are_called_alike_before_the_words_run_out():
    names = Names(Random(0))
    places = [names.place("village") for _ in range(1_500)]
    assert len(set(places)) == len(places)


def test_trails_get_many_names_and_never_run_out():
    names = Names(Random(0))
    trails = [names.trail() for _ in range(600)]
    assert all(trails)
    assert len(set(trails[:150])) == 150


@pytest.mark.parametrize(
    ("kind", "words"), [("pass", {"Pass", "Gap", "Saddle", "Notch"}), ("hut", {"Hut", "Refuge", "Bothy"})]
)
def test_a_name_tells_what_it_is(kind: str, words: set[str]):
    names = Names(Random(1))
    assert all(set(names.place(kind).split()) & words for _ in range(50))
