"""From source sentences to the pieces that are searched; sentences that are too long are split."""

import logging
from collections.abc import Sequence
from functools import partial
from typing import NamedTuple

from s2s.config import EOS_ID
from s2s.errors import SentenceError
from s2s.text import clean
from s2s.tokenizer import Tokenizer
from s2s.tokenizer.keep import KeptText, MarkedText
from s2s.tokenizer.marks import BLANK_ID, MARK_IDS
from s2s.tokenizer.pieces import Ids
from s2s.tokenizer.tags import language_codes
from s2s.translate.batching import SourcePart
from s2s.translate.phrases import Phrase
from s2s.translate.request import Request
from s2s.translate.splitting import Encode, split

_MARKS = frozenset(MARK_IDS.values())

logger = logging.getLogger(__name__)


class MarkedPart(NamedTuple):
    """A source sentence, or a part of one, with marks in place of its kept texts."""

    ids: Ids
    """Its pieces and marks (``s2s.tokenizer.marks``), without a tag or the end piece."""
    kept: tuple[KeptText, ...]
    """The kept text of each mark, in order."""

    @property
    def has_words(self) -> bool:
        """Whether there is anything to translate."""
        return any(number >= 0 for number in self.ids)

    def copy(self) -> str:
        """Returns the kept texts, and nothing else."""
        return "".join(f"{' ' * text.after_blank}{text.text}" for text in self.kept).lstrip()


class Source(NamedTuple):
    """A sentence as it is searched."""

    parts: tuple[SourcePart | None, ...]
    """One part unless the sentence was split, none if it is blank. A part that consists of kept
    texts alone is None: it is not searched."""
    cut: bool = False
    """Whether its end was cut off."""
    required: tuple[Phrase, ...] = ()
    """What its translation must hold."""
    marked_parts: tuple[MarkedPart, ...] = ()
    """Each part with its kept texts; empty if no part has any."""

    @property
    def searched_parts(self) -> list[SourcePart]:
        """The parts that are searched."""
        return [part for part in self.parts if part is not None]


