"""Rows of files that hold both sides of a corpus: columns between tabs, CSV, JSON, dictionaries.

A line is read as ``s2s.text.read_lines`` has it, so all files may be packed, must be UTF-8, and a
line has a limit. Errors name file and line.
"""

import csv
import json
import re
from collections.abc import Iterable, Iterator
from pathlib import PurePath
from typing import Any, Literal

from s2s.compression import without_ending
from s2s.errors import DataError, with_option

Form = Literal["tsv", "csv", "jsonl", "cmudict"]
FORMS: dict[Form, str] = {
    "tsv": "columns between tabs",
    "csv": "CSV",
    "jsonl": "JSON Lines",
    "cmudict": "a pronunciation dictionary",
}
"""Forms of files, and what they are called."""
Row = list[Any] | dict[str, Any]
"""The cells of a line by number or by name; no cell if the line is blank."""

_ENDINGS: dict[str, Form] = {
    ".tsv": "tsv",
    ".tab": "tsv",
    ".csv": "csv",
    ".jsonl": "jsonl",
    ".ndjson": "jsonl",
    ".json": "jsonl",
    ".dict": "cmudict",
}
_PHONE = (
    "(?:(?:AA|AE|AH|AO|AW|AY|EH|ER|EY|IH|IY|OW|OY|UH|UW)[0-2]?|"
    "B|CH|D|DH|F|G|HH|JH|K|L|M|N|NG|P|R|S|SH|T|TH|V|W|Y|Z|ZH)"
)
_ENTRY = re.compile(rf"(;;;.*|\S+ {{1,2}}{_PHONE}( {_PHONE})*)")
"""A line of the CMU Pronouncing Dictionary."""
_VARIANT = re.compile(r"(?<=.)\(\d+\)$")
"""Number of a further pronunciation of a word: ``READ(2)``."""
_DELIMITERS = ",;\t"


class LineCount:
    """Counts lines, and remembers the first one."""

    def __init__(self) -> None:
        self.count = self._first = 0

    def add(self, number: int) -> None:
        """Counts the line with this number, from 1."""
        self.count += 1
        self._first = self._first or number

    def __str__(self) -> str:
        return f"{self.count:,} (first: line {self._first})"


def form_of(path: str, name: str, line: str) -> Form:
    """Returns the form of a file by the ending of its name, or else by a line.

    Args:
        path: The file's path; may be ``-``.
        name: Its name for messages.
        line: Its first line that is not blank.

    Raises:
        DataError: If neither tells the form.
    """
    file = PurePath(without_ending(path)).name.lower()
    if form := _ENDINGS.get(PurePath(file).suffix):
        return form
    if line.lstrip().startswith(("{", "[")):
        try:
            json.loads(line)
        except (ValueError, RecursionError):
            pass
        else:
            return "jsonl"
    if "\t" in line:
        return "tsv"
    if _ENTRY.fullmatch(line):
        return "cmudict"
    raise DataError(
        f"{name}: neither the file's name nor its first line, {line[:40]!r}, tells its form; set "
        f"{with_option('pairs_format')} to one of {', '.join(FORMS)}"
    )


def delimiter_of(line: str) -> str:
    """Returns what separates the cells of CSV: a comma, or else a semicolon or a tab."""
    for delimiter in _DELIMITERS:
        if len(next(csv.reader([line], delimiter=delimiter, skipinitialspace=True))) > 1:
            return delimiter
    return ","


def read_rows(
    lines: Iterable[str], form: Form, name: str, delimiter: str = ","
) -> Iterator[tuple[int, Row]]:
    """Yields the rows of a file, and the number of the line in which each ends, from 1.

    Args:
        lines: The lines.
        form: Form of the file.
        name: Its name for messages.
        delimiter: What separates the cells of CSV.

    Raises:
        DataError: If a line is no JSON, or a quotation mark of CSV is at a wrong place.
    """
    if form == "csv":
        yield from _csv_rows(lines, name, delimiter)
        return
    for number, line in enumerate(lines, 1):
        if form == "cmudict":
            if not line.startswith(";;;"):
                yield number, _entry(line)
        elif not line.strip():
            yield number, []
        else:
            yield number, line.split("\t") if form == "tsv" else _json_row(line, name, number)


def _csv_rows(lines: Iterable[str], name: str, delimiter: str) -> Iterator[tuple[int, Row]]:
    reader = csv.reader(
        (f"{line}\n" for line in lines), delimiter=delimiter, skipinitialspace=True, strict=True
    )
    while True:
        try:
            row: Row = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            raise DataError(
                f"{name}, line {reader.line_num}: broken CSV ({error}); look for a quotation mark "
                "that is missing or not doubled before this line"
            ) from error
        yield reader.line_num, row


def _entry(line: str) -> list[str]:
    """Returns word and phones of a dictionary's line, without number of variant and comment."""
    parts = line.split(None, 1)
    if len(parts) < 2:
        return parts
    return [_VARIANT.sub("", parts[0]), parts[1].partition(" #")[0]]


def _json_row(line: str, name: str, number: int) -> Row:
    try:
        # Numbers stay as they are written.
        row = json.loads(line, parse_int=str, parse_float=str, parse_constant=str)
    except (ValueError, RecursionError) as error:
        reason = getattr(error, "msg", "nested too deeply")
        place = f", column {error.colno}" if isinstance(error, json.JSONDecodeError) else ""
        hint = " (jq -c '.[]' makes that of a list)" if line.strip() in ("[", "{", "[{") else ""
        raise DataError(
            f"{name}, line {number}: broken JSON ({reason}{place}); expected an object on each "
            f"line{hint}"
        ) from error
    if not isinstance(row, list | dict):
        raise DataError(f"{name}, line {number}: {line[:40]!r} is no JSON object or list")
    return row
