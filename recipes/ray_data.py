"""Translates a folder of text or parquet with Ray Data: on the cores of a machine, or on a cluster.

    pip install 'ray[data]' '.[cpu]'
    python recipes/ray_data.py MODEL INPUT OUT --workers 8
    python recipes/ray_data.py MODEL INPUT OUT --address auto

``INPUT`` is a file or a folder, subfolders included: parquet (``.parquet``), else text, plain or
packed, a text on each line. Its rows, in the order of the files' names, are cut into parts; a
worker translates one part at a time with a translator of its own. ``OUT`` gets a parquet file for
each part, in the order of the rows: ``row`` (its number, from 0), the columns of the input
(``text`` for lines), ``translation`` and ``score``. A null stays null.

A part appears whole or not at all. If a worker dies, Ray starts another, which does its part again.
If all stops, the same command goes on and leaves finished parts as they are. ``_SUCCESS`` is
written last. ``_plan.json`` records what is done, so that a folder never mixes two models, inputs
or options.

On a cluster, the three paths lie on a disk that all nodes share, and s2s is installed on each node.
Lines are counted from the beginning of their file: cut text of over ten million lines into several
files. ``Translate`` is for other engines, too: docs/howto/engines.md.
"""

import argparse
import hashlib
import json
import os
import secrets
import sys
import time
from collections.abc import Iterator, Mapping
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np

from s2s import S2SError, Translator
from s2s.errors import ConfigError, DataError, FileError
from s2s.files import atomic_output, exclusive
from s2s.machine import available_cores
from s2s.text import read_lines

PLAN, SUCCESS = "_plan.json", "_SUCCESS"
NEW_COLUMNS = ("row", "translation", "score")
TABLES = (".csv", ".tsv", ".json", ".jsonl", ".ndjson", ".avro", ".orc", ".arrow", ".feather")
"""Endings of files whose lines are no texts."""
NULLS = ("None", "nan", "<NA>", "NaT")
"""What engines have in place of a text that is not there, as ``str`` writes it."""


class Translate:
    """Adds ``translation`` and ``score`` to a table; an engine makes one in each worker process."""

    def __init__(self, model: str, column: str, options: Mapping[str, Any]) -> None:
        """Loads the model.

        Args:
            model: Path of a model file: a translator cannot be sent to another process.
            column: Name of the column with the texts.
            options: Options of ``Translator.translate``.
        """
        # The engine runs a worker on each core: more threads would only wait for each other.
        self._translator = Translator(model, threads=1)
        self._column, self._options = column, dict(options)

    def __call__(self, table: Any) -> Any:
        """Translates a DataFrame of pandas, or a dict of arrays; returns the same with two columns.

        Raises:
            DataError: If there is no such column, or a value is neither a text nor null.
        """
        if self._column not in table:
            raise DataError(f"there is no column {self._column!r}; found {', '.join(table)}")
        texts = [text if isinstance(text, str) else None for text in table[self._column]]
        for number, (text, value) in enumerate(zip(texts, table[self._column], strict=True)):
            if text is None and str(value) not in NULLS:
                raise DataError(
                    f"row {number} of {self._column!r} is {value!r:.60}, which is no text"
                )
        translations = iter(
            self._translator.translate(
                [text for text in texts if text is not None], **self._options
            )
        )
        found = [None if text is None else next(translations) for text in texts]
        table = dict(table) if isinstance(table, dict) else table.copy()
        table["translation"] = np.array([one and one.text for one in found], dtype=object)
        table["score"] = np.array([one and one.score for one in found], dtype=object)
        return table


