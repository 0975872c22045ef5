"""Options and outputs that several commands share."""

import logging
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, BinaryIO, Literal, cast

import typer

from s2s.errors import ConfigError, DataError, SentenceError, printable, suggest
from s2s.files import atomic_output
from s2s.text import text_name

if TYPE_CHECKING:
    from s2s.corpus.pair_file import PairFile
    from s2s.corpus.rows import Form

logger = logging.getLogger(__name__)


def one_of(*choices: str) -> Callable[[str | None], str | None]:
    """Returns a callback for an option with fixed values; its error names the nearest one."""

    def check(value: str | None) -> str | None:
        if value is not None and value not in choices:
            raise typer.BadParameter(
                f"{value!r} is unknown; expected {' or '.join(choices)}{suggest(value, choices)}"
            )
        return value

    return check


def device_of(value: str | None) -> str | None:
    """Checks ``--device``."""
    if value == "gpu":
        raise typer.BadParameter("'gpu' is unknown; did you mean 'cuda'?")
    return one_of("cpu", "cuda")(value)


def positive(value: float | None) -> float | None:
    """Checks a number that must be more than 0."""
    if value is not None and not value > 0:
        raise typer.BadParameter(f"{value} is out of range; expected more than 0")
    return value


FILES = "Files"
TEXT = "Text"
OUTPUT = "Output"
MODEL = "Model"
SEARCH = "Search"
LONG = "Source text"
MACHINE = "Machine"
RECOMMENDED = "as the model recommends"


def option(
    *names: str,
    panel: str,
    help_: str,
    metavar: str | None = None,
    choices: Sequence[str] = (),
    check: Callable[[Any], Any] | None = None,
    default: str | bool = True,
    low: float | None = None,
    high: float | None = None,
) -> Any:
    """Returns what typer needs to know of an option.

    Args:
        names: Names of the option; the name of the parameter if there are none.
        panel: Group of the help page that it stands in.
        help_: One or two sentences for the help page.
        metavar: Name of its value; the choices if there are some.
        choices: Fixed values, which shell completion knows.
        check: Callback that checks the value; by default, only ``choices`` are allowed.
        default: What the help page shows as default. True is the parameter's own, False is none.
        low: Lowest value of a number.
        high: Highest value of a number.
    """
    return typer.Option(
        *names,
        metavar=metavar or "|".join(choices) or None,
        callback=check or (one_of(*choices) if choices else None),
        autocompletion=(lambda: list(choices)) if choices else None,
        help=help_,
        rich_help_panel=panel,
        show_default=default,
        min=low,
        max=high,
    )


