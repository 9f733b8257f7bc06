"""The benchmark of treks: its instances, its methods on drawn networks, and what its tables tell."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import date

import pytest

from bench import trek_instances, trek_report, treks
from bench.trek_report import KM, Duel, duels
from loopgenie.importing.sample import sample_region
from loopgenie.parameters import trip_parameters
from loopgenie.store.sqlite import SqliteStore
from solver import Network
from solver.trek import Camp, Day, TrekProblem, measured


def two_rings() -> TrekProblem:
    """Two rings of three trails of 10: in the west 3 points a metre and no camp, in the east 1 point and a camp at 4.

        1       3
        | \\   / |
        |   0   |
        | /   \\ |
        2       4 (camp)

    Two days of 10 to 20: the west has no camp, so only the east can be cut: 0-3-4 (20) and 4-0 (10).
    """
    rings = [(0, 1, 10, 30), (1, 2, 10, 30), (2, 0, 10, 30), (0, 3, 10, 10), (3, 4, 10, 10), (4, 0, 10, 10)]
    return TrekProblem(
        Network(rings), (0,), (Camp(4),), (Day(10, 20, target=15), Day(10, 20, target=15)), balance_cost=100
    )


def test_the_best_loop_has_no_camp_so_only_those_that_look_for_one_find_a_trek() -> None:
    """East: 100 * 30 points less 100 for each of 5 + 5 metres astray = 2000; the best loop is the west, 90 points."""
    problem = two_rings()
    split = treks.split(problem, 0.1, 0)
    joint = treks.joint(problem, 0.2, 0)
    assert split.trek is None
    assert split.first_s is None
    assert joint.trek is not None
    assert joint.first_s is not None
    assert 0 < joint.first_s <= joint.seconds
    assert problem.objective(joint.trek) == 2000


def test_a_loop_with_a_camp_at_the_right_place_is_cut_by_all_methods() -> None:
    """With a camp at 1, too, the west is cut: 90 points and 5 + 5 astray make 8000."""
    problem = replace(two_rings(), camps=(Camp(4), Camp(1)))
    for method in treks.METHODS.values():
        found = method(problem, 0.2, 1)
        assert found.trek is not None
        assert problem.objective(found.trek) == 8000
        line = treks.line_of(found)
        assert line["wrong"] == []
        assert line["found"]


def test_loops_have_the_sums_of_the_limits_of_the_days() -> None:
    """Costs of 150 and 100 hundredths have the common part 50: all is in halves of a point."""
    problem = replace(
        two_rings(),
        days=(Day(10, 20, target=15, max_ascent=7), Day(5, 20, target=12, max_ascent=8)),
        balance_cost=150,
        repeat_cost=100,
        preferences=(1, 0, 0, 0, 0, 0),
    )
    loops = treks.as_loops(problem)
    assert (loops.min_length, loops.max_length, loops.target, loops.max_ascent) == (15, 40, 27, 15)
    assert [edge.score for edge in loops.network.edges] == [62, 60, 60, 20, 20, 20]
    assert loops.overlength_cost == 3
    assert loops.repeat_costs == (20,) * 6
    whole = treks.as_loops(replace(problem, min_length=30, max_length=35, max_ascent=9))
    # a target of 27 lies below the window of the whole: there is none then
    assert (whole.min_length, whole.max_length, whole.target, whole.max_ascent) == (30, 35, None, 9)
    assert whole.overlength_cost == 0


def test_balance_is_one_less_the_mean_share_astray() -> None:
    """20 and 10 instead of 15 each: a third astray on both days."""
    problem = two_rings()
    trek = measured(problem, 0, [(3, 4), (5,)], [0])
    assert treks.balance(problem, trek) == pytest.approx(2 / 3)
    timed = replace(problem, days=(Day(10, 20), Day(10, 20)))
    assert treks.balance(timed, trek) is None


# --- the instances ------------------------------------------------------------------------------------------------


def test_the_instances_are_requests_that_the_service_takes() -> None:
    asked = trek_instances.instances()
    assert len(asked) >= 36
    assert len({each.name for each in asked}) == len(asked)
    regions = trek_instances.regions()
    assert {each.region for each in asked} == regions.keys()
    days = set()
    for each in asked:
        parameters = trip_parameters(each.request)
        assert parameters.trek is not None
        days.add(parameters.trek.days)
    assert days == {2, 3, 4, 5, 6}
    requests = [each.request for each in asked]
    assert {request["day_km"] for request in requests} == {"8-14", "10-20", "12-18"}
    for limit in ("max_day_ascent_m", "max_dry_km", "camps"):
        assert any(limit in request for request in requests)


def test_each_closure_holds_on_a_day_of_some_instance() -> None:
    regions = trek_instances.regions()
    for name, region in regions.items():
        for closure in region["closures"]:
            begins, ends = date.fromisoformat(closure["from"]), date.fromisoformat(closure["to"])
            trips = [trip_parameters(each.request) for each in trek_instances.instances() if each.region == name]
            held = [trip for trip in trips if trip.date and trip.date < begins <= ends]
            assert any((ends - trip.date).days < trip.trek.days for trip in held)


@pytest.fixture(scope="module")
def sample(tmp_path_factory: pytest.TempPathFactory) -> SqliteStore:
    store = SqliteStore(tmp_path_factory.mktemp("treks") / "sample.db")
    store.replace_region(sample_region(seed=0, size=10))
    row = {"title": "Closed", "from": "2026-09-12", "to": "2026-09-12", "box": [-31, 44, -29, 46]}
    store.replace_notices("benchmark", [trek_instances._notice(0, row)])
    return store


def test_a_request_becomes_a_problem_with_camps_and_closed_days(sample: SqliteStore) -> None:
    """All is closed on the second of three days."""
    request = {"location": "45.0,-30.0", "drive_km": 10, "days": 3, "day_km": "6-10", "date": "2026-09-11"}
    problem = trek_instances.task_of(request, sample).problem
    assert problem.camps
    assert problem.trailheads
    assert [len(day.closed) for day in problem.days] == [0, len(problem.network.edges), 0]
    assert [day.target for day in problem.days] == [650_000, 800_000, 650_000]


# --- the tables ---------------------------------------------------------------------------------------------------

ORIGIN = {"date": "2026-11-21T12:00:00", "commit": "abc", "cores": 2, "cpu": "Some CPU", "python": "3.11.7"}
ORIGIN |= {"system": "Linux x86_64", "compiled": True, "jobs": 1, "limit_s": 2.0}


def lines(*kilometres: float | None, instance: str = "one", seed: int = 0) -> list[dict]:
    """A search by all methods that found so many kilometres."""
    size = {
        "days": 3,
        "edges": 1000,
        "camps": 7,
        "trailheads": 2,
        "request": {"days": 3, "day_km": "8-14", "date": "2026-07-04"},
    }
    told = []
    for method, km in zip(treks.METHODS, kilometres, strict=True):
        line = {"instance": instance, "seed": seed, "method": method, "found": km is not None, "first_s": None}
        line |= {"seconds": 2.0, "status": "unknown", "bound": None, **size, **ORIGIN}
        if km is not None:
            line |= {"objective": round(km * KM), "score_km": km + 1, "balance": 0.75, "first_s": 0.5, "wrong": []}
        told.append(line)
    return told


@pytest.mark.parametrize(
    ("kilometres", "outcome"),
    [
        ((None, None, 1.0), "only it found one"),
        ((None, 1.0, 2.0), "better"),
        ((3.0, 2.0, 3.0), "equal"),
        ((3.0, 2.0, 2.9), "worse"),
        ((None, -4.0, None), "only another found one"),
        ((None, None, None), "none found one"),
    ],
)
def test_how_the_joint_search_did(kilometres: tuple[float | None, ...], outcome: str) -> None:
    (duel,) = duels(lines(*kilometres))
    assert duel.outcome == outcome
    assert outcome in trek_report.OUTCOMES
    assert ("Nowhere" in trek_report.behind([duel])) == (outcome not in ("worse", "only another found one"))


def test_a_report(tmp_path) -> None:
    """Found: 0, 1 and 2 of 2. Where the last two found one: 20 against 25 km, a gain of 5."""
    runs = [*lines(None, 20.0, 25.0), *lines(None, None, 30.0, instance="two")]
    (tmp_path / "runs.jsonl").write_text("\n".join(map(json.dumps, runs)) + "\n", "utf-8")
    page = tmp_path / "page.md"
    page.write_text(f"before\n{trek_report.BEGIN}\nold\n{trek_report.END}\nafter\n", "utf-8")
    assert treks.main(["report", str(tmp_path), "--page", str(page)]) == 0
    text = (tmp_path / "README.md").read_text("utf-8")
    assert "2 instances, 1 seed each, 2 s of wall time" in text
    assert "| itineraries found | 0 of 2 | 1 of 2 | 2 of 2 |" in text
    assert "| mean objective of the 1 that the last two found |  | 20.00 km | 25.00 km |" in text
    assert "| mean objective of the 0 that all found | – | – | – |" in text
    assert "| searches | 1 | 1 | 0 | 0 | 0 | 0 |" in text
    assert "+5.00 km" in text
    assert "| one | 3 days of 8-14 km | 1,000 | 7 | 2 | 0 / 1 / 1 | – / 20.00 / 25.00 |" in text
    told = page.read_text("utf-8")
    assert told.startswith(f"before\n{trek_report.BEGIN}\n\n2 instances")
    assert told.endswith(f"{trek_report.END}\nafter\n")
    assert "old" not in told


def test_lines_that_do_not_fit_together_are_told(tmp_path, capsys) -> None:
    with pytest.raises(ValueError, match="one, seed 0: split was measured twice"):
        duels([*lines(1, 1, 1), *lines(1, 1, 1)])
    with pytest.raises(ValueError, match="one, seed 0: measured are"):
        duels(lines(1, 1, 1)[:2])
    (tmp_path / "runs.jsonl").write_text("", "utf-8")
    assert treks.main(["report", str(tmp_path)]) == 2
    assert capsys.readouterr().err == "python -m bench.treks: nothing was measured\n"


def test_a_search_that_is_behind_is_named() -> None:
    assert "- here, seed 3: none against 4.50 km" in trek_report.behind([Duel("here", 3, None, 4.5)])


def test_nonsense_is_told_in_one_line(tmp_path, capsys) -> None:
    words = ["run", "--data", str(tmp_path), "--output", str(tmp_path / "runs.jsonl")]
    assert treks.main([*words, "--match", "nowhere"]) == 2
    assert "'nowhere' is in the name of no instance" in capsys.readouterr().err
    assert treks.main([*words, "--seconds", "0"]) == 2
    assert "--seconds is 0.0, want more than 0" in capsys.readouterr().err