class SourceReader:
    """Encodes the sentences of one call and counts the ones that are too long."""

    def __init__(self, tokenizer: Tokenizer, request: Request, done: int = 0) -> None:
        """``done`` sentences came before, in another call."""
        self._tokenizer = tokenizer
        self._tag = request.tag
        self._limit = request.max_src_length
        self._policy = request.too_long
        self._keep = request.keep
        self._done = done
        self._num_long = 0
        self._first_long = 0
        self._num_within = 0

    def read(
        self,
        texts: Sequence[str],
        prefixes: Sequence[Ids],
        required: Sequence[tuple[Phrase, ...]],
    ) -> list[Source]:
        """Encodes sentences.

        Args:
            texts: The sentences as they were typed.
            prefixes: How each translation begins; if a sentence is split, its first part's.
            required: What each translation must hold.

        Raises:
            SentenceError: If a sentence lacks a tag, or is too long and that is an error.
        """
        texts = tag_sentences(texts, self._tag, self._tokenizer, self._done)
        marked_texts = [self._mark(text) for text in texts]
        plain = [marked.text for marked in marked_texts if not marked.kept]
        plain_ids = iter(self._tokenizer.encode_src(plain))
        sources = []
        for marked, prefix, phrases in zip(marked_texts, prefixes, required, strict=True):
            self._done += 1
            if marked.kept:
                source = self._read_marked(marked, prefix)
            else:
                source = self._read_plain(marked.text, tuple(next(plain_ids)), prefix)
            sources.append(source._replace(required=phrases))
        return sources

    def _mark(self, text: str) -> MarkedText:
        """Puts marks in place of kept texts, after a tag if there is one."""
        if self._keep is None:
            return MarkedText(text, ())
        tag = self._tokenizer.tag_of(text)
        silent = self._tokenizer.keep is None
        if tag is None:
            return self._keep.mark(text, silent_tags=silent)
        marked = self._keep.mark(text.split(tag, 1)[1].lstrip(), silent_tags=silent)
        return marked._replace(text=f"{tag} {marked.text}")

    def _read_plain(self, text: str, ids: Ids, prefix: Ids) -> Source:
        """Encodes a sentence without kept texts, whose pieces are ``ids``."""
        ids_of_parts, cut = self._split(text, ids, self._tokenizer.encode_src)
        parts = [
            SourcePart(part_ids, () if number else prefix)
            for number, part_ids in enumerate(ids_of_parts)
        ]
        return Source(tuple(parts), cut)

    def _read_marked(self, marked: MarkedText, prefix: Ids) -> Source:
        """Encodes a sentence with kept texts."""
        encode = self._tokenizer.encode_marked
        ids_of_parts, cut = self._split(marked.text, tuple(encode([marked.text])[0]), encode)
        tags = 0 if self._tokenizer.tag_of(marked.text) is None else 1
        parts: list[SourcePart | None] = []
        marked_parts = []
        kept = iter(marked.kept)
        for number, part_ids in enumerate(ids_of_parts):
            ids = part_ids[tags:-1]
            if ids[-1] == BLANK_ID:  # the text that it belongs to is in the next part
                ids = ids[:-1]
            marked_part = MarkedPart(ids, tuple(next(kept) for mark in ids if mark in _MARKS))
            part_prefix = () if number else prefix
            part = SourcePart(
                src=self._tokenizer.read_marks((*part_ids[:tags], *ids, EOS_ID)),
                prefix=part_prefix,
                wants_attention=bool(marked_part.kept),
            )
            parts.append(part if marked_part.has_words or part_prefix else None)
            marked_parts.append(marked_part)
        return Source(tuple(parts), cut, marked_parts=tuple(marked_parts))

    def _split(self, text: str, ids: Ids, encode: Encode) -> tuple[list[Ids], bool]:
        """Returns the ids of each part of a sentence, and whether its end is cut off."""
        if self._tokenizer.is_blank(ids):  # or of characters that the tokenizer knows as nothing
            return [], False
        if len(ids) <= self._limit:
            return [ids], False
        if self._policy == "error":
            raise SentenceError(
                self._done,
                f"has {len(ids)} pieces; expected at most {self._limit}: split it, raise "
                "max_src_length (--max-src-length), or set too_long (--too-long) to split or "
                "truncate",
            )
        self._num_long += 1
        self._first_long = self._first_long or self._done
        if self._policy == "truncate":
            return [(*ids[: self._limit - 1], EOS_ID)], True
        tag = self._tokenizer.tag_of(text)
        if tag is None:
            source = split(text, encode, self._limit)
            parts = source.parts
        else:
            untagged = partial(self._encode_untagged, tag, encode)
            source = split(text.split(tag, 1)[1], untagged, max(2, self._limit - 1))
            parts = [(ids[0], *part) for part in source.parts]
        self._num_within += source.within
        return parts, False

    def _encode_untagged(self, tag: str, encode: Encode, texts: Sequence[str]) -> list[list[int]]:
        """Encodes texts that come after ``tag``: a tag that one of them begins with is text."""
        return [ids[1:] for ids in encode([f"{tag} {text}" for text in texts])]

    def log_warnings(self) -> None:
        """Logs how many sentences were too long, and what was done with them."""
        if not self._num_long:
            return
        where = f"(first: line {self._first_long})"
        start = f"{self._num_long} of {self._done} sentences had over {self._limit} pieces and were"
        if self._policy == "truncate":
            logger.warning("%s cut there %s", start, where)
        else:
            inside = f", {self._num_within} of them within a sentence" if self._num_within else ""
            logger.warning("%s translated in parts%s %s", start, inside, where)


def tag_sentences(
    texts: Sequence[str], tag: str | None, tokenizer: Tokenizer, done: int
) -> list[str]:
    """Cleans sentences and puts a tag before each of them.

    Args:
        texts: The sentences as they were typed.
        tag: The tag; None if each sentence begins with its own, or the model has no tags.
        tokenizer: The model's.
        done: Sentences that came before, for the numbers in messages.

    Raises:
        SentenceError: If ``tag`` is None, the model has tags, and a sentence begins with none.
    """
    texts = [clean(text) for text in texts]
    if tag is not None:
        return [f"{tag} {text}" for text in texts]
    tags = tokenizer.tags
    for number, text in enumerate(texts if tags else (), done + 1):
        if text and tokenizer.tag_of(text) is None:
            code = language_codes(tags)[0]
            raise SentenceError(
                number,
                f"does not begin with a tag of the model ({', '.join(tags)}); name the language "
                f"to translate to (to={code!r}, --to {code}), or begin each sentence with its tag",
            )
    return texts
