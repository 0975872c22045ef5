"""The command ``s2s``: each subcommand is a module, which imports what it needs in its function.

So ``s2s translate`` starts without torch and without the packages of other commands. Modules of
other commands are loaded only if help lists them.
"""

import errno
import importlib
import logging
import os
import re
import signal
import sys
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any, NoReturn

import typer
from typer.core import TyperCommand

from s2s.errors import ConfigError, S2SError, printable
from s2s.files import WRITING_FAILED
from s2s.version import __version__

app = typer.Typer(
    name="s2s",
    pretty_exceptions_enable=False,
    rich_markup_mode="rich",
    context_settings={"help_option_names": ["-h", "--help"]},
)
COMMANDS = ("train", "export", "translate", "classify", "score", "evaluate", "info", "serve")

# typer has carried click under several names, so UsageError is looked for among the base classes.
_UsageError: Any = next(
    (base for base in typer.BadParameter.__mro__ if base.__name__ == "UsageError"),
    typer.BadParameter,
)


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
    r"""Small, fast translators: train with torch, ship one ONNX file with the beam search inside.

    From text to scores:

        s2s train --src train.de --tgt train.en --val-src val.de \
            --val-tgt val.en --out run

        s2s export run model.onnx --precision int8

        s2s translate model.onnx < letter.de > letter.en

        s2s evaluate model.onnx --src test.de --ref test.en
    """


class _Messages(logging.Handler):
    """Writes notes and warnings to standard error: one line each, safe for a terminal."""

    def emit(self, record: logging.LogRecord) -> None:
        # sys.stderr is looked up each time, because a progress bar replaces it.
        level = "note" if record.levelno == logging.INFO else record.levelname.lower()
        sys.stderr.write(f"s2s: {level}: {printable(record.getMessage())}\n")


_received: list[int] = []


def _interrupt(number: int, frame: object) -> None:
    """Ends by an exception, so that half-written files are removed."""
    _received.append(number)
    if number == signal.SIGINT:
        raise KeyboardInterrupt
    sys.exit(128 + number)


def main(args: Sequence[str] | None = None) -> None:
    """Runs the command line.

    Exits with 0; with 2 for an error that the user can mend, and after help if no command is given;
    with 128 plus the signal's number if a signal stopped it, 130 for Ctrl-C.
    """
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, _interrupt)
    _check_streams()
    logger = logging.getLogger("s2s")
    if not any(isinstance(handler, _Messages) for handler in logger.handlers):
        logger.addHandler(_Messages(logging.INFO))
        logger.setLevel(logging.INFO)
    try:
        words = sys.argv[1:] if args is None else list(args)
        # Not standalone: click would print errors in its own way, on several lines.
        for name in [name for name in COMMANDS if name in words[:1]] or COMMANDS:
            _register(name)
        command = typer.main.get_command(app)
        code = command.main(words or ["--help"], "s2s", standalone_mode=False)
        sys.stdout.flush()
    except S2SError as error:
        _fail(str(error))
    except _UsageError as error:
        _fail(_describe(error))
    except ImportError:
        # Modules written in C turn an exception that is raised while they load into an ImportError.
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
    sys.exit(code or (0 if words else 2))  # a script that names no command has made a mistake


def _check_streams() -> None:
    """Copes with a closed standard error, and refuses a closed standard output."""
    if sys.stderr is None:  # messages have nowhere to go
        sys.stderr = Path(os.devnull).open("w", encoding="utf-8")  # noqa: SIM115
    if sys.stdout is None:  # the next file that is opened would take its place
        _fail("standard output is closed; open it, or send it to /dev/null")


class _Command(TyperCommand):
    """A command whose ``--help`` stands in the last group of its options, not in a first one."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Refuses a file that is named twice: only the last one would count."""
        _, _, given = self.make_parser(ctx).parse_args(args=list(args))
        for option, times in Counter(given).items():
            if times > 1 and getattr(option, "metavar", None) == "FILE" and not option.multiple:
                raise ConfigError(f"{option.opts[0]} is given {times} times; expected one file")
        return list(super().parse_args(ctx, args))

    def get_help_option(self, ctx: Any) -> Any:
        option: Any = super().get_help_option(ctx)
        if option is not None and self.params:
            option.rich_help_panel = getattr(self.params[-1], "rich_help_panel", None)
        return option


def _register(name: str) -> None:
    """Adds a command, once: tests call ``main`` many times."""
    if name not in {command.name for command in app.registered_commands}:
        module = importlib.import_module(f"s2s.cli.{name}")
        epilog = getattr(module, "EPILOG", None)
        app.command(name, cls=_Command, epilog=epilog)(getattr(module, name))


def _describe(error: Any) -> str:
    """Returns a usage error as one line that names the help page."""
    message = " ".join(str(error.format_message()).split()).rstrip(".")
    # Some pairs of typer and click both add it.
    message = re.sub(r"(Did you mean [^?]+\?) \1", r"\1", message)
    path = getattr(error.ctx, "command_path", "s2s")
    return f"{message}; see '{path} --help'"


def _fail_writing(error: OSError) -> NoReturn:
    """Ends with an error in one line if the user can mend it; else raises it again.

    A file of ours that fails is a FileError already; this is about standard output and impossible
    file names.
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
    if _received:  # as above: the signal is the cause of the error
        sys.exit(128 + _received[-1])
    sys.stderr.write(f"s2s: error: {printable(' '.join(message.splitlines()))}\n")
    sys.exit(2)


def _leave_pipe() -> NoReturn:
    """Ends without a message, as other filters do, because the reader of the pipe is gone."""
    _leave_output()
    sys.exit(128 + signal.SIGPIPE)


def _leave_output() -> None:
    """Drops the rest of standard output, which Python would try to write once more at exit."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
