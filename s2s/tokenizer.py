"""Text to pieces and back: SentencePiece models, one for both languages or one a side.

Kudo and Richardson (2018), "SentencePiece: A simple and language independent subword tokenizer".
Text typed by a user is never taken for a special piece: ``</s>`` in a sentence is four characters.
The one exception is a tag at the very beginning of a source sentence (``s2s.tags``), which is what
tags are for.
"""

import dataclasses
import io
from collections.abc import Iterable, Iterator, Sequence
from itertools import chain

import sentencepiece

from s2s.config import BOS_ID, EOS_ID, PAD_ID, UNK_ID, TokenizerConfig
from s2s.errors import ConfigError, DataError, ModelError
from s2s.tags import TAG, check_tags, leading_tag

COVERAGE = 0.9998
"""Share of the training text's characters that pieces of ``bpe`` and ``unigram`` can write; the
rest are unknown. For ``char`` and ``word``, the size of the vocabulary is the only limit."""
_SHARED_OUT = 5000  # sentences in a list from which on threads pay


class Tokenizer:
    """Cuts source sentences into piece ids and joins target piece ids to text."""

    def __init__(
        self,
        src_model: bytes,
        tgt_model: bytes | None = None,
        tags: Sequence[str] | None = None,
    ) -> None:
        """Loads serialized SentencePiece models.

        Args:
            src_model: The source's model, or the joint one.
            tgt_model: The target's model; None if ``src_model`` is joint.
            tags: What a source sentence may begin with, such as ``<2de>``; None for all tags that
                the source vocabulary has, which may be more than a network was trained with.

        Raises:
            ModelError: If the bytes are no SentencePiece model with s2s's special pieces, or the
                source's lacks a tag.
        """
        self.src_model = src_model
        self.tgt_model = tgt_model
        self._src = _load(src_model, "source")
        self._tgt = self._src if tgt_model is None else _load(tgt_model, "target")
        self.tags = _find_tags(self._src, src_model, tags)
        """What a source sentence may begin with, sorted; empty for one pair of languages."""
        self._tag_ids = {tag: int(self._src.piece_to_id(tag)) for tag in self.tags}
        self._leading_tag = leading_tag(self.tags) if self.tags else None

    @property
    def src_vocab_size(self) -> int:
        """Pieces of the source vocabulary."""
        return int(self._src.get_piece_size())

    @property
    def tgt_vocab_size(self) -> int:
        """Pieces of the target vocabulary."""
        return int(self._tgt.get_piece_size())

    def encode_src(self, texts: Sequence[str]) -> list[list[int]]:
        """Returns each text's ids, a tag that it begins with first, the end piece last."""
        pattern = self._leading_tag
        if pattern is None:
            return [[*ids, EOS_ID] for ids in _encode(self._src, texts)]
        found = [pattern.fullmatch(text) for text in texts]
        firsts = [[] if tag is None else [self._tag_ids[tag[1]]] for tag in found]
        rests = [text if tag is None else tag[2] for text, tag in zip(texts, found, strict=True)]
        return [
            [*first, *ids, EOS_ID]
            for first, ids in zip(firsts, _encode(self._src, rests), strict=True)
        ]

    def tag_of(self, text: str) -> str | None:
        """Returns the tag that a source sentence begins with, if it does."""
        found = self._leading_tag and self._leading_tag.fullmatch(text)
        return None if found is None else found[1]

    def is_blank(self, ids: Sequence[int]) -> bool:
        """Whether a source says nothing: it is the end piece alone, or after a tag."""
        return len(ids) == (2 if ids[0] in self._tag_ids.values() else 1)

    def encode_tgt(self, texts: Sequence[str]) -> list[list[int]]:
        """Returns each text's ids with the end piece last, the begin piece left to the decoder."""
        return [[*ids, EOS_ID] for ids in _encode(self._tgt, texts)]

    def decode(self, hypotheses: Sequence[Sequence[int]]) -> list[str]:
        """Returns the text of each list of target ids; special pieces are left out."""
        plain = [[int(i) for i in ids if i not in (PAD_ID, BOS_ID, EOS_ID)] for ids in hypotheses]
        return [str(text) for text in self._tgt.decode(plain, num_threads=1)] if plain else []

    def src_pieces(self, ids: Sequence[int]) -> list[str]:
        """Returns the written form of source ids, without tags and special pieces."""
        skipped = {PAD_ID, BOS_ID, EOS_ID, *self._tag_ids.values()}
        return [str(self._src.id_to_piece(int(i))) for i in ids if i not in skipped]

    def tgt_id(self, piece: str) -> int:
        """Returns the id of a target piece as the vocabulary writes it, ``▁Haus`` say.

        Raises:
            ConfigError: If there is none, or it is a special one.
        """
        number = int(self._tgt.piece_to_id(piece))
        if number in (PAD_ID, UNK_ID, BOS_ID, EOS_ID):
            raise ConfigError(
                f"the target vocabulary has no piece {piece!r}; pieces are written as s2s "
                "translate --json shows them, ▁ for the blank before a word"
            )
        return number

    def tgt_pieces(self, ids: Sequence[int]) -> list[str]:
        """Returns the written form of target ids, special ones included."""
        return [str(self._tgt.id_to_piece(int(i))) for i in ids]


