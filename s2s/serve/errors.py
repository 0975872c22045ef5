"""What can be wrong with a request. Each API puts these errors into its own form and status.

An endpoint raises a ``RequestError`` or calls what raises one; ``s2s.serve.shared.Shared.endpoint``
catches it and asks the API for the response. Messages never quote a text of the user.
"""

# ruff: noqa: N818 - "raise Busy" says it all

from s2s.errors import printable


class RequestError(Exception):
    """A request that is not answered with a translation."""

    status = 400
    """Usual HTTP status; an API may have another one."""

    @property
    def message(self) -> str:
        """What is wrong, for the client; without characters that no response can hold."""
        return printable(str(self))


class BadRequest(RequestError):
    """The request is not what the API expects."""


class NotSupported(RequestError):
    """A language, a pair or a format that is not served: "zz is not supported"."""

    def __init__(self, what: str) -> None:
        """Takes what was asked for: a code, a pair, a format."""
        super().__init__(f"{what:.60} is not supported")


class TooMuch(RequestError):
    """The request is over a limit of the server."""

    status = 413

    def __init__(self, what: str, found: int, limit: int) -> None:
        """Makes a message.

        Args:
            what: Unit of the limit: "bytes", "texts", "characters in a text", "alternatives".
            found: What the request has; at least, if not all of it was read.
            limit: The limit.
        """
        super().__init__(f"the request has {found} {what}; at most {limit} are allowed")
        self.what, self.found, self.limit = what, found, limit
        if what != "bytes":  # a body of that size was read
            self.status = 400


class WrongKey(RequestError):
    """The API key is missing or wrong."""

    status = 403

    def __init__(self) -> None:
        super().__init__("Invalid API key")


class Slow(RequestError):
    """The body did not arrive in time."""

    status = 408


class Busy(RequestError):
    """Too much waits already; the client may try again later."""

    status = 429

    def __init__(self) -> None:
        super().__init__("the server is busy; try again later")


class Gone(RequestError):
    """The client hung up. Nobody reads the response."""

    status = 499


class Failed(RequestError):
    """The server could not translate a text, for example for want of memory."""

    status = 500

    def __init__(self) -> None:
        super().__init__("the server could not translate this")
