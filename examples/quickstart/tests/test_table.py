import pytest

from tabular import Table, TableError

PLANETS = Table(["planet", "moons"], [["Mars", "2"], ["Jupiter", "95"], ["Venus", "0"]])


def test_numbers_are_sorted_by_value() -> None:
    assert [row[0] for row in PLANETS.sorted_by("moons").rows] == ["Venus", "Mars", "Jupiter"]
    assert PLANETS.sorted_by("moons", descending=True).rows[0] == ["Jupiter", "95"]


def test_text_comes_behind_numbers() -> None:
    mixed = Table(["size"], [["large"], ["1,000"], ["20"]])
    assert mixed.sorted_by("size").rows == [["20"], ["1,000"], ["large"]]


def test_plain_tables_put_numbers_to_the_right() -> None:
    assert PLANETS.plain().splitlines() == [
        "planet   moons",
        "-------  -----",
        "Mars         2",
        "Jupiter     95",
        "Venus        0",
    ]


def test_wide_characters_take_two_cells() -> None:
    table = Table(["city", "in"], [["東京", "Japan"], ["Rome", "Italy"]])
    assert table.plain().splitlines()[2:] == ["東京  Japan", "Rome  Italy"]


def test_markdown_marks_columns_of_numbers() -> None:
    assert PLANETS.select(["moons"]).markdown().splitlines() == [
        "| moons |",
        "| ----: |",
        "|     2 |",
        "|    95 |",
        "|     0 |",
    ]


def test_an_unknown_column_is_named_with_the_known_ones() -> None:
    with pytest.raises(TableError, match="no column 'rings'; there are planet, moons"):
        PLANETS.select(["rings"])


def test_a_short_row_is_refused() -> None:
    with pytest.raises(TableError, match="row 2 has 1 cells, the header has 2"):
        Table(["a", "b"], [["1", "2"], ["3"]])