def train_tokenizer(
    src_texts: Iterable[str],
    tgt_texts: Iterable[str],
    config: TokenizerConfig,
    seed: int,
    symbols: Sequence[str] = (),
) -> Tokenizer:
    """Learns the vocabularies from training text.

    Args:
        src_texts: Source sentences; read once, at most two million of them are sampled.
        tgt_texts: Target sentences.
        config: Size, algorithms, joint or not.
        seed: For the sample of sentences.
        symbols: Tags, such as ``<2de>``: pieces of the source's or joint vocabulary whatever the
            text, and counted in its size. The texts may have them or not.

    Raises:
        ConfigError: If a symbol does not look like a tag.
        DataError: If there is no text, or the vocabulary cannot hold its characters.
    """
    tags = check_tags(symbols)
    if config.joint:
        return Tokenizer(train_model(chain(src_texts, tgt_texts), config, seed, tags))
    src_model = train_model(iter(src_texts), config, seed, tags)
    tgt = dataclasses.replace(
        config, algorithm=config.tgt_algorithm or config.algorithm, tgt_algorithm=None
    )
    return Tokenizer(src_model, train_model(iter(tgt_texts), tgt, seed))


def train_model(
    texts: Iterator[str], config: TokenizerConfig, seed: int, tags: Sequence[str] = ()
) -> bytes:
    """Learns one SentencePiece model; as ``train_tokenizer``, which see."""
    model = io.BytesIO()
    sentencepiece.set_random_generator_seed(seed)
    try:
        sentencepiece.SentencePieceTrainer.train(
            sentence_iterator=texts,
            model_writer=model,
            vocab_size=config.vocab_size,
            hard_vocab_limit=False,  # small corpora hold fewer pieces than asked for
            model_type=config.algorithm,
            normalization_rule_name=config.normalization,
            byte_fallback=config.byte_fallback,
            character_coverage=COVERAGE if config.algorithm in ("bpe", "unigram") else 1.0,
            input_sentence_size=2_000_000,
            shuffle_input_sentence=True,
            max_sentence_length=100_000,  # bytes; the default leaves long lines out silently
            pad_id=PAD_ID,
            unk_id=UNK_ID,
            bos_id=BOS_ID,
            eos_id=EOS_ID,
            # Not user-defined symbols: those are found in the middle of what a user types, too.
            control_symbols=list(tags),
            minloglevel=2,
        )
    except RuntimeError as error:
        reason = str(error).strip().splitlines()[-1]
        raise DataError(
            f"no vocabulary of {config.vocab_size} pieces could be learned: {reason}; "
            "try another vocab_size, or more text"
        ) from error
    return model.getvalue()


def _load(model: bytes, side: str) -> sentencepiece.SentencePieceProcessor:
    processor = sentencepiece.SentencePieceProcessor()
    try:
        # An empty model makes every later call fail; LoadFromSerializedProto accepts it.
        if not model:
            raise RuntimeError("it is empty")
        processor.LoadFromSerializedProto(model)
    except RuntimeError as error:
        reason = str(error).strip().splitlines()[-1]
        raise ModelError(f"the {side} tokenizer is no SentencePiece model: {reason}") from error
    found = (processor.pad_id(), processor.unk_id(), processor.bos_id(), processor.eos_id())
    if found != (PAD_ID, UNK_ID, BOS_ID, EOS_ID):
        raise ModelError(
            f"the {side} tokenizer has pad, unk, bos, eos = {found}; expected "
            f"{(PAD_ID, UNK_ID, BOS_ID, EOS_ID)}: train SentencePiece with "
            "pad_id=0, unk_id=1, bos_id=2, eos_id=3"
        )
    return processor


def _find_tags(
    processor: sentencepiece.SentencePieceProcessor, model: bytes, wanted: Sequence[str] | None
) -> tuple[str, ...]:
    """Returns the tags among the control pieces: ``wanted``, or all."""
    found: set[str] = set()
    if b"<2" in model:  # a look through all pieces takes milliseconds
        pieces = processor.id_to_piece(list(range(processor.get_piece_size())))
        found = {
            piece
            for number, piece in enumerate(pieces)
            if TAG.fullmatch(piece) and processor.is_control(number)
        }
    if missing := sorted(set(found if wanted is None else wanted) - found):
        raise ModelError(
            f"the source tokenizer has no control piece {missing[0]}; it has "
            f"{', '.join(sorted(found)) or 'no tags'}: extend it, or train SentencePiece with "
            "control_symbols"
        )
    return tuple(sorted(found if wanted is None else set(wanted)))


def _encode(
    processor: sentencepiece.SentencePieceProcessor, texts: Sequence[str]
) -> list[list[int]]:
    if not texts:
        return []
    # Threads are made anew in each call: thousands of sentences are done before they start.
    threads = 1 if len(texts) < _SHARED_OUT else -1
    return list(processor.encode(list(texts), num_threads=threads))
