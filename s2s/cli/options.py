"""Options that several commands share, and where their output goes."""

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
    """Returns a callback for an option with fixed values, which names the nearest valid one."""

    def check(value: str | None) -> str | None:
        if value is not None and value not in choices:
            raise typer.BadParameter(
                f"{value!r} is unknown; expected {' or '.join(choices)}{suggest(value, choices)}"
            )
        return value

    return check


def device_of(value: str | None) -> str | None:
    """Callback for ``--device``."""
    if value == "gpu":
        raise typer.BadParameter("'gpu' is unknown; did you mean 'cuda'?")
    return one_of("cpu", "cuda")(value)


With = Annotated[
    list[str] | None,
    typer.Option(
        "--with",
        metavar="RUN",
        show_default=False,
        help="Another run folder that translates together with the first; may be repeated.",
    ),
]
To = Annotated[
    str | None,
    typer.Option(
        metavar="LANGUAGE",
        help="Language to translate to, where the model has tags for several.",
    ),
]
BeamSize = Annotated[
    int | None,
    typer.Option(min=1, help="Hypotheses kept at each step; 1 is greedy search, the fastest."),
]
LengthPenalty = Annotated[
    float | None,
    typer.Option(min=0, help="0 ranks by total log-probability, 1 nearly by its mean a piece."),
]
MaxLength = Annotated[int | None, typer.Option(min=1, help="Pieces of a translation at most.")]
MaxSrcLength = Annotated[
    int | None,
    typer.Option(
        min=2,
        show_default="200",
        help="Pieces of a source sentence that are translated at once; see --too-long.",
    ),
]
TooLong = Annotated[
    str,
    typer.Option(
        metavar="split|truncate|error",
        callback=one_of("split", "truncate", "error"),
        help="A sentence with more pieces: part it at sentence ends, else at marks and blanks; "
        "leave the rest out; or stop. What was done is counted and said.",
    ),
]
Device = Annotated[str, typer.Option(metavar="cpu|cuda", callback=device_of, help="Where to run.")]
Threads = Annotated[
    int | None, typer.Option(min=1, help="Cores to use; all that are there by default.")
]


def say(line: str) -> None:
    """Prints a line of a report on standard output, safe for a terminal."""
    sys.stdout.buffer.write(
        "\n".join(printable(part) for part in line.split("\n")).encode("utf-8", "replace") + b"\n"
    )


@contextmanager
def open_output(path: str) -> Iterator[BinaryIO]:
    """Opens a file that appears whole or not at all, or with ``-`` standard output, for bytes."""
    if path != "-":
        with atomic_output(path, "wb") as file:
            yield file
        return
    yield cast(BinaryIO, sys.stdout.buffer)
    sys.stdout.buffer.flush()


@contextmanager
def naming(path: str | Path) -> Iterator[None]:
    """Says of a sentence that cannot be used where it stands: on which line of ``path``."""
    try:
        yield
    except SentenceError as error:
        raise DataError(
            f"{text_name(path)}, line {error.number}: the sentence {error.what}"
        ) from error
