"""Chunks of a few thousand pairs: cut into pieces, filtered and counted.

Text is worked on in chunks, so that memory does not grow with it, and a chunk can be handed to
another process (``s2s.corpus.pool``).
"""

from collections.abc import Sequence
from dataclasses import dataclass, fields
from itertools import chain
from typing import NamedTuple

import numpy as np

from s2s.corpus.config import CorpusConfig
from s2s.corpus.sampling import Sampler
from s2s.corpus.sentences import Sentences, ids_dtype, to_offsets
from s2s.errors import ConfigError
from s2s.text import clean
from s2s.tokenizer import Tokenizer
from s2s.tokenizer.keep import STAND_IN

CHUNK_PAIRS = 4096
"""Pairs tokenised at a time; with subword sampling, also what a seed serves."""
CHUNK_CHARACTERS = 1_000_000
"""Text of a chunk from which on it takes no further pair: lines may be long."""


@dataclass(frozen=True, kw_only=True, slots=True)
class PairCounts:
    """What became of the pairs that were read."""

    read: int = 0
    blank: int = 0
    too_long: int = 0
    ratio: int = 0
    kept: int = 0
    copied: int = 0
    """Kept pairs whose target equals their source."""
    marked: int = 0
    """Kept pairs that have texts which are kept."""
    texts: int = 0
    """Such texts, on either side."""

    def __add__(self, other: "PairCounts") -> "PairCounts":
        names = [field.name for field in fields(self)]
        return PairCounts(**{name: getattr(self, name) + getattr(other, name) for name in names})

    def __str__(self) -> str:
        reasons = f"{self.blank:,} blank, {self.too_long:,} too long, {self.ratio:,} ratio"
        copied = f"; {self.copied:,} are copies of their source" if self.copied else ""
        texts = f"; {self.texts:,} texts in {self.marked:,} pairs stay as they are"
        return (
            f"{self.read:,} pairs read, {self.kept:,} kept (left out: {reasons}){copied}"
            f"{texts if self.texts else ''}"
        )


class Chunk(NamedTuple):
    r"""Some pairs of lines as UTF-8, each side joined by ``\n``."""

    src: bytes
    tgt: bytes


class Filter(NamedTuple):
    """How raw lines become sentences, and which are kept."""

    tag: str | None
    max_pieces: int
    max_ratio: float
    keep_text: bool = False


class Resample(NamedTuple):
    """How lines that were kept are cut into pieces once more, at random."""

    sampling: float
    seed: int


class TokenizedChunk(NamedTuple):
    """A chunk in pieces."""

    src: Sentences
    tgt: Sentences
    src_text: Sentences
    """The kept lines as they were encoded, tag, stand-ins and all, each with its line end;
    empty without ``keep_text``."""
    tgt_text: Sentences
    counts: PairCounts


def make_filter(
    config: CorpusConfig,
    tokenizer: Tokenizer,
    max_pieces: int,
    max_ratio: float,
    keep_text: bool = False,
) -> Filter:
    """Returns how a corpus is read; ConfigError if the tokenizer does not know its tag."""
    if config.tag is not None and config.tag not in tokenizer.tags:
        raise ConfigError(
            f"CorpusConfig.tag of {config.src} is {config.tag!r}; the vocabulary has "
            f"{', '.join(tokenizer.tags) or 'no tags'}"
        )
    return Filter(config.tag, max_pieces, max_ratio, keep_text)


def make_samplers(tokenizer: Tokenizer) -> tuple[Sampler, Sampler]:
    """Returns what cuts source and target; ConfigError if the vocabulary is none to sample from."""
    src, cutter = Sampler(tokenizer.src_model), tokenizer.tgt_cutter
    return src, src if cutter is tokenizer.src_model else Sampler(cutter)


class ChunkEncoder:
    """Cuts chunks into pieces: the same for the same chunk, whichever process does it."""

    def __init__(self, tokenizer: Tokenizer) -> None:
        self._tokenizer = tokenizer
        self._samplers: tuple[Sampler, Sampler] | None = None

    def __call__(self, chunk: Chunk, how: Filter | Resample) -> TokenizedChunk:
        """Returns the pieces; ConfigError if the vocabulary is none to sample from."""
        src, tgt = (side.decode().split("\n") for side in chunk)
        if isinstance(how, Filter):
            return _encode_raw(self._tokenizer, src, tgt, how)
        return self._resample(src, tgt, how)

    def _resample(self, src: list[str], tgt: list[str], how: Resample) -> TokenizedChunk:
        tokenizer = self._tokenizer
        if self._samplers is None:
            self._samplers = make_samplers(tokenizer)
        tags = [tokenizer.tag_of(text) if tokenizer.tags else None for text in src]
        plain = [
            text if tag is None else text.removeprefix(tag).lstrip()
            for text, tag in zip(src, tags, strict=True)
        ]
        random = np.random.default_rng(how.seed)
        sides = (
            self._samplers[0].encode(plain, how.sampling, random, tags),
            self._samplers[1].encode(tgt, how.sampling, random, [None] * len(tgt)),
        )
        sizes = (tokenizer.src_vocab_size, tokenizer.tgt_vocab_size)
        packed = [
            Sentences(side.ids.astype(ids_dtype(size)), side.offsets)
            for side, size in zip(sides, sizes, strict=True)
        ]
        counts = PairCounts(read=len(src), kept=len(src))
        return TokenizedChunk(packed[0], packed[1], _pack_text([]), _pack_text([]), counts)


