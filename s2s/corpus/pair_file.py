"""Files that hold both sides of a corpus, a pair on each line.

The form of the file and the columns of source and target are found by the file's name and its first
rows, unless they are given.
"""

import logging
import re
from collections.abc import Iterator, Sequence
from functools import lru_cache
from itertools import chain, islice
from pathlib import Path
from typing import Any, NamedTuple

from s2s.corpus.columns import (
    FIRST_TWO,
    Columns,
    are_names,
    inflection_columns,
    parse_columns,
    usual_columns,
)
from s2s.corpus.rows import FORMS, Form, LineCount, Row, delimiter_of, form_of, read_rows
from s2s.errors import DataError, printable, suggest, with_option
from s2s.text import read_lines, text_name

HEAD_ROWS = 20
"""Rows that decide the columns, if they are not given."""
_SURROGATES = re.compile("[\ud800-\udfff]")  # JSON can write them, UTF-8 cannot
_LINE_BREAKS = re.compile("[\r\n]+")

logger = logging.getLogger(__name__)

_NumberedRow = tuple[int, Row]
_KINDS = {list: "a JSON list", dict: "a JSON object"}


class Layout(NamedTuple):
    """How the rows of a file become pairs."""

    form: Form
    columns: Columns
    has_header: bool
    src: tuple[int | str, ...]
    """Indices of the cells of the source, or their keys."""
    tgt: tuple[int | str, ...]

    @property
    def is_keyed(self) -> bool:
        """Whether the rows are objects."""
        return isinstance(self.src[0], str)


class PairFile(NamedTuple):
    """A file that was opened, and what its first rows have shown."""

    name: str
    layout: Layout | None
    """None if the file has no row."""
    first: tuple[str, str]
    """The first pair."""
    pairs: Iterator[tuple[str, str]]
    """All pairs, in the order of the file; a blank line is a pair of empty texts."""

    def __str__(self) -> str:
        if self.layout is None:
            return f"{self.name}: empty"
        src, tgt = (_in_words(side) for side in self.layout.columns)
        header = ", the first line has their names" if self.layout.has_header else ""
        pair = " -> ".join(
            repr(text if len(text) <= 40 else f"{text[:37]}...") for text in self.first
        )
        return (
            f"{self.name}: {FORMS[self.layout.form]}; source: {src}; target: {tgt}{header}; "
            f"first pair: {printable(pair)}"
        )


def open_pair_file(
    path: Path | str,
    columns: str | None = None,
    form: Form | None = None,
    languages: tuple[str, str] | None = None,
) -> PairFile:
    """Opens a file and looks at its first rows.

    Args:
        path: The file; the string ``"-"`` is standard input.
        columns: Columns of source and target, see ``parse_columns``. None: two with usual names
            (``usual_columns``), lemma with features and form of a task of inflection, or the first
            two.
        form: Form of the file. None: by its name or its first line.
        languages: Codes of source and target, which the columns may have as names.

    Raises:
        ConfigError: If ``columns`` has the wrong form.
        DataError: If the form cannot be told, a column is missing, or a row is broken; the pairs
            raise it too, and the errors of ``read_lines``.
    """
    name = text_name(path)
    lines = read_lines(path)
    head = []
    for line in lines:
        head.append(line)
        if line.strip():
            break
    line = head[-1] if head else ""
    asked = None if columns is None else parse_columns(columns)
    if not line.strip():
        return PairFile(name, None, ("", ""), (("", "") for _ in head))
    form = form or form_of(str(path), name, line)
    delimiter = delimiter_of(line) if form == "csv" else ""
    rows = read_rows(chain(head, lines), form, name, delimiter)
    first_rows = list(islice(rows, HEAD_ROWS))
    layout = _find_layout([row for _, row in first_rows if row != []], form, asked, languages, name)
    first = next(_pairs(iter(first_rows), layout, name, skip_blank=True), ("", ""))
    return PairFile(name, layout, first, _pairs(chain(first_rows, rows), layout, name))


def _find_layout(
    rows: Sequence[Row],
    form: Form,
    asked: Columns | None,
    languages: tuple[str, str] | None,
    name: str,
) -> Layout:
    if rows and isinstance(rows[0], dict):
        names = list(_paths(rows[0]))
        columns = (
            asked
            or usual_columns(names, languages)
            or (Columns((names[0],), (names[1],)) if len(names) == 2 else None)
        )
        if columns is None:
            raise DataError(
                f"{name}: source and target cannot be told among {_listed(names)}; name them with "
                f"{with_option('columns')}"
            )
        return Layout(form, columns, False, *columns)
    cells = [_LINE_BREAKS.sub(" ", _text(cell) or "") for cell in rows[0]] if rows else []
    has_header = False
    if asked is not None and asked.has_names:
        columns, has_header = asked, True
    elif asked is not None:
        columns = asked
        chosen = [int(number) - 1 for side in asked for number in side]
        has_header = max(chosen) < len(cells) and are_names([cells[index] for index in chosen])
    elif usual := usual_columns(cells, languages):
        columns, has_header = usual, True
    else:
        tables = [row for row in rows if isinstance(row, list) and form != "jsonl"]
        columns = inflection_columns(tables) or FIRST_TWO
    src, tgt = (tuple(_index(column, cells, name) for column in side) for side in columns)
    return Layout(form, columns, has_header, src, tgt)


