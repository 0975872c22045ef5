"""Errors that a process of a pool raises: a module that it can import wherever the tests are."""

from s2s.errors import SentenceError


def make_error(kind):
    """An error as s2s raises it, with a note."""
    message = "has 300 pieces; expected at most 200"
    error = kind(7, message) if kind is SentenceError else kind(message)
    error.add_note("line 7 of test.en")
    return error


def raise_error(kind):
    raise make_error(kind)
