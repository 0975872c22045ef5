"""Chunks of a few thousand pairs: tokenised, filtered and counted.

Text is processed in chunks, so that memory does not grow with the text, and a chunk can be handed
to another process (``s2s.corpus.pool``).
"""

from dataclasses import dataclass, fields
from itertools import chain
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from s2s.config import UNK_ID
from s2s.corpus.augment import Changes, augment
from s2s.corpus.config import AugmentConfig, CorpusConfig
from s2s.corpus.encode import encode_pairs
from s2s.corpus.sampling import Sampler
from s2s.corpus.sentences import Sentences, ids_dtype, to_offsets
from s2s.errors import ConfigError
from s2s.tokenizer import Tokenizer

CHUNK_PAIRS = 4096
"""Pairs of a chunk. With subword sampling or augmentation, each chunk has a seed of its own."""
CHUNK_CHARACTERS = 1_000_000
"""A chunk with this much text takes no further pair: lines may be long."""
RATIO_MARGIN = 5
"""Pieces that a side may have more than ``max_ratio`` times those of the other side."""
_JSON_KEYS = {"accepted": "kept", "with_kept_texts": "marked", "kept_texts": "texts"}
"""Counts that have another name in JSON, where tokenised text of earlier versions has it."""


@dataclass(frozen=True, kw_only=True, slots=True)
class PairCounts:
    """How many pairs were read, how many passed the filter, and why the others did not."""

    read: int = 0
    blank: int = 0
    """Pairs rejected because a side has no text."""
    too_long: int = 0
    """Pairs rejected because a side has more than ``max_pieces`` pieces."""
    ratio: int = 0
    """Pairs rejected because one side is too long for the other one, see ``max_ratio``."""
    accepted: int = 0
    copied: int = 0
    """Accepted pairs whose target equals their source."""
    with_kept_texts: int = 0
    """Accepted pairs with at least one text that the option ``keep`` protects."""
    kept_texts: int = 0
    """Protected texts of the accepted pairs; a text on both sides counts once."""
    src_unknown: int = 0
    """Accepted pairs whose source has a character or word without a piece."""
    tgt_unknown: int = 0
    """Accepted pairs whose target has one, which no translation will contain."""
    repeated: int = 0
    """Pairs that occurred before in the text, and were not rejected for that."""
    dropped: int = 0
    """Pairs rejected because they occurred before, see ``deduplicate``."""

    def __add__(self, other: "PairCounts") -> "PairCounts":
        names = [field.name for field in fields(self)]
        return PairCounts(**{name: getattr(self, name) + getattr(other, name) for name in names})

    def __str__(self) -> str:
        reasons = f"{self.blank:,} blank, {self.too_long:,} too long, {self.ratio:,} unequal length"
        if self.dropped:
            reasons += f", {self.dropped:,} repeated"
        copied = f"; {self.copied:,} targets equal their source" if self.copied else ""
        texts = f"; {self.kept_texts:,} kept texts in {self.with_kept_texts:,} pairs"
        unknown = f"; unknown in {self.src_unknown:,} sources and {self.tgt_unknown:,} targets"
        repeated = f"; {self.repeated:,} repeat an earlier pair (--deduplicate rejects them)"
        return (
            f"{self.read:,} pairs read, {self.accepted:,} accepted (rejected: {reasons}){copied}"
            f"{repeated if self.repeated else ''}"
            f"{texts if self.kept_texts else ''}"
            f"{unknown if self.src_unknown or self.tgt_unknown else ''}"
        )

    def to_dict(self) -> dict[str, int]:
        """Returns the counts for JSON."""
        return {
            _JSON_KEYS.get(field.name, field.name): getattr(self, field.name)
            for field in fields(self)
        }

    @classmethod
    def from_dict(cls, values: dict[str, Any]) -> "PairCounts":
        """Returns what ``to_dict`` was called on; TypeError if there is an unknown key."""
        names = {key: name for name, key in _JSON_KEYS.items()}
        return cls(**{names.get(key, key): value for key, value in values.items()})


