"""What a call gives once for all sentences, or once for each."""

from collections.abc import Iterable, Iterator
from itertools import islice, repeat
from typing import Generic, Self, TypeVar

from s2s.errors import ConfigError

ValueT = TypeVar("ValueT")


class PerSentence(Generic[ValueT]):
    """Values handed out in the order of the sentences."""

    def __init__(self, values: Iterator[ValueT], name: str, *, endless: bool) -> None:
        self._values = values
        self._name = name
        self._endless = endless

    @classmethod
    def same(cls, value: ValueT, name: str) -> Self:
        """One value for all sentences."""
        return cls(repeat(value), name, endless=True)

    @classmethod
    def of(cls, values: Iterable[ValueT], name: str) -> Self:
        """One for each; ``name`` is what messages call several of them."""
        return cls(iter(values), name, endless=False)

    def take(self, count: int, done: int) -> list[ValueT]:
        """Returns the next ``count`` values, after ``done`` that were handed out or left out.

        Raises:
            ConfigError: If there are fewer.
        """
        taken = list(islice(self._values, count))
        if len(taken) < count:
            raise ConfigError(
                f"there are {done + len(taken)} {self._name}, and more sentences; expected as many"
            )
        return taken

    def leave_out(self, count: int) -> None:
        """Leaves out values, of sentences that are left out."""
        if not self._endless:
            next(islice(self._values, count, count), None)

    def finish(self, done: int) -> None:
        """Looks that no value is left.

        Raises:
            ConfigError: If there is one.
        """
        if not self._endless and next(self._values, self) is not self:
            raise ConfigError(f"there are more than {done} {self._name}, but {done} sentences")