def _encode_raw(
    tokenizer: Tokenizer, src: list[str], tgt: list[str], how: Filter
) -> TokenizedChunk:
    """Cleans, tags, encodes and filters lines.

    The limits are on the sentence, so its tag is not counted: which pairs are kept does not depend
    on it.
    """
    cleaned = [(clean(a), clean(b)) for a, b in zip(src, tgt, strict=True)]
    full = [pair for pair in cleaned if pair[0] and pair[1]]
    pairs = [(a, b, 0) for a, b in full]
    if tokenizer.keep is not None:
        pairs = [tokenizer.keep.mark_pair(a, b) for a, b in full]
    src_texts, tgt_texts = [pair[0] for pair in pairs], [pair[1] for pair in pairs]
    if how.tag is not None:
        src_texts = [f"{how.tag} {text}" for text in src_texts]
    src_ids, tgt_ids = encode_pairs(tokenizer, src_texts, tgt_texts)
    extra = 1 if how.tag is None else 2  # the end piece, the tag
    src_lengths = np.array([len(ids) - extra for ids in src_ids], np.int64)
    tgt_lengths = np.array([len(ids) - 1 for ids in tgt_ids], np.int64)
    low, high = np.minimum(src_lengths, tgt_lengths), np.maximum(src_lengths, tgt_lengths)
    blank = low == 0  # a text of which the normalization leaves nothing
    if tokenizer.tags and how.tag is None:
        blank |= np.array([tokenizer.is_blank(ids) for ids in src_ids], bool)
    too_long = ~blank & (high > how.max_pieces)
    ratio = ~blank & ~too_long & (high > how.max_ratio * low + 5)
    rows = np.flatnonzero(~(blank | too_long | ratio)).tolist()
    counts = PairCounts(
        read=len(src),
        blank=len(src) - len(full) + int(blank.sum()),
        too_long=int(too_long.sum()),
        ratio=int(ratio.sum()),
        kept=len(rows),
        copied=sum(full[row][0] == full[row][1] for row in rows),
        marked=sum(pairs[row][2] > 0 for row in rows),
        texts=sum(pairs[row][2] for row in rows),
    )
    return TokenizedChunk(
        _pack([src_ids[row] for row in rows], tokenizer.src_vocab_size),
        _pack([tgt_ids[row] for row in rows], tokenizer.tgt_vocab_size),
        _pack_text([src_texts[row] for row in rows] if how.keep_text else []),
        _pack_text([tgt_texts[row] for row in rows] if how.keep_text else []),
        counts,
    )


def encode_pairs(
    tokenizer: Tokenizer, src_texts: Sequence[str], tgt_texts: Sequence[str]
) -> tuple[list[list[int]], list[list[int]]]:
    """Returns the ids of both sides, in which there may be stand-ins (``s2s.translate.keep``)."""
    src_ids, tgt_ids = tokenizer.encode_src(src_texts), tokenizer.encode_tgt(tgt_texts)
    rows = [row for row, text in enumerate(src_texts) if STAND_IN in text]
    src_marked = tokenizer.encode_marked([src_texts[row] for row in rows])
    tgt_marked = tokenizer.encode_tgt_marked([tgt_texts[row] for row in rows])
    for row, src, tgt in zip(rows, src_marked, tgt_marked, strict=True):
        src_ids[row] = list(tokenizer.read_marks(src))
        tgt_ids[row] = list(tokenizer.read_tgt_marks(tgt))
    return src_ids, tgt_ids


def _pack(sentences: list[list[int]], vocab_size: int) -> Sentences:
    offsets = to_offsets([len(ids) for ids in sentences])
    ids = np.fromiter(chain.from_iterable(sentences), ids_dtype(vocab_size), int(offsets[-1]))
    return Sentences(ids, offsets)


def _pack_text(texts: list[str]) -> Sentences:
    lines = [f"{text}\n".encode() for text in texts]
    return Sentences(
        np.frombuffer(b"".join(lines), np.uint8), to_offsets([len(line) for line in lines])
    )
