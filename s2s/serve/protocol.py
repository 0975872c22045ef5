"""Connections of uvicorn with limits that it lacks: number, time, small chunks, unread answers."""

import asyncio
import logging
import socket
import struct
import sys
from dataclasses import dataclass, field
from typing import Any

import h11
from uvicorn import Config
from uvicorn.protocols.http.h11_impl import H11Protocol
from uvicorn.server import ServerState

from s2s.serve.stats import Stats

HEADER_BYTES = 65_536
"""Bytes of a request without its body."""
_OTHER_FILES = 400
"""Files that the process may open beside its connections: models, libraries, standard streams, and
connections that are being accepted or closed."""
_FREE_CHUNKS = 10_000
"""Chunks of a body that may be of any size."""
_CHUNK_BYTES = 64
"""Bytes that further chunks have on average, at least: each takes some microseconds to read."""
_NO_LINGERING = struct.pack("hh" if sys.platform == "win32" else "ii", 1, 0)
_LENGTHS = frozenset([b"content-length", b"transfer-encoding"])

logger = logging.getLogger(__name__)


@dataclass(eq=False, kw_only=True, slots=True)
class Connections:
    """What all connections of a server share: their limits, and which of them wait."""

    stats: Stats
    """Counts."""
    most: int = 2000
    """Connections. If there is one more, the one is closed that has waited longest for a
    request; the new one, if all have sent theirs."""
    request_seconds: float = 60.0
    """Seconds for a request to arrive, headers and body."""
    unread_seconds: float = 60.0
    """Seconds after which a client is cut off if it has taken nothing of an answer meanwhile."""
    unread_bytes: int = 64_000_000
    """Bytes of all answers that wait for their clients; the clients that have let them wait
    longest are cut off."""
    silent: dict["LimitedProtocol", None] = field(default_factory=dict)
    """Connections whose next request is not complete; whoever waits longest comes first."""
    unread: dict["LimitedProtocol", None] = field(default_factory=dict)
    """Connections whose client has not taken all of its answer, in the same order."""

    def allow_files(self) -> None:
        """Lets this process open as many files as it needs for ``most`` connections.

        If the system does not allow that, ``most`` becomes what it allows.
        """
        try:
            import resource
        except ImportError:  # on Windows, where there is no such limit
            return
        soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
        needed = self.most + _OTHER_FILES
        if soft == resource.RLIM_INFINITY or soft >= needed:
            return
        allowed = needed if hard == resource.RLIM_INFINITY else min(needed, hard)
        resource.setrlimit(resource.RLIMIT_NOFILE, (allowed, hard))
        if allowed < needed:
            self.most = max(1, allowed - _OTHER_FILES)
            logger.warning(
                "at most %d connections, because this process may open %d files (ulimit -Hn)",
                self.most,
                allowed,
            )


class _Reader(h11.Connection):
    """Reads requests; refuses bodies of two lengths and bodies in very many chunks.

    Two lengths make a proxy and a server take different bytes for the next request (RFC 9112,
    section 6.3). Some megabytes in chunks of one byte kept all other connections waiting for 27
    seconds.
    """

    def next_event(self) -> Any:
        """Returns what comes next in a request.

        Raises:
            RemoteProtocolError: If it is no HTTP, or the body is one of these.
        """
        event = super().next_event()
        if isinstance(event, h11.Request):
            self._chunks = self._bytes = 0
            if {name for name, _ in event.headers} >= _LENGTHS:
                raise h11.RemoteProtocolError("two lengths of a body")
        elif isinstance(event, h11.Data):
            self._chunks += event.chunk_start
            self._bytes += len(event.data)
            if self._chunks > _FREE_CHUNKS + self._bytes // _CHUNK_BYTES:
                raise h11.RemoteProtocolError("too many small chunks")
        return event