class Parts:
    """The work of one call: parts of input files, and the folder that their translations go to."""

    def __init__(self, settings: Mapping[str, Any]) -> None:
        """Takes the settings of the command: JSON values."""
        self.settings = dict(settings)
        self.out = Path(settings["out"])

    def plan(self) -> list[dict[str, Any]]:
        """Lists the parts; reads all lines once, so that a bad one is found before any work."""
        parts, row = [], 0
        for file in self.files():
            rows = self._count(file)
            for first in range(0, rows, self.settings["part_rows"]):
                size = min(self.settings["part_rows"], rows - first)
                name = f"part-{len(parts):06}.parquet"
                part = {"name": name, "file": str(file), "first": first, "rows": size}
                parts.append({**part, "row": row + first})
            row += rows
        return parts

    def files(self) -> list[Path]:
        """Returns the files of the input, by name, without those that begin with ``.`` or ``_``.

        Raises:
            ConfigError: If the output would be input, too.
            DataError: If a file is a table in another form.
            FileError: If there is no file.
        """
        source = Path(self.settings["input"])
        if source in (self.out, *self.out.parents):
            raise ConfigError(f"{self.out} is inside the input {source}; name another folder")
        files = [source] if source.is_file() else sorted(source.rglob("*"))
        names = [(file, file.relative_to(source).parts) for file in files if file.is_file()]
        files = [file for file, parts in names if not any(part[0] in "._" for part in parts)]
        if not files:
            raise FileError(f"{source} is no file, and no folder with files; name the input")
        for file in files:
            if file.suffix.lower() in TABLES:
                raise DataError(f"{file} is neither text nor parquet; convert it to parquet")
        return files

    def _count(self, file: Path) -> int:
        if file.suffix != ".parquet":
            return sum(1 for _ in read_lines(file))
        opened, column = open_parquet(file), self.settings["column"]
        names = opened.schema_arrow.names
        if column not in names or set(NEW_COLUMNS) & set(names):
            raise DataError(
                f"{file} has the columns {', '.join(names)}; expected {column!r} (--column), and "
                f"none of {', '.join(NEW_COLUMNS)}, which are added"
            )
        return int(opened.metadata.num_rows)

    def read(self, part: Mapping[str, Any]) -> Any:
        """Returns the rows of a part: a table of pyarrow."""
        import pyarrow as pa

        file, first, rows = Path(part["file"]), part["first"], part["rows"]
        if file.suffix == ".parquet":
            table = pa.concat_tables(list(row_groups(file, first, rows)))
        else:
            lines = list(islice(read_lines(file), first, first + rows))
            table = pa.table({self.settings["column"]: pa.array(lines, pa.string())})
        if len(table) != rows:
            raise DataError(
                f"{file} changed: part {part['name']} has {len(table)} rows, not {rows}"
            )
        return table

    def write(self, part: Mapping[str, Any], table: Any) -> None:
        """Writes a part whole or not at all; two workers with the same part write the same."""
        import pyarrow.parquet as pq

        # A name that is hidden from readers of the folder, and from the other worker.
        lent = self.out / f".{part['name']}.{secrets.token_hex(6)}.tmp"
        try:
            pq.write_table(table, lent)
            with lent.open("rb") as file:
                os.fsync(file.fileno())
            lent.replace(self.out / part["name"])
        finally:
            lent.unlink(missing_ok=True)

    def record(self) -> str:
        """Returns what the folder is made from; raises FileError for a file that cannot be read."""
        source = Path(self.settings["input"])
        shown = {name: self.settings[name] for name in ("column", "options", "part_rows")}
        shown["model"] = digest(Path(self.settings["model"]))
        shown["files"] = [[str(file.relative_to(source)), digest(file)] for file in self.files()]
        return json.dumps(shown, indent=1, ensure_ascii=False)


class TranslatePart:
    """A worker of Ray Data: one part of the input at a time."""

    def __init__(self, settings: Mapping[str, Any]) -> None:
        self._parts = Parts(settings)
        self._translate = Translate(settings["model"], settings["column"], settings["options"])

    def __call__(self, batch: dict[str, Any]) -> dict[str, Any]:
        """Translates the parts of a batch, in JSON; returns the number of nulls in each.

        An error of s2s is returned, too: of an exception, Ray hands on no more than its text.
        """
        nulls, errors = [], []
        for text in batch["part"]:
            part, count, message = json.loads(text), 0, ""
            try:
                count = self._do(part)
            except S2SError as error:
                message = f"{part['file']}, of the rows from {part['first']} on: {error}"
            nulls.append(count)
            errors.append(message)
        return {"nulls": np.array(nulls), "error": np.array(errors)}

    def _do(self, part: Mapping[str, Any]) -> int:
        """Translates a part and writes it; returns how many rows are null."""
        import pyarrow as pa

        table, column = self._parts.read(part), self._parts.settings["column"]
        found = self._translate({column: table[column].to_pylist()})
        numbers = range(part["row"], part["row"] + part["rows"])
        nulls = int(table[column].null_count)
        table = table.add_column(0, "row", pa.array(numbers, pa.int64()))
        for name, kind in (("translation", pa.string()), ("score", pa.float64())):
            table = table.append_column(name, pa.array(found[name].tolist(), kind))
        self._parts.write(part, table)
        return nulls


