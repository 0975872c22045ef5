"""Extends vocabularies with new pieces, for a language or a domain that comes later.

New pieces come at the end, and old pieces keep their ids, with one exception: if the target of a
joint vocabulary gets more pieces, the pieces that are the source's alone move behind them.
Fine-tuning finds the row of each piece by itself (``s2s.train.fine_tuning``).
"""

import dataclasses
from collections import Counter
from collections.abc import Iterable, Sequence
from itertools import chain

from s2s.config import TokenizerConfig
from s2s.errors import ConfigError, DataError, ModelError, with_option
from s2s.tokenizer.keep import KEEP_PIECE
from s2s.tokenizer.learn import Side, train_model
from s2s.tokenizer.merges import continue_merges
from s2s.tokenizer.new_text import count_words, new_characters, normalize_texts, sample_texts
from s2s.tokenizer.pieces import (
    CONTROL,
    NORMAL,
    SPACE,
    Piece,
    algorithm_of,
    append_pieces,
    load_plain,
    normalization_of,
    read_pieces,
    splits_digits,
)
from s2s.tokenizer.rules import plain_rules, source_rules, target_rules
from s2s.tokenizer.tags import TAG, check_tags
from s2s.tokenizer.target_share import share_with_target, target_share, with_target_rules
from s2s.tokenizer.tokenizer import Tokenizer
from s2s.tokenizer.used_pieces import pieces_of


def extend_tokenizer(
    tokenizer: Tokenizer,
    src_texts: Iterable[str],
    tgt_texts: Iterable[str],
    config: TokenizerConfig,
    new_pieces: int,
    seed: int,
    symbols: Sequence[str] = (),
) -> Tokenizer:
    """Adds pieces of new text to a vocabulary.

    New characters come first: those that occur more than a few times, and as many as are needed to
    write 99.98 % of the text. For BPE, the merges follow that come next when learning goes on over
    the new text. For a unigram model, the likeliest pieces of a model learned from the new text
    follow, if they are used to write it. A vocabulary that cuts digits apart gets no numbers.

    Args:
        tokenizer: The tokenizer to extend: its joint vocabulary, or each side's.
        src_texts: New source sentences; read once, at most 500,000 sentences are sampled.
        tgt_texts: New target sentences.
        config: The new run's settings. ``joint``, and ``algorithm`` and ``normalization`` if they
            are not ``auto``, must be the vocabulary's, unless ``src_model`` names a model, which
            decides them. ``vocab_size`` is ignored.
        new_pieces: Maximum number of pieces added to each vocabulary, tags not counted.
        seed: Seed of the sample of sentences.
        symbols: Tags to add to the source's or joint vocabulary, such as ``<2de>``.

    Returns:
        The extended tokenizer, with the old tags and ``symbols``.

    Raises:
        ConfigError: If ``config`` differs from the vocabulary, a symbol is no tag, or
            ``new_pieces`` is negative.
        DataError: If there is no text.
        ModelError: If the vocabulary is neither BPE nor unigram, or has a symbol as text.
    """
    tags = check_tags(symbols)
    if new_pieces < 0:
        raise ConfigError(f"{with_option('new_pieces')} is {new_pieces}; expected at least 0")
    _check_same(tokenizer, config)

    def extend(model: bytes, sides: Sequence[tuple[bytes, Iterable[str]]]) -> bytes:
        return append_pieces(model, _learn(model, sides, config, new_pieces, seed))

    src_model, tgt_model = tokenizer.src_model, tokenizer.tgt_model
    tgt_texts = list(tgt_texts)
    if new_pieces:
        src, tgt = (src_model, src_texts), (tokenizer.tgt_cutter, tgt_texts)
        src_model = extend(src_model, [src, tgt] if tgt_model is None else [src])
        tgt_model = None if tgt_model is None else extend(tgt_model, [tgt])
    src_model = append_pieces(src_model, _new_controls(src_model, tags))
    extended = Tokenizer(src_model, tgt_model, sorted({*tokenizer.tags, *tags}))
    return update_target_share(extended, tgt_texts)


def update_target_share(tokenizer: Tokenizer, tgt_texts: Iterable[str]) -> Tokenizer:
    """Adds the pieces of a joint vocabulary that new target text needs to the target's share.

    If the target has all pieces, or a vocabulary of its own, the tokenizer is returned unchanged.
    """
    model = tokenizer.src_model
    share = target_share(model) if tokenizer.tgt_model is None else None
    if share is None:
        return tokenizer
    needed = pieces_of(with_target_rules(model), [TAG.sub(" ", text) for text in tgt_texts])
    patterns = () if tokenizer.keep is None else tokenizer.keep.patterns
    shared = share_with_target(model, {*range(share), *needed})
    return Tokenizer(shared, None, tokenizer.tags, patterns)


def with_keep(tokenizer: Tokenizer, patterns: Sequence[str]) -> Tokenizer:
    """Returns a tokenizer that keeps texts, with a piece for them; without patterns, it keeps none.

    Raises:
        ConfigError: If a pattern is invalid.
        ModelError: If a vocabulary has that piece as text.
    """
    src_model, tgt_model = tokenizer.src_model, tokenizer.tgt_model
    if patterns:
        src_model = _with_keep_piece(src_model)
        tgt_model = None if tgt_model is None else _with_keep_piece(tgt_model)
    return Tokenizer(src_model, tgt_model, tokenizer.tags, patterns)


def _with_keep_piece(model: bytes) -> bytes:
    share = target_share(model)
    extended = append_pieces(model, _new_controls(model, [KEEP_PIECE]))
    if share is None:
        return extended
    names = [piece.text for piece in read_pieces(extended)]
    return share_with_target(extended, {*range(share), names.index(KEEP_PIECE)})


