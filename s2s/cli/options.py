"""Options and outputs that several commands share."""

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, BinaryIO, cast

import typer

from s2s.errors import DataError, SentenceError, printable, suggest
from s2s.files import atomic_output
from s2s.text import text_name


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


Model = Annotated[str, typer.Argument(metavar="MODEL", help="An .onnx file, or a run folder.")]
OutputFile = Annotated[
    str,
    typer.Option(
        "--output",
        "-o",
        show_default=False,
        help="Write to this file, whole or not at all; - is standard output.",
    ),
]
With = Annotated[
    list[str] | None,
    typer.Option(
        "--with",
        metavar="RUN",
        show_default=False,
        help="Add a run folder that translates together with the first; may be repeated.",
    ),
]
To = Annotated[
    str | None,
    typer.Option(
        metavar="LANGUAGE", help="Translate to this language, if the model has tags for several."
    ),
]
BeamSize = Annotated[
    int | None,
    typer.Option(
        min=1, help="Keep this many hypotheses at each step; 1 is greedy search, the fastest."
    ),
]
LengthPenalty = Annotated[
    float | None,
    typer.Option(
        min=0, help="Rank by total log-probability (0), or nearly by its mean per piece (1)."
    ),
]
MaxLength = Annotated[
    int | None, typer.Option(min=1, help="Limit a translation to this many pieces.")
]
MaxSrcLength = Annotated[
    int | None,
    typer.Option(
        min=2,
        show_default="200",
        help="Translate at most this many source pieces at once; see --too-long.",
    ),
]
TooLong = Annotated[
    str,
    typer.Option(
        metavar="split|truncate|error",
        callback=one_of("split", "truncate", "error"),
        help="Choose what happens to a longer sentence: split it at sentence ends, or else at "
        "punctuation and blanks; truncate it; or stop with an error. A warning counts the "
        "sentences.",
    ),
]
Device = Annotated[
    str, typer.Option(metavar="cpu|cuda", callback=device_of, help="Run on this device.")
]
Threads = Annotated[
    int | None, typer.Option(min=1, help="Use this many cores; all of them by default.")
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


@contextmanager
def naming(path: str | Path) -> Iterator[None]:
    """Adds the line number and the name of the file to the error about a sentence of ``path``."""
    try:
        yield
    except SentenceError as error:
        raise DataError(
            f"{text_name(path)}, line {error.number}: the sentence {error.what}"
        ) from error