Model = Annotated[str, typer.Argument(metavar="MODEL", help="An .onnx file, or a run folder.")]
OutputFile = Annotated[
    str,
    option(
        "--output",
        "-o",
        panel=OUTPUT,
        help_="Write to this file, whole or not at all; - is standard output.",
        metavar="FILE",
    ),
]
With = Annotated[
    list[str] | None,
    option(
        "--with",
        panel=MODEL,
        help_="Add a run folder that translates together with the first; may be repeated.",
        metavar="RUN",
        default=False,
    ),
]
To = Annotated[
    str | None,
    option(
        panel=MODEL,
        help_="Translate to this language, if the model has tags for several.",
        metavar="LANGUAGE",
    ),
]
BeamSize = Annotated[
    int | None,
    option(
        panel=SEARCH,
        help_="Keep this many hypotheses at each step; 1 is greedy search, the fastest.",
        metavar="N",
        low=1,
        default=RECOMMENDED,
    ),
]
LengthPenalty = Annotated[
    float | None,
    option(
        panel=SEARCH,
        help_="Rank by total log-probability (0), or nearly by its mean per piece (1).",
        metavar="X",
        low=0,
        default=RECOMMENDED,
    ),
]
MaxLength = Annotated[
    int | None,
    option(
        panel=SEARCH,
        help_="Limit a translation to this many pieces.",
        metavar="N",
        low=1,
        default=RECOMMENDED,
    ),
]
LengthFactor = Annotated[
    int | None,
    option(
        panel=SEARCH,
        help_="Limit a translation to this many times the pieces of its source, and "
        "--length-margin more.",
        metavar="N",
        low=0,
        default="as learned in training",
    ),
]
LengthMargin = Annotated[
    int | None,
    option(
        panel=SEARCH,
        help_="Allow this many pieces, however short the source; see --length-factor.",
        metavar="N",
        low=1,
        default="as learned in training",
    ),
]
AUTO: dict[str, bool | Literal["auto"]] = {"auto": "auto", "yes": True, "no": False}
"""Values of options that are on, off, or as the model's training text suggests."""
InStep = Annotated[
    str,
    option(
        panel=SEARCH,
        help_="Write exactly as many pieces as the source has, as a label for each word. auto: as "
        "training settled it.",
        choices=tuple(AUTO),
    ),
]
Sentences = Annotated[
    str,
    option(
        panel=LONG,
        help_="Cut each line into sentences and join their translations; no: in one piece; auto: "
        "unless the training text had several sentences a line.",
        choices=tuple(AUTO),
    ),
]
Rewrite = Annotated[
    str,
    option(
        panel=LONG,
        help_="Search lines in capitals, in Title Case or without an end mark as the training text "
        "is written, and write the translation like the line; no: as typed.",
        choices=tuple(AUTO),
    ),
]
MaxSrcLength = Annotated[
    int | None,
    option(
        panel=LONG,
        help_="Translate at most this many source pieces at once; see --too-long.",
        metavar="N",
        low=2,
        default="that of most training sentences",
    ),
]
TooLong = Annotated[
    str,
    option(
        panel=LONG,
        help_="Choose what happens to a longer sentence: split it at punctuation and blanks "
        "(sequences of characters or words at blanks alone); truncate it; or stop with an error. "
        "A warning counts the sentences.",
        choices=("split", "truncate", "error"),
    ),
]
_COLUMNS: dict[str, Any] = {
    "help_": "Take these columns of --pairs as source and target: numbers (1,2), names of the "
    "first line (word,phones) or keys of JSON (text.en,text.de); + joins columns with a blank "
    "(lemma+features,form).",
    "metavar": "SRC,TGT",
    "default": "those with usual names, or the first two",
}
_PAIRS_FORMAT: dict[str, Any] = {
    "help_": "Read --pairs in this form: columns between tabs, CSV, JSON Lines, or lines of a word "
    "and its phones.",
    "choices": ("tsv", "csv", "jsonl", "cmudict"),
    "default": "by the name of the file, or by its first line",
}
Columns = Annotated[str | None, option(panel=FILES, **_COLUMNS)]
PairsFormat = Annotated[str | None, option("--pairs-format", panel=FILES, **_PAIRS_FORMAT)]
TrainColumns = Annotated[str | None, option(panel=TEXT, **_COLUMNS)]
TrainPairsFormat = Annotated[str | None, option("--pairs-format", panel=TEXT, **_PAIRS_FORMAT)]
Device = Annotated[
    str,
    option(panel=MACHINE, help_="Run on this device.", choices=("cpu", "cuda"), check=device_of),
]
Threads = Annotated[
    int | None,
    option(panel=MACHINE, help_="Use this many cores.", metavar="N", low=1, default="all"),
]


def say(line: str) -> None:
    """Prints a line of a report on standard output, safe for a terminal."""
    sys.stdout.buffer.write(
        "\n".join(printable(part) for part in line.split("\n")).encode("utf-8", "replace") + b"\n"
    )


@contextmanager
def open_output(path: str) -> Iterator[BinaryIO]:
    """Opens a file for bytes, which appears whole or not at all; ``-`` is standard output."""
    if path != "-":
        with atomic_output(path, "wb") as file:
            yield file
        return
    yield cast(BinaryIO, sys.stdout.buffer)
    sys.stdout.buffer.flush()


def stream_or_path(path: Path) -> Path | str:
    """Returns a path as ``s2s.text.read_lines`` wants it: standard input is the string ``-``."""
    return "-" if str(path) == "-" else path


def open_pairs(path: Path, columns: str | None, form: str | None) -> "PairFile":
    """Opens the file of ``--pairs``; a note says what was found, unless the columns were named."""
    from s2s.corpus.pair_file import open_pair_file

    file = open_pair_file(stream_or_path(path), columns, cast("Form | None", form))
    if columns is None:
        logger.info("%s (--columns SRC,TGT: others)", file)
    return file


def check_no_columns(columns: str | None, form: str | None) -> None:
    """Raises ConfigError for options of ``--pairs`` that was not given."""
    for option_name, value in (("--columns", columns), ("--pairs-format", form)):
        if value is not None:
            raise ConfigError(f"{option_name} has no effect without --pairs; leave it out")


@contextmanager
def naming(path: str | Path, unit: str = "line") -> Iterator[None]:
    """Adds the number and the name of the file to the error about a sentence of ``path``.

    Args:
        path: The file.
        unit: What the number counts; in a file of pairs, lines and pairs may differ.
    """
    try:
        yield
    except SentenceError as error:
        raise DataError(
            f"{text_name(path)}, {unit} {error.number}: the sentence {error.what}"
        ) from error