class Chunk(NamedTuple):
    r"""Some pairs of lines as UTF-8, each side joined by ``\n``."""

    src: bytes
    tgt: bytes


class Filter(NamedTuple):
    """How raw lines become sentences, and which pairs are accepted."""

    tag: str | None
    max_pieces: int
    max_ratio: float
    keep_text: bool = False


class Resample(NamedTuple):
    """How accepted lines are changed, or cut into pieces once more, at random."""

    sampling: float
    seed: int
    augment: AugmentConfig = AugmentConfig()
    max_pieces: int = 0
    """Most pieces of a side that augmentation makes; neither the end piece nor the tag counts."""


class TokenizedChunk(NamedTuple):
    """The pieces of a chunk's accepted pairs."""

    src: Sentences
    tgt: Sentences
    src_text: Sentences
    """The lines as they were tokenised, with tag, stand-ins and line end; empty without
    ``keep_text``."""
    tgt_text: Sentences
    counts: PairCounts
    rows: NDArray[np.int64]
    """Lines of the chunk that have the pieces, if it was resampled: all of them with subword
    sampling, else those that augmentation has changed. Empty if it was not resampled."""


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
            f"CorpusConfig.tag of {config.name} is {config.tag!r}; expected a tag of the "
            f"vocabulary, which has {', '.join(tokenizer.tags) or 'no tags'}"
        )
    return Filter(config.tag, max_pieces, max_ratio, keep_text)


def make_samplers(tokenizer: Tokenizer) -> tuple[Sampler, Sampler]:
    """Returns samplers of source and target; ConfigError if the vocabulary allows no sampling."""
    src, cutter = Sampler(tokenizer.src_model), tokenizer.tgt_cutter
    return src, src if cutter is tokenizer.src_model else Sampler(cutter)


class ChunkTokenizer:
    """Tokenises chunks: the same chunk gives the same pieces in every process."""

    def __init__(self, tokenizer: Tokenizer) -> None:
        self._tokenizer = tokenizer
        self._samplers: tuple[Sampler, Sampler] | None = None
        sizes = (tokenizer.src_vocab_size, tokenizer.tgt_vocab_size)
        self._dtypes = ids_dtype(sizes[0]), ids_dtype(sizes[1])

    def __call__(self, chunk: Chunk, how: Filter | Resample) -> TokenizedChunk:
        """Returns the pieces; ConfigError if the vocabulary allows no sampling."""
        src, tgt = (side.decode().split("\n") for side in chunk)
        if isinstance(how, Filter):
            return _tokenize_raw(self._tokenizer, src, tgt, how)
        return self._resample(src, tgt, how)

    def _resample(self, src: list[str], tgt: list[str], how: Resample) -> TokenizedChunk:
        count, plain, tags = len(src), *untag(self._tokenizer, src)
        changes = Changes()
        if how.augment:
            pairs = list(zip(plain, tgt, strict=True))
            changes = augment(self._tokenizer, pairs, tags, how.augment, how.max_pieces, how.seed)
        if how.sampling:
            for row, pair in zip(changes.rows, changes.pairs, strict=True):
                plain[row], tgt[row] = pair
            rows, packed = list(range(count)), self._sample(plain, tgt, tags, how)
        else:
            rows = changes.rows
            packed = _pack(changes.src, self._dtypes[0]), _pack(changes.tgt, self._dtypes[1])
        return TokenizedChunk(
            src=packed[0],
            tgt=packed[1],
            src_text=_pack_text([]),
            tgt_text=_pack_text([]),
            counts=PairCounts(read=count, accepted=count),
            rows=np.array(rows, np.int64),
        )

    def _sample(
        self, src: list[str], tgt: list[str], tags: list[str | None], how: Resample
    ) -> tuple[Sentences, Sentences]:
        if self._samplers is None:
            self._samplers = make_samplers(self._tokenizer)
        random = np.random.default_rng(how.seed)
        src_ids = self._samplers[0].encode(src, how.sampling, random, tags)
        tgt_ids = self._samplers[1].encode(tgt, how.sampling, random, [None] * len(tgt))
        return (
            Sentences(src_ids.ids.astype(self._dtypes[0]), src_ids.offsets),
            Sentences(tgt_ids.ids.astype(self._dtypes[1]), tgt_ids.offsets),
        )


