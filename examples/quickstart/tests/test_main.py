from pathlib import Path

import pytest

from tabular.__main__ import main

PLANETS = Path(__file__).parent.parent / "data" / "planets.csv"


def test_the_planet_with_most_moons_comes_first(capsys: pytest.CaptureFixture[str]) -> None:
    status = main([str(PLANETS), "--sort", "moons", "--descending", "--select", "planet,moons"])
    assert status == 0
    assert capsys.readouterr().out.splitlines()[2] == "Saturn     146"


def test_markdown_has_a_rule_below_the_header(capsys: pytest.CaptureFixture[str]) -> None:
    assert main([str(PLANETS), "--markdown"]) == 0
    assert capsys.readouterr().out.splitlines()[1] == "| ------- | ----: | -------: |"


@pytest.mark.parametrize("name", ["missing.csv", "table.xls"])
def test_a_file_that_holds_no_table_is_named(
    name: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([str(tmp_path / name)]) == 1
    assert name in capsys.readouterr().err
