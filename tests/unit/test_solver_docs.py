"""What the solver's pages say and draw is true: examples run, drawn loops are the best, pictures are up to date."""

from __future__ import annotations

import contextlib
import doctest
import io
import re
from collections import Counter
from pathlib import Path

import pytest

from solver import Loop, Status, solve
from solver.cuts import Graph, Resource, distances, far_rows
from tools.drawings import FAR, FAR_KM, PICTURES, SKETCHES, THETA, Sketch, drawings, frontier, odd_nodes

ROOT = Path(__file__).parents[2]


def blocks(page: str, language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```", (ROOT / page).read_text("utf-8"), re.MULTILINE | re.DOTALL)


def test_the_examples_of_the_library_page_give_what_they_show() -> None:
    examples = blocks("docs/library.md", "pycon")
    assert examples
    test = doctest.DocTestParser().get_doctest("\n".join(examples), {}, "library.md", "docs/library.md", 0)
    told = io.StringIO()
    assert doctest.DocTestRunner().run(test, out=told.write).failed == 0, told.getvalue()


def test_the_example_of_the_readme_prints_what_it_says() -> None:
    (example,) = blocks("README.md", "python")
    with contextlib.redirect_stdout(io.StringIO()) as told:
        exec(example, {})
    assert told.getvalue().startswith("optimal 12000 ")


@pytest.mark.parametrize("name", drawings())
def test_pictures_are_up_to_date(name: str) -> None:
    """Else run `python tools/drawings.py`."""
    assert (PICTURES / name).read_text("utf-8") == drawings()[name]


def test_every_picture_is_shown() -> None:
    shown = set(re.findall(r"\]\(pictures/([\w.-]+)\)", (ROOT / "docs/solver.md").read_text("utf-8")))
    assert shown == set(drawings())


@pytest.mark.parametrize("sketch", SKETCHES, ids=lambda sketch: sketch.name)
def test_drawn_loops_are_the_best_ones(sketch: Sketch) -> None:
    result = solve(sketch.problem(), iterations=2000, prove=True, time_limit=20)
    assert result.status is Status.OPTIMAL
    assert Counter(result.loop.walk) == Counter(sketch.walked)


def test_the_frontier_of_the_theta_graph() -> None:
    """Node 1 is done after its two edges, node 2 comes in with the second, node 0 goes with its last."""
    assert [frontier(THETA, k) for k in range(7)] == [[], [0, 1], [0, 2], [0, 2, 3], [0, 2], [2, 4], []]
    assert odd_nodes(THETA, {0: 1, 1: 1, 2: 1}) == {2, 3}


def test_the_far_loop_uses_all_the_room_there_is() -> None:
    """14 km less twice the 4 km there leave 6 km, and the loop walks 1 + 4 + 1 km beyond: the row holds, just so."""
    problem = FAR.problem()
    edges = problem.network.edges
    graph = Graph.of([(e.u, e.v) for e in edges])
    lengths = [e.length for e in edges]
    near = distances(graph, lengths, problem.trailheads, [True] * len(edges))
    assert near == [round(1000 * x) for x, _ in FAR.places]  # as drawn, x is the distance
    # every edge walked twice breaks the row at each distance, so all of them are shown
    rows = far_rows(graph, Resource(lengths, problem.max_length, near), 7, [1.0] * (2 * len(edges)))
    row = next(row for row in rows if row.limit == problem.max_length - 2000 * FAR_KM)
    walked = [float(FAR.walked[e] > again) for e in range(len(edges)) for again in (0, 1)]
    assert (row.limit, row.broken_by(walked)) == (6000, 0)


def test_a_loop_is_what_a_loop_file_says() -> None:
    """The keys that docs/library.md lists are the ones there are."""
    text = (ROOT / "docs/library.md").read_text("utf-8")
    listed = re.search(r"`solve` writes (.*?);", text, re.DOTALL)
    assert listed
    from solver.instances import loop_json
    from solver.problem import Result

    keys = loop_json(Result(Status.FEASIBLE, (Loop(0, (), 0, 0, 0, 0),)))
    assert set(re.findall(r"`(\w+)`", listed[1])) == set(keys)