def untag(tokenizer: Tokenizer, src: list[str]) -> tuple[list[str], list[str | None]]:
    """Returns the texts of accepted sources without their tags, and the tags."""
    tags = [tokenizer.tag_of(text) if tokenizer.tags else None for text in src]
    plain = [
        text if tag is None else text.removeprefix(tag).lstrip()
        for text, tag in zip(src, tags, strict=True)
    ]
    return plain, tags


def _tokenize_raw(
    tokenizer: Tokenizer, src: list[str], tgt: list[str], how: Filter
) -> TokenizedChunk:
    """Cleans, tags, tokenises and filters lines.

    The limits do not count the tag, so the tag does not decide which pairs are accepted.
    """
    cleaned = [(tokenizer.clean(a), tokenizer.clean(b)) for a, b in zip(src, tgt, strict=True)]
    full = [pair for pair in cleaned if pair[0] and pair[1]]
    pairs = [(a, b, 0) for a, b in full]  # source, target, number of kept texts
    if tokenizer.keep is not None:
        pairs = [tokenizer.keep.mark_pair(a, b) for a, b in full]
    src_texts, tgt_texts = [pair[0] for pair in pairs], [pair[1] for pair in pairs]
    if how.tag is not None:
        src_texts = [f"{how.tag} {text}" for text in src_texts]
    src_ids, tgt_ids = encode_pairs(tokenizer, src_texts, tgt_texts)
    extra = 1 if how.tag is None else 2  # the end piece; with a tag, the tag too
    src_lengths = np.array([len(ids) - extra for ids in src_ids], np.int64)
    tgt_lengths = np.array([len(ids) - 1 for ids in tgt_ids], np.int64)
    low, high = np.minimum(src_lengths, tgt_lengths), np.maximum(src_lengths, tgt_lengths)
    blank = low == 0  # the normalization removed all of the text
    if tokenizer.tags and how.tag is None:
        blank |= np.array([tokenizer.is_blank(ids) for ids in src_ids], bool)
    too_long = ~blank & (high > how.max_pieces)
    ratio = ~blank & ~too_long & (high > how.max_ratio * low + RATIO_MARGIN)
    rows = np.flatnonzero(~(blank | too_long | ratio)).tolist()
    counts = PairCounts(
        read=len(src),
        blank=len(src) - len(full) + int(blank.sum()),
        too_long=int(too_long.sum()),
        ratio=int(ratio.sum()),
        accepted=len(rows),
        copied=sum(full[row][0] == full[row][1] for row in rows),
        with_kept_texts=sum(pairs[row][2] > 0 for row in rows),
        kept_texts=sum(pairs[row][2] for row in rows),
        src_unknown=sum(UNK_ID in src_ids[row] for row in rows),
        tgt_unknown=sum(UNK_ID in tgt_ids[row] for row in rows),
    )
    return TokenizedChunk(
        src=_pack([src_ids[row] for row in rows], ids_dtype(tokenizer.src_vocab_size)),
        tgt=_pack([tgt_ids[row] for row in rows], ids_dtype(tokenizer.tgt_vocab_size)),
        src_text=_pack_text([src_texts[row] for row in rows] if how.keep_text else []),
        tgt_text=_pack_text([tgt_texts[row] for row in rows] if how.keep_text else []),
        counts=counts,
        rows=np.zeros(0, np.int64),
    )


def _pack(sentences: list[list[int]], dtype: np.dtype[Any]) -> Sentences:
    offsets = to_offsets([len(ids) for ids in sentences])
    ids = np.fromiter(chain.from_iterable(sentences), dtype, int(offsets[-1]))
    return Sentences(ids, offsets)


def _pack_text(texts: list[str]) -> Sentences:
    lines = [f"{text}\n".encode() for text in texts]
    return Sentences(
        np.frombuffer(b"".join(lines), np.uint8), to_offsets([len(line) for line in lines])
    )
