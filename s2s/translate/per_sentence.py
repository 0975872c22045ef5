"""Values that a call gives once for all sentences, or one for each sentence."""

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
        """One value for each sentence; ``name`` is what messages call the values."""
        return cls(iter(values), name, endless=False)

    def take(self, count: int, done: int) -> list[ValueT]:
        """Returns the next ``count`` values.

        Args:
            count: Sentences of the chunk.
            done: Sentences before it, skipped ones included.

        Raises:
            ConfigError: If there are fewer.
        """
        values = list(islice(self._values, count))
        if len(values) < count:
            raise ConfigError(
                f"there are only {done + len(values)} {self._name}, but more sentences; expected "
                "one for each sentence"
            )
        return values

    def skip(self, count: int) -> None:
        """Passes over the values of ``count`` sentences that are skipped."""
        if not self._endless:
            next(islice(self._values, count, count), None)

    def check_end(self, done: int) -> None:
        """Raises ConfigError if a value is left after ``done`` sentences, which were all."""
        if not self._endless and next(self._values, self) is not self:
            raise ConfigError(
                f"there are more than {done} {self._name}, but only {done} sentences; expected "
                "one for each sentence"
            )
