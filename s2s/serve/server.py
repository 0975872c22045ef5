"""Runs a server in this process, until a signal ends it."""

import ipaddress
import logging
import signal
import socket
import threading
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from types import FrameType

import uvicorn

from s2s.errors import ConfigError, printable
from s2s.serve.app import make_app
from s2s.serve.body import Limits
from s2s.serve.keys import Keys, read_keys
from s2s.serve.placeholders import PLACEHOLDERS
from s2s.serve.protocol import Connections, LimitedProtocol
from s2s.serve.service import Service

BACKLOG = 2048
"""Connections that wait to be accepted."""
ACCEPTED_AT_ONCE = 100
"""Connections that are accepted before others are read: else a flood of them would make those give
way whose requests have arrived."""
KEEP_ALIVE_SECONDS = 75
"""Seconds that a connection may be silent after a request. Nginx and others have 60: they end it
first, so no request of theirs meets a connection that is being closed."""
DRAIN_SECONDS = 80
"""Seconds for requests to end after SIGTERM: systemd kills after 90."""

logger = logging.getLogger(__name__)


@dataclass(frozen=True, kw_only=True, slots=True)
class Settings:
    """What the command line sets."""

    models: tuple[str, ...]
    host: str
    port: int
    api_key_file: Path | None
    keep: tuple[str, ...]
    placeholders: bool
    limits: Limits
    batch_pieces: int
    batch_delay: float
    """Seconds."""
    queue_pieces: int


def run(settings: Settings, ended: threading.Event) -> None:
    """Serves until SIGTERM or SIGINT; finishes what was accepted.

    Args:
        settings: What the command line sets.
        ended: Set if SIGTERM has come before the server can take it.

    Raises:
        ConfigError: If it cannot listen there, or two models have the same pair.
        S2SError: If a model or the file of keys cannot be read.
    """
    keys = Keys() if settings.api_key_file is None else read_keys(settings.api_key_file)
    listener = listen(settings.host, settings.port)
    with listener:
        service = Service(
            settings.models,
            keep=(*(PLACEHOLDERS if settings.placeholders else ()), *settings.keep),
            limits=settings.limits,
            batch_pieces=settings.batch_pieces,
            batch_delay=settings.batch_delay,
            queue_pieces=settings.queue_pieces,
        )
        connections = Connections(stats=service.stats)
        connections.allow_files()
        config = uvicorn.Config(
            make_app(service, keys),
            # Of h11, which bounds the size of headers.
            http=partial(LimitedProtocol, shared=connections),  # type: ignore[arg-type]
            ws="none",
            lifespan="on",
            log_config=None,
            access_log=False,
            server_header=False,
            backlog=ACCEPTED_AT_ONCE,
            timeout_keep_alive=KEEP_ALIVE_SECONDS,
            timeout_graceful_shutdown=DRAIN_SECONDS,
        )
        # It logs a line for each malformed request.
        logging.getLogger("uvicorn.error").setLevel(logging.CRITICAL)
        server = _Server(config, service)
        # uvicorn sets it too, and sends the signal once more at the end to the one before its own.
        signal.signal(signal.SIGTERM, server.handle_exit)
        if ended.is_set():
            service.models.close()
            logger.info("SIGTERM came while the models were loaded: nothing was served")
            return
        _say(service, settings, listener, keys)
        server.run(sockets=[listener])


class _Server(uvicorn.Server):
    """Tells the service of its end, so that clients hear of it with the answers that they wait for.

    uvicorn closes their connections after these answers without a word, and the next request of a
    client would be lost.
    """

    def __init__(self, config: uvicorn.Config, service: Service) -> None:
        super().__init__(config)
        self._service = service

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        # asyncio takes one number for the connections that wait and for those accepted at once.
        for listener in sockets or ():
            listener.listen(BACKLOG)

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        self._service.closing = True
        super().handle_exit(sig, frame)


def listen(host: str, port: int) -> socket.socket:
    """Returns a socket that listens on an address.

    Raises:
        ConfigError: If that is not possible.
    """
    try:
        family, _, _, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        # asyncio sends at once (TCP_NODELAY) only if the socket names its protocol: else the body
        # of an answer waits 40 ms for the client to acknowledge the headers.
        listener = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
        try:
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            listener.bind(address)
            listener.listen(BACKLOG)
        except OSError:
            listener.close()
            raise
    except (OSError, UnicodeError) as error:
        reason = getattr(error, "strerror", None) or error
        raise ConfigError(
            f"cannot listen on {printable(host)} (--host), port {port} (--port): {reason}"
        ) from error
    return listener


def _say(service: Service, settings: Settings, listener: socket.socket, keys: Keys) -> None:
    """Logs what is served and where."""
    host, port = listener.getsockname()[:2]
    models = ", ".join(
        f"{printable(str(file.path))} ({' '.join(map(str, file.pairs))})"
        for file in service.models.files
    )
    is_loopback = ipaddress.ip_address(host.partition("%")[0]).is_loopback
    name = f"[{host}]" if ":" in host else host
    here = ", for this machine alone (--host: for others)" if is_loopback else ""
    if not is_loopback and not keys.are_needed:
        logger.warning(
            "every machine that reaches %s can use this server (--api-key-file: with a key)",
            printable(settings.host),
        )
    logger.info("serving %s at http://%s:%d%s", models, name, port, here)