def _check_same(tokenizer: Tokenizer, config: TokenizerConfig) -> None:
    """Raises ConfigError unless ``config`` agrees with the settings of the vocabulary."""
    if config.src_model is not None:
        return
    differing = []
    if config.joint != (tokenizer.tgt_model is None):
        differing.append(f"joint is {config.joint} but was {not config.joint}")
    for model, algorithm, rules in (
        (tokenizer.src_model, config.algorithm, source_rules(config)),
        (tokenizer.tgt_model, config.tgt_algorithm or config.algorithm, target_rules(config)),
    ):
        if model is None:
            continue
        if algorithm not in ("auto", algorithm_of(model)):
            differing.append(f"algorithm is {algorithm!r} but was {algorithm_of(model)!r}")
        if config.normalization != "auto" and rules != normalization_of(model):
            differing.append(f"normalization is {rules!r} but was {normalization_of(model)!r}")
    if differing:
        raise ConfigError(
            "an extended vocabulary keeps its settings, but "
            f"{'; '.join(dict.fromkeys(differing))}; repeat the old settings, or name the "
            "vocabulary as src_model (--tokenizer)"
        )


def _new_controls(model: bytes, names: Sequence[str]) -> list[Piece]:
    """Returns control pieces for the ``names`` that the vocabulary lacks."""
    kinds = {piece.text: piece.kind for piece in read_pieces(model)}
    for name in names:
        if kinds.get(name, CONTROL) != CONTROL:
            change = "" if name == KEEP_PIECE else "choose another tag, or "
            raise ModelError(
                f"the source tokenizer has {name} as text, not as a control piece; {change}"
                "learn a new vocabulary"
            )
    return [Piece(name, 0.0, CONTROL) for name in names if name not in kinds]


def _learn(
    model: bytes,
    sides: Iterable[tuple[bytes, Iterable[str]]],
    config: TokenizerConfig,
    most: int,
    seed: int,
) -> list[Piece]:
    """Returns up to ``most`` pieces that text needs and the vocabulary lacks.

    Args:
        model: The vocabulary.
        sides: Models with the rules for characters, and the text that they are for.
        config: Settings of the run.
        most: Maximum number of pieces.
        seed: Seed of the sample of sentences.
    """
    algorithm = algorithm_of(model)
    if algorithm not in ("bpe", "unigram"):
        raise ModelError(
            f"the vocabulary is {algorithm!r} and cannot be extended; expected bpe or unigram"
        )
    texts = ((rules, text) for rules, side in sides for text in side)
    sentences = normalize_texts(sample_texts(texts, seed))
    words = count_words(sentences, splits_digits(model))
    if not words:
        raise DataError(
            "there is no text to learn new pieces from: the files are empty, or all lines are blank"
        )
    if algorithm == "bpe":
        return _next_merges(model, words, most)
    return _likeliest(model, sentences, words, config, most, seed)


def _next_merges(model: bytes, words: Counter[str], most: int) -> list[Piece]:
    """Learns pieces for BPE: new characters, then the merges that come after the old ones."""
    pieces = read_pieces(model)
    known = {piece.text for piece in pieces}
    # Merges with a larger score come first, so new merges come after all old ones.
    below = min(piece.score for piece in pieces if piece.kind == NORMAL) - 1
    characters = new_characters(words, known, most)
    new_pieces = [Piece(character, below - rank) for rank, character in enumerate(characters)]
    texts = [piece.text if piece.kind == NORMAL else "" for piece in (*pieces, *new_pieces)]
    processor = load_plain(append_pieces(model, new_pieces))
    cuts = (
        ([texts[number] for number in ids], words[word])
        for word, ids in zip(words, processor.encode(list(words)), strict=True)
    )
    merges = continue_merges(cuts, {*known, *characters}, most - len(characters))
    below -= len(characters)
    return new_pieces + [Piece(merge, below - rank) for rank, merge in enumerate(merges)]


def _likeliest(
    model: bytes,
    sentences: Sequence[str],
    words: Counter[str],
    config: TokenizerConfig,
    most: int,
    seed: int,
) -> list[Piece]:
    """Learns pieces for unigram: new characters, then the likeliest new pieces of the text."""
    known = {piece.text for piece in read_pieces(model)}
    characters = new_characters(words, known, most)
    # Room for all characters of the text, most of which are known.
    num_special = len(known) - sum(piece.kind == NORMAL for piece in read_pieces(model))
    size = most + len({*chain.from_iterable(words)}) + num_special
    unigram = dataclasses.replace(config, algorithm="unigram", normalization="identity")
    for _ in range(2):  # the second time with room for the pieces that turned out to be known
        texts = [sentence.replace(SPACE, " ") for sentence in sentences]
        learned = read_pieces(
            train_model(
                [Side(texts, plain_rules())],
                dataclasses.replace(unigram, vocab_size=min(size, 1_000_000)),
                seed,
                with_ascii=False,
            )
        )
        normal = [piece for piece in learned if piece.kind == NORMAL]
        fresh = [piece for piece in normal if piece.text not in known]
        if len(fresh) >= most or not fresh:
            break
        size = size * most // len(fresh)
    lowest = min(piece.score for piece in normal)
    scores = {piece.text: piece.score for piece in normal}
    fresh_characters = [Piece(character, scores.get(character, lowest)) for character in characters]
    longer = sorted(
        (piece for piece in fresh if len(piece.text) > 1), key=lambda piece: -piece.score
    )
    chosen = fresh_characters + longer[: most - len(characters)]
    processor = load_plain(append_pieces(model, chosen))
    used = {number for ids in processor.encode(list(words)) for number in ids}
    first = len(known)
    return [
        piece
        for number, piece in enumerate(chosen, first)
        if number in used or number < first + len(characters)
    ]