class LimitedProtocol(H11Protocol):
    """A connection that ends if a request does not arrive, or an answer is not read, in time.

    uvicorn ends connections that are silent after a request, but waits for ever for the first one,
    for the rest of one that has begun, and for a client to read its answer.
    """

    def __init__(
        self,
        config: Config,
        server_state: ServerState,
        app_state: dict[str, Any],
        _loop: asyncio.AbstractEventLoop | None = None,
        *,
        shared: Connections,
    ) -> None:
        """Takes what uvicorn gives it, and what all connections share."""
        super().__init__(config, server_state, app_state, _loop)
        self.conn = _Reader(h11.SERVER, HEADER_BYTES)
        self._shared = shared
        self._request_timer: asyncio.TimerHandle | None = None
        self._unread_timer: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Starts the time of the first request; ends another connection if there are too many."""
        super().connection_made(transport)
        self._shared.stats.connections = len(self.connections)
        # pause_writing is then called for each byte that is left, not from 64 KiB on.
        transport.set_write_buffer_limits(high=0)
        silent = self._shared.silent
        if len(self.connections) > self._shared.most:
            next(iter(silent), self).end()
            self._shared.stats.displaced += 1
        if not transport.is_closing():
            self._await_request()
            self._start_request_timer()

    def data_received(self, data: bytes) -> None:
        """Stops the time if the request is complete; starts it if another one begins."""
        super().data_received(data)
        if self.conn.their_state in (h11.IDLE, h11.SEND_BODY):
            self._start_request_timer()
        else:
            self._stop_awaiting_request()

    def on_response_complete(self) -> None:
        """Waits for the next request."""
        super().on_response_complete()  # this may begin a request that has arrived meanwhile
        if self.conn.their_state in (h11.IDLE, h11.SEND_BODY) and not self.transport.is_closing():
            self._await_request()

    def pause_writing(self) -> None:
        """Starts to watch whether the client reads its answer."""
        super().pause_writing()
        shared = self._shared
        shared.unread[self] = None
        self._watch_unread()
        sizes = {each: each.unread_bytes for each in shared.unread}
        total = sum(sizes.values())
        for each, size in sizes.items():
            if total <= shared.unread_bytes or each is self:
                break
            each.cut_off()
            total -= size

    def resume_writing(self) -> None:
        """The client has taken all that there is so far."""
        self._stop_watching_unread()
        super().resume_writing()

    def connection_lost(self, exc: Exception | None) -> None:
        """Stops all times."""
        self._forget()
        super().connection_lost(exc)
        self._shared.stats.connections = len(self.connections)

    @property
    def unread_bytes(self) -> int:
        """Bytes of answers that the client has not taken yet, without those in its socket."""
        return self.transport.get_write_buffer_size()

    def end(self) -> None:
        """Ends the connection at once."""
        self._forget()
        self.transport.abort()

    def cut_off(self) -> None:
        """Ends the connection at once, and drops what the system holds of an answer, too."""
        connection = self.transport.get_extra_info("socket")
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _NO_LINGERING)
        self._shared.stats.unread_answers += 1
        self.end()

    def _forget(self) -> None:
        self._stop_awaiting_request()
        self._stop_watching_unread()

    def _await_request(self) -> None:
        self._shared.silent.setdefault(self)

    def _stop_awaiting_request(self) -> None:
        self._shared.silent.pop(self, None)
        if self._request_timer is not None:
            self._request_timer.cancel()
            self._request_timer = None

    def _start_request_timer(self) -> None:
        if self._request_timer is None:
            self._request_timer = self.loop.call_later(
                self._shared.request_seconds, self._end_request
            )

    def _end_request(self) -> None:
        self._request_timer = None
        # A request that is being answered has its own limit of time for the body.
        if self.cycle is None or self.cycle.response_complete:
            self.transport.close()

    def _watch_unread(self) -> None:
        self._unread_timer = self.loop.call_later(
            self._shared.unread_seconds, self._check_unread, self.unread_bytes
        )

    def _stop_watching_unread(self) -> None:
        self._shared.unread.pop(self, None)
        if self._unread_timer is not None:
            self._unread_timer.cancel()
            self._unread_timer = None

    def _check_unread(self, before: int) -> None:
        """Cuts the client off if it has taken nothing since there were so many bytes."""
        if self.unread_bytes >= before:
            self.cut_off()
        else:
            self._watch_unread()
