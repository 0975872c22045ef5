"""``s2s serve``: answers requests for translations over HTTP."""

import logging
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import typer

from s2s.cli.options import option
from s2s.errors import needs

ADDRESS = "Address"
REQUESTS = "Requests"
BATCHES = "Batches"
MOST_BYTES = 64_000_000
"""Bytes of all bodies that the server holds at once (``Limits.held_bytes``)."""

logger = logging.getLogger(__name__)

EPILOG = """Ask it, in another terminal:

    curl localhost:5000/translate -d q='Good morning.' -d source=en \\
        -d target=de

Serve two language pairs, and say which pair a model translates if its card
does not:

    s2s serve en-de.onnx de:en=other.onnx

Serve a network, with keys:

    s2s serve model.onnx --host 0.0.0.0 --api-key-file keys.txt
"""
"""End of the help page."""


def serve(
    models: Annotated[
        list[str],
        typer.Argument(
            metavar="MODEL...",
            help="Model files, one for each language pair; en:de=FILE says the pair.",
        ),
    ],
    *,
    host: Annotated[
        str, option(panel=ADDRESS, help_="Listen on this address.", metavar="ADDRESS")
    ] = "127.0.0.1",
    port: Annotated[
        int,
        option(panel=ADDRESS, help_="Listen on this port; 0 takes a free one.", low=0, high=65535),
    ] = 5000,
    api_key_file: Annotated[
        Path | None,
        option(
            panel=ADDRESS,
            help_="Answer only requests with a key of this file, which has one a line.",
            metavar="FILE",
            default="no key is needed",
        ),
    ] = None,
    max_texts: Annotated[
        int, option(panel=REQUESTS, help_="Allow a request this many texts.", metavar="N", low=1)
    ] = 1000,
    max_chars: Annotated[
        int,
        option(panel=REQUESTS, help_="Allow a text this many characters.", metavar="N", low=1),
    ] = 10_000,
    max_bytes: Annotated[
        int,
        option(
            panel=REQUESTS,
            help_="Allow the body of a request this many bytes.",
            metavar="N",
            low=1,
            high=MOST_BYTES,
        ),
    ] = 4_000_000,
    keep: Annotated[
        list[str] | None,
        option(
            panel=REQUESTS,
            help_="Copy texts that match this regular expression; may be repeated.",
            metavar="REGEX",
            default=False,
        ),
    ] = None,
    placeholders: Annotated[
        bool,
        option(
            "--placeholders/--no-placeholders",
            panel=REQUESTS,
            help_='Copy placeholders: [X5X], <x id="5"></x>, {name}, %(name)s, %s.',
        ),
    ] = True,
    batch_pieces: Annotated[
        int,
        option(
            panel=BATCHES,
            help_="Translate texts together up to this many pieces.",
            metavar="N",
            low=1,
        ),
    ] = 1024,
    batch_delay: Annotated[
        float,
        option(
            panel=BATCHES,
            help_="Let a server that has nothing to do wait so long for more texts. With 0, a "
            "lone request waits for nothing.",
            metavar="MS",
            low=0,
            high=1000,
        ),
    ] = 0.0,
    queue_pieces: Annotated[
        int,
        option(
            panel=BATCHES,
            help_="Refuse requests while this many pieces wait.",
            metavar="N",
            low=1,
        ),
    ] = 100_000,
) -> None:
    """Answer requests over HTTP, as LibreTranslate, DeepL and KServe do.

    Requests that come at once are translated together. Each translation is
    the same as that of "s2s translate", whatever else the server does.

        s2s serve model.onnx
    """
    with _sigterm_is_noted() as ended:
        with needs("serve", "s2s serve"):
            from s2s.serve.server import Settings, run
        from s2s.serve.body import Limits

        settings = Settings(
            models=tuple(models),
            host=host,
            port=port,
            api_key_file=api_key_file,
            keep=tuple(keep or ()),
            placeholders=placeholders,
            limits=Limits(max_texts=max_texts, max_chars=max_chars, max_bytes=max_bytes),
            batch_pieces=batch_pieces,
            batch_delay=batch_delay / 1000,
            queue_pieces=queue_pieces,
        )
        if max_chars > max_bytes:
            logger.warning(
                "--max-chars %d allows texts that do not fit into a body of --max-bytes %d",
                max_chars,
                max_bytes,
            )
        with _only_errors_of_translating():
            run(settings, ended)


@contextmanager
def _sigterm_is_noted() -> Iterator[threading.Event]:
    """Yields an event that SIGTERM sets, until the server takes the signal itself.

    An exception, as other commands raise it, would pass through modules written in C while they are
    loaded, and come out of them as an ImportError.
    """
    ended = threading.Event()
    handler = signal.signal(signal.SIGTERM, lambda *_: ended.set())
    try:
        yield ended
    finally:
        signal.signal(signal.SIGTERM, handler)


@contextmanager
def _only_errors_of_translating() -> Iterator[None]:
    """Leaves out what each batch would log: the counts tell it."""
    translating = logging.getLogger("s2s.translate")
    level = translating.level
    translating.setLevel(logging.ERROR)
    try:
        yield
    finally:
        translating.setLevel(level)
