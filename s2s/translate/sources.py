"""From source sentences to the ids that are searched, and what is done with those too long."""

import logging
from collections.abc import Sequence
from functools import partial
from typing import NamedTuple

from s2s.config import EOS_ID
from s2s.errors import SentenceError
from s2s.tokenizer import Tokenizer
from s2s.tokenizer.keep import Kept, MarkedText
from s2s.tokenizer.marks import BLANK_ID, MARK_IDS
from s2s.tokenizer.pieces import Ids
from s2s.translate.batching import SourcePart
from s2s.translate.phrases import Phrase
from s2s.translate.request import Request
from s2s.translate.splitting import Encode, part


class MarkedPart(NamedTuple):
    """A source sentence, or a part of one, and what is kept of it."""

    marked: Ids
    """Its pieces and marks (``s2s.tokenizer.marks``), without a tag or the end piece."""
    kept: tuple[Kept, ...]
    """One a mark, in order."""

    @property
    def has_words(self) -> bool:
        """Whether there is anything to translate."""
        return any(each >= 0 for each in self.marked)

    def copy(self) -> str:
        """Returns what is kept, and nothing else."""
        return "".join(f"{' ' * each.after_blank}{each.text}" for each in self.kept).lstrip()


_MARKS = frozenset(MARK_IDS.values())

logger = logging.getLogger(__name__)


class Source(NamedTuple):
    """A sentence as it is searched."""

    parts: tuple[SourcePart | None, ...]
    """One unless the sentence was split, none if it is blank. None for one of kept texts alone."""
    cut: bool = False
    """Whether its end was left out."""
    required: tuple[Phrase, ...] = ()
    """What its translation must hold."""
    kept: tuple[MarkedPart, ...] = ()
    """What is kept of each part; none if nothing is of any."""

    @property
    def queries(self) -> list[SourcePart]:
        """What is searched."""
        return [each for each in self.parts if each is not None]


class SourceReader:
    """Encodes the sentences of one call and counts those that are too long."""

    def __init__(self, tokenizer: Tokenizer, request: Request, read: int = 0) -> None:
        """``read`` sentences came before, in another call."""
        self._tokenizer = tokenizer
        self._limit = request.max_src_length
        self._policy = request.too_long
        self._keep = request.keep
        self._read = read
        self._long = 0
        self._first_long = 0
        self._within = 0

    def read(
        self,
        texts: Sequence[str],
        prefixes: Sequence[Ids],
        required: Sequence[tuple[Phrase, ...]],
    ) -> list[Source]:
        """Encodes sentences, which begin with their tag if the model has tags.

        Args:
            texts: Clean.
            prefixes: How the translation of each begins; of a sentence in parts, that of the first.
            required: What the translation of each must hold.

        Raises:
            SentenceError: If one is too long and that is an error.
        """
        marked = [self._mark(text) for text in texts]
        plain = iter(self._tokenizer.encode_src([each.text for each in marked if not each.kept]))
        sources = []
        for each, prefix, phrases in zip(marked, prefixes, required, strict=True):
            self._read += 1
            if each.kept:
                source = self._with_kept(each, prefix)
            else:
                parts, cut = self._parts(each.text, tuple(next(plain)), self._tokenizer.encode_src)
                queries = [
                    SourcePart(ids, () if number else prefix) for number, ids in enumerate(parts)
                ]
                source = Source(tuple(queries), cut)
            sources.append(source._replace(required=phrases))
        return sources

    def _mark(self, text: str) -> MarkedText:
        """Puts marks in place of what is kept, after a tag if there is one."""
        if self._keep is None:
            return MarkedText(text, ())
        tag = self._tokenizer.tag_of(text)
        silent = self._tokenizer.keep is None
        if tag is None:
            return self._keep.mark(text, silent_tags=silent)
        marked = self._keep.mark(text.split(tag, 1)[1].lstrip(), silent_tags=silent)
        return marked._replace(text=f"{tag} {marked.text}")

    def _with_kept(self, marked: MarkedText, prefix: Ids) -> Source:
        encode = self._tokenizer.encode_marked
        parts, cut = self._parts(marked.text, tuple(encode([marked.text])[0]), encode)
        tags = 0 if self._tokenizer.tag_of(marked.text) is None else 1
        queries: list[SourcePart | None] = []
        kept_parts = []
        kept = iter(marked.kept)
        for number, ids in enumerate(parts):
            own = ids[tags:-1]
            if own[-1] == BLANK_ID:  # the text that it belongs to is in the next part
                own = own[:-1]
            begun = () if number else prefix
            kept_part = MarkedPart(own, tuple(next(kept) for each in own if each in _MARKS))
            src = self._tokenizer.read_marks((*ids[:tags], *own, EOS_ID))
            query = SourcePart(src, begun, wants_attention=bool(kept_part.kept))
            queries.append(query if kept_part.has_words or begun else None)
            kept_parts.append(kept_part)
        return Source(tuple(queries), cut, kept=tuple(kept_parts))

    def _parts(self, text: str, ids: Ids, encode: Encode) -> tuple[list[Ids], bool]:
        """Returns the ids of each part of a sentence, and whether its end is left out."""
        if self._tokenizer.is_blank(ids):  # or of characters that the tokenizer knows as nothing
            return [], False
        if len(ids) <= self._limit:
            return [ids], False
        if self._policy == "error":
            raise SentenceError(
                self._read,
                f"has {len(ids)} pieces; expected at most {self._limit}: split it, raise "
                "max_src_length, or choose too_long split or truncate",
            )
        self._long += 1
        self._first_long = self._first_long or self._read
        if self._policy == "truncate":
            return [(*ids[: self._limit - 1], EOS_ID)], True
        tag = self._tokenizer.tag_of(text)
        if tag is None:
            found = part(text, encode, self._limit)
            parts = found.parts
        else:
            rest = text.split(tag, 1)[1]
            untagged = partial(self._untagged, tag, encode)
            found = part(rest, untagged, max(2, self._limit - 1))
            parts = [(ids[0], *each) for each in found.parts]
        self._within += found.within
        return parts, False

    def _untagged(self, tag: str, encode: Encode, texts: Sequence[str]) -> list[list[int]]:
        """Encodes texts as they are after ``tag``: one that they begin with themselves is text."""
        return [ids[1:] for ids in encode([f"{tag} {text}" for text in texts])]

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
