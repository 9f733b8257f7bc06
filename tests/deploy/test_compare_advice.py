"""The advice, on months whose answer is obvious. All figures are invented."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from deploy.compare.advice import EXACT, Advice, Month, advise, newest, simulated
from deploy.compare.summary import REAL, About, Cell, Summary, Target
from deploy.setup import Ec2, Fargate, Lambda

SERVICE = {"invented": True}
#: One that can be simulated.
SERVED = {"warm_s": {"short": [1.0], "long": [2.0]}, "mix": {"short": 0.5, "long": 0.5}}
SUMMARY = Summary(
    targets=(
        Target("cheap", Ec2(), service=SERVICE),
        Target("fast", Lambda(), service=SERVICE),
        Target("failing", Fargate(), service=SERVICE),
    )
)


def month(target: Target, requests: float) -> Cell:
    """One cheap and slow, one dear and fast, one that costs nothing and turns 2 % away."""
    if target.name == "cheap":
        return Cell("cheap", "hiking", requests, 100, 2000, 5000, usd=20)
    if target.name == "fast":
        return Cell("fast", "hiking", requests, 50, 80, 100, usd=100, usd_free_tier=10)
    return Cell("failing", "hiking", requests, 1, 1, 1, 0.02, {"turned away": 0.02}, usd=0, usd_free_tier=0)


def growing(target: Target, requests: float) -> Cell:
    """`fast` costs 30 USD a million, `cheap` 20 USD always, and is too slow from 4 million on; they meet at 666,667."""
    if target.name == "cheap":
        return Cell("cheap", "hiking", requests, 1, 1, 400 if requests < 4e6 else 9000, usd=20)
    if target.name == "fast":
        return Cell("fast", "hiking", requests, 1, 1, 100, usd=30 * requests / 1e6)
    return month(target, requests)


def ask(p99_ms: float, *, summary: Summary = SUMMARY, month: Month = month, **more: object) -> Advice:
    return advise(summary, 1e6, p99_ms, month=month, **more)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("p99_ms", "take"), [(6000, "cheap"), (5000, "cheap"), (4999, "fast"), (100, "fast"), (99, None)]
)
def test_the_cheapest_that_is_fast_enough_wins(p99_ms: float, take: str | None) -> None:
    assert ask(p99_ms).take == take


def test_who_fails_requests_is_not_taken_however_cheap_and_fast() -> None:
    last = ask(6000).verdicts[-1]
    assert (last.target, last.feasible) == ("failing", False)
    assert last.reason == "fails 2 % (turned away 2 %)"


def test_each_loser_has_its_reason() -> None:
    reasons = {one.target: one.reason for one in ask(6000).verdicts}
    assert reasons["fast"] == "dearer by 80.00 USD"  # 100 - 20
    assert "slowest 1 % wait 5 s" in next(one.reason for one in ask(2000).verdicts if one.target == "cheap")


def test_the_free_tier_changes_the_answer() -> None:
    with_free = ask(6000, free_tier=True)
    assert with_free.take == "fast"  # 10 USD; `cheap` has no such price
    assert "no price" in next(one.reason for one in with_free.verdicts if one.target == "cheap")


def test_the_text_says_what_to_take_what_it_costs_and_of_what_it_is() -> None:
    text = ask(6000).text
    assert text.startswith("For 1,000,000 requests a month (hiking) and 6 s of patience take cheap (EC2, one t4g.small")
    assert "costs 20.00 USD a month and the slowest 1 % wait 5 s or more" in text
    assert "local stand-ins" in text
    real = Summary(About(label=REAL), SUMMARY.targets)
    assert REAL in ask(6000, summary=real).text


def test_it_says_where_it_changes() -> None:
    found = ask(500, month=growing)
    assert found.take == "cheap"  # 20 against 30 USD
    first, second = found.changes
    assert (first.below, first.above, second.below, second.above) == ("fast", "cheap", "cheap", "fast")
    assert first.requests == pytest.approx(20 / 30 * 1e6, rel=EXACT - 1)
    assert second.requests == pytest.approx(4e6, rel=EXACT - 1)
    assert "take fast, as cheap is too slow: the slowest 1 % wait 9 s" in found.text
    assert "Below 670,000 take fast, which is cheaper" in found.text


def test_changes_rise() -> None:
    points = [one.requests for one in ask(500, month=growing).changes]
    assert points == sorted(points)
    assert len(points) == 2


def test_where_none_will_do_it_says_which_comes_nearest_and_what_it_takes() -> None:
    found = ask(50)
    assert found.take is None
    assert found.verdicts[0].target == "fast"  # 100 ms; the other is slower still, or fails
    assert "none of the 3 will do. fast comes nearest" in found.text
    assert "It would take 100 ms of patience or more memory" in found.text


def test_equal_bills_are_called_so() -> None:
    def equal(target: Target, requests: float) -> Cell:
        return Cell(target.name, "hiking", requests, 1, 1, 1, usd=100 if target.name == "cheap" else 101)

    found = ask(10, month=equal)
    assert found.take == "cheap"
    assert "fast and failing cost the same within 2 %" in found.text


def test_where_nothing_changes_it_says_how_far_that_goes() -> None:
    assert "from 10,000 to 100 million requests a month" in ask(6000).text


def test_each_month_is_simulated_once_and_those_of_the_summary_not_at_all(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[float] = []

    def counted(name: str, _setup: object, _service: object, *, requests_per_month: float, **_: object) -> Cell:
        asked.append(requests_per_month)
        return month(next(one for one in SUMMARY.targets if one.name == name), requests_per_month)

    monkeypatch.setattr("deploy.compare.advice.cell_of", counted)
    cells = tuple(month(one, requests) for one in SUMMARY.targets for requests in (1e5, 1e7))
    kept = Summary(targets=tuple(replace(one, service=SERVED) for one in SUMMARY.targets), months=cells)
    shared = simulated(kept)
    for p99_ms in (6000, 500):
        ask(p99_ms, summary=kept, month=shared)
    assert asked == [1e6] * 3  # the month asked for, at three targets; the grid is known and its ends agree


def test_the_real_simulation_answers_and_is_the_same_again() -> None:
    real = Summary(targets=tuple(replace(one, service=SERVED) for one in SUMMARY.targets[:2]), months=())
    cell = simulated(real)(real.targets[0], 1e4)
    assert cell == simulated(real)(real.targets[0], 1e4)
    # trips take 1 s or 2 s, and hardly any waits for another: 10,000 a month are one in four minutes
    assert cell.p50_ms is not None
    assert 1000 <= cell.p50_ms <= 2000
    assert cell.failed_share == 0


def test_a_price_that_is_not_known_is_one_clear_line() -> None:
    unknown = Target("big", Ec2(instance="z9.huge"), service=SERVED)
    with pytest.raises(ValueError, match=r"no price is known for ec2\.z9\.huge"):
        advise(Summary(targets=(unknown,)), 1e4, 5000)


def test_a_trace_that_is_not_known_is_refused_by_name() -> None:
    with pytest.raises(ValueError, match="trace is 'rainy', want one of"):
        advise(Summary(targets=(replace(SUMMARY.targets[0], service=SERVED),)), 1e4, 5000, trace="rainy")


def test_another_architecture_is_bought_not_measured() -> None:
    bought: dict[str, str] = {}

    def seen(target: Target, requests: float) -> Cell:
        assert target.setup is not None
        bought[target.name] = getattr(target.setup, "instance", target.setup.arch)
        return month(target, requests)

    ask(6000, month=seen, arch="x86_64")
    assert bought == {"cheap": "t3.small", "fast": "x86_64", "failing": "x86_64"}


def test_dead_targets_are_no_candidates() -> None:
    dead = Summary(targets=(Target("dead", Ec2(), service=SERVICE, alive=False), *SUMMARY.targets))
    assert "dead" not in {one.target for one in ask(6000, summary=dead).verdicts}
    with pytest.raises(ValueError, match="no target to simulate"):
        ask(6000, summary=Summary(targets=dead.targets[:1]))


@pytest.mark.parametrize(("requests", "p99_ms", "said"), [(0, 1, "requests per month is 0"), (1, -5, "p99 ms is -5")])
def test_nonsense_is_refused(requests: float, p99_ms: float, said: str) -> None:
    with pytest.raises(ValueError, match=said):
        advise(SUMMARY, requests, p99_ms, month=month)


def test_the_advice_is_json_and_a_table() -> None:
    found = ask(6000)
    assert json.loads(json.dumps(found.as_json(), allow_nan=False))["take"] == "cheap"
    table = found.table()
    assert all(name in table for name in ("cheap", "fast", "failing", "2 %", "local stand-ins"))


@settings(max_examples=60, deadline=None)
@given(
    st.lists(
        st.tuples(st.integers(1, 500), st.integers(1, 9000), st.sampled_from([0, 0.0005, 0.02])), min_size=3, max_size=3
    ),
    st.integers(1, 9000),
    st.integers(0, 9000),
)
def test_more_patience_is_never_dearer(rows: list[tuple[int, int, float]], p99_ms: int, more_ms: int) -> None:
    figures = dict(zip(("cheap", "fast", "failing"), rows, strict=True))

    def made_up(target: Target, requests: float) -> Cell:
        usd, slow, failed = figures[target.name]
        return Cell(target.name, "hiking", requests, 1, 1, slow, failed, usd=usd)

    def price(patience: float) -> float:
        found = ask(patience, month=made_up)
        return float("inf") if found.take is None else found.verdicts[0].usd or 0.0

    assert price(p99_ms + more_ms) <= price(p99_ms)


def test_the_newest_comparison_is_that_of_the_highest_version(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="no comparison is published"):
        newest(tmp_path)
    for version in ("0.9.0", "0.10.0", "0.2.1"):
        folder = tmp_path / "bench" / "results" / version / "comparison"
        folder.mkdir(parents=True)
        (folder / "summary.json").write_text("{}")
    assert newest(tmp_path).parts[-3] == "0.10.0"
