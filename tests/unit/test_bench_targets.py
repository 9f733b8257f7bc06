"""The table of the deployment targets: only what tests have recorded, and nothing of a run that failed."""

from pathlib import Path

import pytest

from bench import targets

PASSED = """<testsuites><testsuite name="pytest" tests="2"><testcase classname="m" name="a"><properties>
<property name="ec2 healthy_s" value="14.2"/><property name="something else" value="1"/></properties></testcase>
<testcase classname="m" name="c"></testcase>
<testcase classname="n" name="b"><properties><property name="lambda healthy_s" value="1.3"/></properties></testcase>
</testsuite></testsuites>"""


def report(folder: Path, text: str) -> Path:
    file = folder / "junit.xml"
    file.write_text(text, "utf-8")
    return file


def test_figures_stand_in_their_column_and_missing_ones_are_missing(tmp_path):
    text = targets.page(targets.recorded([report(tmp_path, PASSED)]), "By night.")
    row = next(line for line in text.splitlines() if line.startswith("| cold start"))
    # compose, swarm, EC2, Lambda, Fargate
    assert [cell.strip() for cell in row.split("|")[2:-1]] == ["—", "—", "14.2", "1.3", "—"]
    assert "By night." in text
    assert "local stand-ins" in text


@pytest.mark.parametrize("fault", ["failure", "error"])
def test_a_module_in_which_something_failed_gives_no_figures(tmp_path, fault):
    failed = PASSED.replace('<testcase classname="m" name="c">', f'<testcase classname="m" name="c"><{fault}/>')
    found = targets.recorded([report(tmp_path, failed)])
    assert found["ec2"] == {}  # of the module of the failed test
    assert found["lambda"] == {"healthy_s": "1.3"}


@pytest.mark.parametrize(
    ("name", "complaint"), [("ec2 healthy_s", "there twice"), ("ec2 taste", "unknown")], ids=["twice", "unknown"]
)
def test_a_figure_has_one_value_and_a_known_name(tmp_path, name, complaint):
    text = PASSED.replace('name="lambda healthy_s"', f'name="{name}"')
    with pytest.raises(ValueError, match=complaint):
        targets.recorded([report(tmp_path, text)])


def test_a_report_that_cannot_be_read_is_one_line(tmp_path, capsys):
    assert targets.main([str(report(tmp_path, "no xml")), "--output", str(tmp_path / "out.md")]) == 2
    assert capsys.readouterr().err.count("\n") == 1
    assert not (tmp_path / "out.md").exists()
