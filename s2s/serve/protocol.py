"""Connections of uvicorn with limits that it lacks: their number, and the time of a request."""

import asyncio

import h11
from uvicorn.protocols.http.h11_impl import H11Protocol

REQUEST_SECONDS = 60.0
"""Seconds for a request to arrive, headers and body."""
MOST_CONNECTIONS = 2000
"""Connections; more of them are closed at once."""


class LimitedProtocol(H11Protocol):
    """A connection that is closed if a request does not arrive in time.

    uvicorn ends connections that are silent after a request, but waits for ever for the first one,
    and for the rest of one that has begun.
    """

    _timer: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Starts the time, or closes the connection, if there are too many."""
        super().connection_made(transport)
        if len(self.connections) > MOST_CONNECTIONS:
            transport.abort()
        else:
            self._set_timer()

    def data_received(self, data: bytes) -> None:
        """Stops the time if the request is complete; starts it if another one begins."""
        super().data_received(data)
        if self.conn.their_state in (h11.IDLE, h11.SEND_BODY):
            self._set_timer()
        else:
            self._stop_timer()

    def connection_lost(self, exc: Exception | None) -> None:
        """Stops the time."""
        self._stop_timer()
        super().connection_lost(exc)

    def _set_timer(self) -> None:
        if self._timer is None:
            self._timer = self.loop.call_later(REQUEST_SECONDS, self._expire)

    def _stop_timer(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _expire(self) -> None:
        self._timer = None
        # A request that is being answered has its own limit of time for the body.
        if self.cycle is None or self.cycle.response_complete:
            self.transport.close()
