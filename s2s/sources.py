"""From source sentences to the ids that are searched, and what is done with those too long."""

import logging
from collections.abc import Sequence
from typing import NamedTuple

from s2s.batching import Ids, Query
from s2s.config import EOS_ID
from s2s.errors import DataError
from s2s.request import Request
from s2s.splitting import part
from s2s.tokenizer import Tokenizer

logger = logging.getLogger(__name__)


class Source(NamedTuple):
    """A sentence as it is searched."""

    parts: tuple[Query, ...]
    """One unless the sentence was split, none if it is blank."""
    cut: bool = False
    """Whether its end was left out."""


class SourceReader:
    """Encodes the sentences of one call and counts those that are too long."""

    def __init__(self, tokenizer: Tokenizer, request: Request, read: int = 0) -> None:
        """``read`` sentences came before, in another call."""
        self._tokenizer = tokenizer
        self._limit = request.max_src_length
        self._policy = request.too_long
        self._read = read
        self._long = 0
        self._first_long = 0
        self._within = 0

    def read(self, texts: Sequence[str], prefixes: Sequence[Ids]) -> list[Source]:
        """Encodes sentences, which begin with their tag if the model has tags.

        Args:
            texts: Clean.
            prefixes: How the translation of each begins; of a sentence in parts, that of the first.

        Raises:
            DataError: If one is too long and that is an error.
        """
        encoded = self._tokenizer.encode_src(texts)
        return [
            self._source(text, tuple(ids), prefix)
            for text, ids, prefix in zip(texts, encoded, prefixes, strict=True)
        ]

    def _source(self, text: str, ids: Ids, prefix: Ids) -> Source:
        self._read += 1
        if self._tokenizer.is_blank(ids):  # or of characters that the tokenizer knows as nothing
            return Source(())
        if len(ids) <= self._limit:
            return Source((Query(ids, prefix),))
        if self._policy == "error":
            raise DataError(
                f"sentence {self._read} has {len(ids)} pieces; expected at most {self._limit}: "
                "split it, raise max_src_length, or choose too_long split or truncate"
            )
        self._long += 1
        self._first_long = self._first_long or self._read
        if self._policy == "truncate":
            return Source((Query((*ids[: self._limit - 1], EOS_ID), prefix),), cut=True)
        tag = self._tokenizer.tag_of(text)
        if tag is None:
            found = part(text, self._tokenizer.encode_src, self._limit)
            parts = found.parts
        else:
            rest = text.split(tag, 1)[1]
            found = part(rest, lambda each: self._untagged(tag, each), max(2, self._limit - 1))
            parts = [(ids[0], *each) for each in found.parts]
        self._within += found.within
        return Source((Query(parts[0], prefix), *map(Query, parts[1:])))

    def _untagged(self, tag: str, texts: Sequence[str]) -> list[list[int]]:
        """Encodes texts as they are after ``tag``: one that they begin with themselves is text."""
        return [ids[1:] for ids in self._tokenizer.encode_src([f"{tag} {text}" for text in texts])]

    def tell(self) -> None:
        """Logs what became of the sentences that were too long, if there were any."""
        if not self._long:
            return
        where = f"(first: line {self._first_long})"
        start = f"{self._long} of {self._read} sentences had over {self._limit} pieces and were"
        if self._policy == "truncate":
            logger.warning("%s cut there %s", start, where)
        else:
            inside = f", {self._within} of them within a sentence" if self._within else ""
            logger.warning("%s translated in parts%s %s", start, inside, where)
