"""The index of names by groups of three letters, with shares worked out by hand."""

from hypothesis import given
from hypothesis import strategies as st

from loopgenie.store.name_index import LONGEST, SIZES, Alike, NameIndex, Posting, grams, holding, most_alike, parts

KEYS = st.text("abc ", min_size=1, max_size=8).map(str.strip).filter(bool)


def index_of(*keys: str, owner: int = 10) -> list[Posting]:
    names = NameIndex()
    for number, key in enumerate(keys):
        names.add(number, key)
    return list(names.postings(owner))


def asked_for(postings: list[Posting], wanted: set[str]) -> list[Posting]:
    return [posting for posting in postings if posting.gram in wanted]


def test_groups_of_a_name_tell_its_beginning_and_its_end() -> None:
    assert parts("loria") == {"lor", "ori", "ria"}
    assert grams("loria") == {"  l", " lo", "lor", "ori", "ria", "ia "}
    assert parts("lo") == set()
    assert grams("lo") == {"  l", " lo", "lo "}


def test_the_share_is_of_the_groups_that_either_has() -> None:
    """
    "lora" has "  l", " lo", "lor", "ora", "ra "; "loria" has 6 groups, 3 of them the same: 3 / (5 + 6 - 3).
    "flora" has "  f", " fl", "flo", "lor", "ora", "ra ", 3 of them the same: 3 / (5 + 6 - 3), too, but comes later.
    """
    postings = index_of("loria", "pic", "flora", "lora")
    told = most_alike("lora", asked_for(postings, {SIZES, *grams("lora")}), 9)
    assert told == [Alike(1.0, 10, 3), Alike(0.375, 10, 0), Alike(0.375, 10, 2)]
    assert most_alike("lora", asked_for(postings, {SIZES, *grams("lora")}), 1) == told[:1]


def test_the_gazetteer_comes_last_among_equals() -> None:
    postings = index_of("loria", owner=0) + index_of("loria", owner=30) + index_of("loria", owner=7)
    assert [alike.owner for alike in most_alike("loria", postings, 9)] == [7, 30, 0]


def test_of_several_records_of_one_name_the_first_is_told() -> None:
    postings = index_of("pic", "loria", "pic", "", "loria")
    assert holding("pic", asked_for(postings, parts("pic"))) == [10]
    assert [a.number for a in most_alike("loria", asked_for(postings, {SIZES, *grams("loria")}), 9)] == [1]


def test_names_longer_than_a_byte_counts_are_cut() -> None:
    key = "".join(chr(0x4E00 + i) for i in range(300))
    [sizes, *_] = index_of(key)
    assert sizes == Posting(SIZES, 10, bytes([LONGEST + 1]))  # two blanks before, one behind, less two
    assert most_alike(key, index_of(key), 1) == [Alike(1.0, 10, 0)]
    assert holding(key, asked_for(index_of(key), parts(key))) == [10]


@given(st.lists(KEYS, max_size=8), KEYS)
def test_every_name_that_holds_a_text_is_found(keys: list[str], asked: str) -> None:
    if len(asked) < 3:
        return
    found = holding(asked, asked_for(index_of(*keys), parts(asked)))
    first = {keys.index(key) for key in keys if asked in key}
    assert first <= {number - 10 for number in found}
    assert found == sorted(set(found))


@given(st.lists(KEYS, min_size=1, max_size=8), KEYS)
def test_shares_are_those_of_sets(keys: list[str], asked: str) -> None:
    told = most_alike(asked, asked_for(index_of(*keys), {SIZES, *grams(asked)}), 99)
    for share, _, number in told:
        both, either = grams(asked) & grams(keys[number]), grams(asked) | grams(keys[number])
        assert share == len(both) / len(either)
    assert [alike.share for alike in told] == sorted((alike.share for alike in told), reverse=True)
