"""Some hundred of the random problems that `make fuzz` tries by the thousand."""

from pathlib import Path
from runpy import run_path

FUZZ = run_path(str(Path(__file__).parents[1] / "fuzz" / "run.py"))


def test_random_problems_have_faultless_answers() -> None:
    """A failing one is shown by `python tests/fuzz/run.py --only NUMBER`."""
    wrong = {number: faults for number in range(300) if (faults := FUZZ["examine"](number)[1])}
    assert wrong == {}
