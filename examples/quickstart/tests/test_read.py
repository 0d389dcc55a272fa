import pytest

from tabular import TableError, read_csv, read_json_lines


def test_csv_keeps_quoted_commas_and_drops_empty_lines() -> None:
    table = read_csv(["planet,diameter\n", "\n", 'Mars,"6,792"\n'])
    assert table.rows == [["Mars", "6,792"]]


def test_csv_without_a_header_is_refused() -> None:
    with pytest.raises(TableError, match="no header"):
        read_csv([])


def test_json_lines_give_the_union_of_keys() -> None:
    table = read_json_lines(['{"a": 1}', "", '{"b": "x", "a": null}'])
    assert table.header == ["a", "b"]
    assert table.rows == [["1", ""], ["", "x"]]


def test_json_that_is_no_object_is_refused() -> None:
    with pytest.raises(TableError, match="line 2 is not an object"):
        read_json_lines(["{}", "[]"])
