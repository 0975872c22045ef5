"""The command ``s2s``: each command in a module of its own, its imports inside its function.

So ``s2s translate`` starts without torch, and without what the other commands need; not even their
modules are loaded, unless help lists them.
"""

import errno
import importlib
import logging
import os
import re
import signal
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any, NoReturn

import typer

from s2s.errors import S2SError, printable
from s2s.files import WRITING_FAILED
from s2s.version import __version__

app = typer.Typer(
    name="s2s",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode="markdown",
    context_settings={"help_option_names": ["-h", "--help"]},
)
COMMANDS = ("train", "export", "translate", "score", "evaluate", "info")

# typer has carried click under several names; this is click's UsageError in all of them.
_UsageError: Any = typer.BadParameter.__mro__[1]


def _print_version(asked: bool) -> None:
    if asked:
        sys.stdout.write(f"s2s {__version__}\n")
        raise typer.Exit


@app.callback()
def s2s(
    version: Annotated[
        bool,
        typer.Option(
            "--version", help="Print the version.", callback=_print_version, is_eager=True
        ),
    ] = False,
) -> None:
    """Small, fast translators: train with torch, ship one ONNX file with the beam search inside.

    The way of a model:

        s2s train --src train.de --tgt train.en --val-src val.de --val-tgt val.en --out run

        s2s export run model.onnx --precision int8

        s2s translate model.onnx < letter.de > letter.en

        s2s evaluate model.onnx --src test.de --ref test.en
    """


class _Messages(logging.Handler):
    """Warnings as the command line says them: one line each, safe for a terminal."""

    def emit(self, record: logging.LogRecord) -> None:
        # sys.stderr is looked up each time: a progress bar puts itself in its place.
        level = record.levelname.lower()
        sys.stderr.write(f"s2s: {level}: {printable(record.getMessage())}\n")


_received: list[int] = []


def _interrupt(number: int, frame: object) -> None:
    """Ends by an exception, so that half-written files are removed."""
    _received.append(number)
    if number == signal.SIGINT:
        raise KeyboardInterrupt
    sys.exit(128 + number)


def main(args: Sequence[str] | None = None) -> None:
    """Runs the command line; exits with 0, 2 for what the user can mend, 130 if interrupted."""
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, _interrupt)
    _check_streams()
    logger = logging.getLogger("s2s")
    if not any(isinstance(handler, _Messages) for handler in logger.handlers):
        logger.addHandler(_Messages(logging.WARNING))
    try:
        given = sys.argv[1:] if args is None else list(args)
        # Not standalone: click would print errors in its own way, on several lines.
        for name in [name for name in COMMANDS if name in given[:1]] or COMMANDS:
            _register(name)
        code = typer.main.get_command(app).main(given, "s2s", standalone_mode=False)
        sys.stdout.flush()
    except S2SError as error:
        _fail(str(error))
    except _UsageError as error:
        _fail(_describe(error))
    except ImportError:
        # Modules written in C turn what is raised while they load into errors of their own.
        if not _received:
            raise
        sys.exit(128 + _received[-1])
    except (KeyboardInterrupt, typer.Abort):
        sys.exit(130)
    except SystemExit as error:
        if isinstance(error.__context__, BrokenPipeError):  # which click takes for a failure
            _leave_pipe()
        raise
    except OSError as error:
        if isinstance(error, BrokenPipeError):
            _leave_pipe()
        _fail_writing(error)
    sys.exit(code if isinstance(code, int) else 0)


def _check_streams() -> None:
    """Looks whether the shell has closed standard error or standard output."""
    if sys.stderr is None:  # messages have nowhere to go
        sys.stderr = Path(os.devnull).open("w", encoding="utf-8")  # noqa: SIM115
    if sys.stdout is None:  # the next file that is opened would take its place
        _fail("standard output is closed; open it, or send it to /dev/null")


def _register(name: str) -> None:
    """Makes a command known, once: tests call ``main`` many times."""
    if name not in {command.name for command in app.registered_commands}:
        module = importlib.import_module(f"s2s.cli.{name}")
        app.command(name)(getattr(module, name))


def _describe(error: Any) -> str:
    """A usage error in one line, with where to read more."""
    message = " ".join(str(error.format_message()).split()).rstrip(".")
    # Some pairs of typer and click both add it.
    message = re.sub(r"(Did you mean [^?]+\?) \1", r"\1", message)
    path = getattr(error.ctx, "command_path", "s2s")
    return f"{message}; see '{path} --help'"


def _fail_writing(error: OSError) -> NoReturn:
    """Says what the system refused, if the user can mend it.

    What fails in files of ours is a FileError; left are standard output, and names that are none.
    """
    if error.filename is not None and error.errno in (errno.ENAMETOOLONG, errno.ELOOP):
        message = f"cannot open {error.filename}: {error.strerror}"
    elif error.filename is None and error.errno in WRITING_FAILED:
        message = f"cannot write to standard output: {error.strerror}"
    else:
        raise error
    _leave_output()
    _fail(message)


def _fail(message: str) -> NoReturn:
    if _received:  # as above: what failed is not what the message says
        sys.exit(128 + _received[-1])
    sys.stderr.write(f"s2s: error: {printable(' '.join(message.splitlines()))}\n")
    sys.exit(2)


def _leave_pipe() -> NoReturn:
    """Ends as other filters do when their reader has enough: without a word."""
    _leave_output()
    sys.exit(128 + signal.SIGPIPE)


def _leave_output() -> None:
    """Drops what standard output does not take, which would be written once more at the end."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