def open_parquet(file: Path) -> Any:
    """Opens a file; raises DataError if it is no parquet."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        return pq.ParquetFile(file)
    except pa.ArrowException as error:
        raise DataError(f"{file} is no parquet file: {error}") from error


def row_groups(file: Path, first: int, rows: int) -> Iterator[Any]:
    """Yields tables of the row groups that hold ``rows`` rows from ``first`` on, and no others."""
    opened, begin = open_parquet(file), 0
    for number in range(opened.num_row_groups):
        size = opened.metadata.row_group(number).num_rows
        start, end = max(first, begin), min(first + rows, begin + size)
        if start < end:
            yield opened.read_row_group(number).slice(start - begin, end - start)
        begin += size


def digest(path: Path) -> str:
    """Returns the SHA-256 of a file."""
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise FileError(f"cannot read {path}: {error.strerror}") from error


def begin(parts: Parts) -> None:
    """Makes the folder of the output, or goes on with one; removes what killed workers left.

    Raises:
        ConfigError: If the folder is made from something else.
    """
    record, path = parts.record(), parts.out / PLAN
    if path.exists():
        if path.read_text(encoding="utf-8") != record:
            raise ConfigError(
                f"{parts.out} was begun with another model, input, --column, --part-rows or "
                "option; repeat those, or name another folder"
            )
    elif any(parts.out.glob("[!.]*")):
        raise ConfigError(f"{parts.out} holds other files; name a new folder")
    else:
        with atomic_output(path) as file:
            file.write(record)
    for abandoned in parts.out.glob(".part-*.tmp"):
        abandoned.unlink()


def run(parts: Parts, todo: list[dict[str, Any]], workers: int | None, address: str | None) -> int:
    """Translates parts with Ray Data; returns how many rows were null."""
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")  # else it reports to its makers
    import ray

    if address is None:
        ray.init(num_cpus=workers or available_cores(), include_dashboard=False)
    else:
        ray.init(address=address)
    workers = workers or int(ray.cluster_resources()["CPU"])
    ray.data.DataContext.get_current().enable_progress_bars = False
    # A block for each part: a part is the work that is lost if a worker dies.
    items = [{"part": json.dumps(part)} for part in todo]
    done = ray.data.from_items(items, override_num_blocks=len(items)).map_batches(
        TranslatePart,
        fn_constructor_args=(parts.settings,),
        batch_size=1,
        compute=ray.data.ActorPoolStrategy(size=min(workers, len(items))),
        num_cpus=1,
    )
    nulls, begun = 0, time.monotonic()
    for number, row in enumerate(done.iter_rows(), 1):
        if row["error"]:
            raise DataError(row["error"])
        nulls += int(row["nulls"])
        seconds = time.monotonic() - begun
        print(f"{number} of {len(items)} parts, {seconds:.0f} s", file=sys.stderr, flush=True)
    ray.shutdown()
    return nulls


def translate(parts: Parts, workers: int | None, address: str | None) -> None:
    """Translates what is not translated yet, and writes ``_SUCCESS``."""
    parts.out.mkdir(parents=True, exist_ok=True)
    with exclusive(parts.out / SUCCESS):
        begin(parts)
        planned = parts.plan()
        todo = [part for part in planned if not (parts.out / part["name"]).exists()]
        if len(todo) < len(planned):
            print(f"{len(planned) - len(todo)} of {len(planned)} parts are done", file=sys.stderr)
        nulls = run(parts, todo, workers, address) if todo else 0
        missing = [part["name"] for part in planned if not (parts.out / part["name"]).exists()]
        if missing:
            raise DataError(f"{len(missing)} parts are missing, {missing[0]} first; run it again")
        if nulls:
            print(f"{nulls} rows have no text (null) and stay null", file=sys.stderr)
        (parts.out / SUCCESS).touch()


def main() -> None:
    """Reads the command line and translates; an error of s2s is one line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("model", help="a model file")
    parser.add_argument("input", help="a file, or a folder of files")
    parser.add_argument("out", help="the folder for the parts")
    parser.add_argument("--workers", type=int, help="processes; default: one for each core")
    parser.add_argument("--address", help="a cluster that runs; default: this machine alone")
    parser.add_argument("--column", default="text", help="column of parquet (default: text)")
    parser.add_argument(
        "--part-rows", type=int, default=5000, help="rows of a part (default: 5000)"
    )
    parser.add_argument("--to", help="target language, if the model has several")
    parser.add_argument("--beam-size", type=int, help="default: as the model recommends")
    given = vars(parser.parse_args())
    options = {"to": given.pop("to"), "beam_size": given.pop("beam_size")}
    workers, address = given.pop("workers"), given.pop("address")
    try:
        if given["part_rows"] < 1 or (workers is not None and workers < 1):
            raise ConfigError("--part-rows and --workers are at least 1")
        paths = {name: str(Path(given[name]).resolve()) for name in ("model", "input", "out")}
        options = {name: value for name, value in options.items() if value is not None}
        Translate(paths["model"], given["column"], options)({given["column"]: []})
        translate(Parts({**given, **paths, "options": options}), workers, address)
    except S2SError as error:
        print(f"error: {error}", file=sys.stderr)
        sys.exit(2)


if __name__ == "__main__":
    main()