def _paths(row: dict[str, Any], before: str = "") -> Iterator[str]:
    """Yields the keys of an object, and of the objects in it as ``outer.inner``."""
    for key, value in row.items():
        if isinstance(value, dict):
            yield from _paths(value, f"{before}{key}.")
        else:
            yield f"{before}{key}"


def _index(column: str, header: Sequence[str], name: str) -> int:
    """Returns the index of a column that is given by number or name."""
    if column.isdecimal():
        return int(column) - 1
    names = [cell.strip() for cell in header]
    for spelling in (str, str.lower):
        spelled = [spelling(each) for each in names]
        if spelling(column) in spelled:
            return spelled.index(spelling(column))
    raise DataError(
        f"{name}: no column {column!r}; its first line has {_listed(names)}"
        f"{suggest(column, names)} ({with_option('columns')} takes numbers, too)"
    )


def _pairs(
    rows: Iterator[_NumberedRow], layout: Layout, name: str, *, skip_blank: bool = False
) -> Iterator[tuple[str, str]]:
    """Yields the pairs of rows; counts rows with more cells than the first one, or line breaks."""
    header = layout.has_header
    width, wider, broken = 0, LineCount(), LineCount()
    for number, row in rows:
        if row == []:
            if not skip_blank:
                yield "", ""
            continue
        if isinstance(row, dict) is not layout.is_keyed:
            raise DataError(
                f"{name}, line {number} is {_KINDS[type(row)]}, but the first one is "
                f"{_KINDS[dict if layout.is_keyed else list]}; write all lines alike"
            )
        if not width:
            width = len(row)
        elif isinstance(row, list) and len(row) > width and any(row[width:]):
            wider.add(number)
        if header:
            header = False
            continue
        src, tgt = (
            " ".join(_cell(row, key, layout, name, number) for key in side).strip("\r\n")
            for side in (layout.src, layout.tgt)
        )
        if "\n" in src or "\n" in tgt:
            broken.add(number)
            src, tgt = _LINE_BREAKS.sub(" ", src), _LINE_BREAKS.sub(" ", tgt)
        yield src, tgt
    if wider.count:
        _warn(
            f"{name}: lines with more columns than the first one, which has {width}: {wider}; what "
            "stands there is not read"
        )
    if broken.count:
        _warn(
            f"{name}: pairs with line breaks within a text, which become blanks: {broken}; a text "
            "is one line"
        )


@lru_cache(maxsize=1000)
def _warn(message: str) -> None:
    """Warns once of what is seen each time that a file is read."""
    logger.warning("%s", message)


def _cell(row: Row, key: int | str, layout: Layout, name: str, number: int) -> str:
    """Returns the text of a cell."""
    if isinstance(row, list):
        assert isinstance(key, int)
        if key >= len(row):
            raise _missing(row, layout, name, number)
        value = row[key]
    else:
        value = _look_up(row, str(key))
        if value is _ABSENT:
            names = list(_paths(row))
            raise DataError(
                f"{name}, line {number}: no key {key!r}; expected it, found {_listed(names)}"
                f"{suggest(str(key), names)}; see {with_option('columns')}"
            )
    text = _text(value)
    if text is None:
        raise DataError(
            f"{name}, line {number}: {key!r} is {value!r:.40}; expected text, a number, or a list "
            "of them"
        )
    return text


_ABSENT = object()


def _look_up(row: dict[str, Any], key: str) -> Any:
    """Returns the value of a key, or of a path of keys with points between them."""
    if key in row:
        return row[key]
    value: Any = row
    for part in key.split("."):
        if not isinstance(value, dict) or part not in value:
            return _ABSENT
        value = value[part]
    return value


def _text(value: Any) -> str | None:
    """Returns a value of JSON or a cell as text; None if it has none."""
    if isinstance(value, str):
        return value if value.isascii() else _SURROGATES.sub("\ufffd", value)
    if value is None:
        return ""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, list):
        texts = [_text(item) for item in value]
        return None if None in texts else " ".join(filter(None, texts))
    return None


def _missing(row: list[Any], layout: Layout, name: str, number: int) -> DataError:
    needed = max(key + 1 for key in (*layout.src, *layout.tgt) if isinstance(key, int))
    src, tgt = map(_in_words, layout.columns)
    have = f"{len(row)} column{'s' if len(row) != 1 else ''}"
    between = {"tsv": " between tabs", "cmudict": ": a word and its phones"}.get(layout.form, "")
    return DataError(
        f"{name}, line {number} has {have}; expected at least {needed}{between} (source: {src}; "
        f"target: {tgt}; see {with_option('columns')})"
    )


def _in_words(columns: Sequence[str]) -> str:
    numbered = all(map(str.isdecimal, columns))
    names = " + ".join(columns if numbered else map(repr, columns))
    return f"column{'s' if len(columns) > 1 else ''} {names}" if numbered else names


def _listed(names: Sequence[str]) -> str:
    shown = [printable(name[:30]) for name in names[:10]]
    return ", ".join(map(repr, shown)) + (", ..." if len(names) > 10 else "")
