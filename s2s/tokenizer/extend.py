"""Vocabularies with more pieces at their end, for a language or a domain that came later.

The ids of the pieces that were there stay, but for those of a joint vocabulary that are the
source's alone: where the target gets more pieces, they come after those. Where a piece's row is, a
network that goes on finds out by itself (``s2s.train.fine_tuning``).
"""

import dataclasses
import random
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from itertools import chain

import sentencepiece

from s2s.config import TokenizerConfig
from s2s.errors import ConfigError, DataError, ModelError
from s2s.tokenizer.keep import KEEP_PIECE
from s2s.tokenizer.learn import COVERAGE, PORTION, pieces_of, train_model
from s2s.tokenizer.merges import continue_merges
from s2s.tokenizer.pieces import (
    CONTROL,
    NORMAL,
    SPACE,
    Piece,
    algorithm_of,
    append_pieces,
    load_plain,
    normalization_of,
    normalize,
    read_pieces,
)
from s2s.tokenizer.tags import TAG, check_tags
from s2s.tokenizer.target_share import share_with_target, target_share
from s2s.tokenizer.tokenizer import Tokenizer

SENTENCES = 500_000
"""Sentences that are sampled, of more than so many."""
_LONGEST = 64  # characters of a word that are looked at together: some scripts have no blanks


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

    New characters come first, as many as it takes to write 99.98 % of the text. The others are, for
    BPE, the merges that come next when learning goes on over the new text; for a unigram model the
    likeliest pieces of one that is learned from the new text, as far as they are used to write it.

    Args:
        tokenizer: What is extended: jointly if it is joint, else a side each.
        src_texts: New source sentences; read once, at most ``SENTENCES`` of them are sampled.
        tgt_texts: New target sentences.
        config: The new run's. What a vocabulary keeps (``algorithm``, ``joint``,
            ``normalization``) has to be as it was, unless ``src_model`` names a model, which then
            says it. ``vocab_size`` means nothing here.
        new_pieces: Pieces at most that are added to each vocabulary, tags not counted.
        seed: For the sample of sentences.
        symbols: Tags that the source's or joint vocabulary shall have, such as ``<2de>``.

    Returns:
        The extended tokenizer, with the old tags and ``symbols``.

    Raises:
        ConfigError: If ``config`` differs from what the vocabulary is, a symbol is no tag, or
            ``new_pieces`` is negative.
        DataError: If there is no text.
        ModelError: If the vocabulary is neither BPE nor unigram, or has a symbol as text.
    """
    tags = check_tags(symbols)
    if new_pieces < 0:
        raise ConfigError(f"new_pieces is {new_pieces}; expected at least 0")
    _check_same(tokenizer, config)

    def extend(model: bytes, texts: Iterable[str], symbols: Sequence[str]) -> bytes:
        learned = _learn(model, texts, config, new_pieces, seed) if new_pieces else []
        return append_pieces(model, [*learned, *_new_controls(model, symbols)])

    if tokenizer.tgt_model is None:
        tgt_texts = list(tgt_texts)
        src_model, tgt_model = extend(tokenizer.src_model, chain(src_texts, tgt_texts), tags), None
    else:
        src_model = extend(tokenizer.src_model, src_texts, tags)
        tgt_model = extend(tokenizer.tgt_model, tgt_texts, ())
    extended = Tokenizer(src_model, tgt_model, sorted({*tokenizer.tags, *tags}))
    return share_anew(extended, tgt_texts)


def share_anew(tokenizer: Tokenizer, tgt_texts: Iterable[str]) -> Tokenizer:
    """Gives the target the pieces of a joint vocabulary that its new text needs, after its own.

    One that has all pieces, or a vocabulary to itself, is returned as it is.
    """
    model = tokenizer.src_model
    share = target_share(model) if tokenizer.tgt_model is None else None
    if share is None:
        return tokenizer
    needed = pieces_of(model, [TAG.sub(" ", text) for text in tgt_texts])
    patterns = () if tokenizer.keep is None else tokenizer.keep.patterns
    shared = share_with_target(model, {*range(share), *needed})
    return Tokenizer(shared, None, tokenizer.tags, patterns)


def keeping(tokenizer: Tokenizer, patterns: Sequence[str]) -> Tokenizer:
    """Returns a tokenizer with a piece for what is kept; or of no patterns, that keeps nothing.

    Raises:
        ConfigError: If a pattern is invalid.
        ModelError: If a vocabulary has that piece as text.
    """
    models = [tokenizer.src_model, tokenizer.tgt_model]
    if patterns:
        models = [None if each is None else _with_keep_piece(each) for each in models]
    return Tokenizer(models[0] or b"", models[1], tokenizer.tags, patterns)


def _with_keep_piece(model: bytes) -> bytes:
    share = target_share(model)
    extended = append_pieces(model, _new_controls(model, [KEEP_PIECE]))
    if share is None:
        return extended
    names = [piece.text for piece in read_pieces(extended)]
    return share_with_target(extended, {*range(share), names.index(KEEP_PIECE)})


def _check_same(tokenizer: Tokenizer, config: TokenizerConfig) -> None:
    """Raises unless ``config`` describes the vocabulary, which keeps what it was learned with."""
    if config.src_model is not None:
        return
    differing = []
    if config.joint != (tokenizer.tgt_model is None):
        differing.append(f"joint is {config.joint} but was {not config.joint}")
    for model, algorithm in (
        (tokenizer.src_model, config.algorithm),
        (tokenizer.tgt_model, config.tgt_algorithm or config.algorithm),
    ):
        if model is None:
            continue
        for name, wanted, found in (
            ("algorithm", algorithm, algorithm_of(model)),
            ("normalization", config.normalization, normalization_of(model)),
        ):
            if wanted != found:
                differing.append(f"{name} is {wanted!r} but was {found!r}")
    if differing:
        raise ConfigError(
            f"TokenizerConfig: {'; '.join(dict.fromkeys(differing))}; a vocabulary that is "
            "extended keeps what it was learned with: repeat its settings, or name it as src_model"
        )


def _new_controls(model: bytes, names: Sequence[str]) -> list[Piece]:
    """Returns the control pieces that the vocabulary lacks."""
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
    model: bytes, texts: Iterable[str], config: TokenizerConfig, most: int, seed: int
) -> list[Piece]:
    """Returns up to ``most`` pieces that the text needs and the vocabulary lacks."""
    algorithm = algorithm_of(model)
    if algorithm not in ("bpe", "unigram"):
        raise ModelError(
            f"a vocabulary of the kind {algorithm!r} cannot be extended; bpe and unigram can"
        )
    sentences = _normalize(model, _sample(texts, seed))
    words = _count_words(sentences)
    if not words:
        raise DataError("no text to learn new pieces from: there is none, or all of it is blank")
    if algorithm == "bpe":
        return _next_merges(model, words, most)
    return _likeliest(model, sentences, words, config, most, seed)


def _next_merges(model: bytes, words: Counter[str], most: int) -> list[Piece]:
    """BPE: new characters, then the merges that come after the old ones."""
    pieces = read_pieces(model)
    known = {piece.text for piece in pieces}
    # Merges with a larger score come first, so all that is new comes after all that was there.
    below = min(piece.score for piece in pieces if piece.kind == NORMAL) - 1
    characters = [each for each in _characters(words) if each not in known][:most]
    lettered = [Piece(each, below - rank) for rank, each in enumerate(characters)]
    written = [piece.text if piece.kind == NORMAL else "" for piece in (*pieces, *lettered)]
    processor = load_plain(append_pieces(model, lettered))
    cuts = (
        ([written[number] for number in ids], words[word])
        for word, ids in zip(words, processor.encode(list(words)), strict=True)
    )
    merges = continue_merges(cuts, {*known, *characters}, most - len(characters))
    return lettered + [Piece(each, below - len(characters) - r) for r, each in enumerate(merges)]


def _likeliest(
    model: bytes,
    sentences: Sequence[str],
    words: Counter[str],
    config: TokenizerConfig,
    most: int,
    seed: int,
) -> list[Piece]:
    """Unigram: new characters, then the likeliest new pieces that the text is cut into."""
    known = {piece.text for piece in read_pieces(model)}
    needed = _characters(words)
    size = (
        most + len(needed) + len(known) - sum(piece.kind == NORMAL for piece in read_pieces(model))
    )
    own = dataclasses.replace(config, algorithm="unigram", normalization="identity")
    for _ in range(2):  # the second with room for what the vocabulary turned out to have already
        texts = [sentence.replace(SPACE, " ") for sentence in sentences]
        learned = read_pieces(
            train_model(texts, dataclasses.replace(own, vocab_size=min(size, 1_000_000)), seed)
        )
        normal = [piece for piece in learned if piece.kind == NORMAL]
        fresh = [piece for piece in normal if piece.text not in known]
        if len(fresh) >= most or not fresh:
            break
        size = size * most // len(fresh)
    lowest = min(piece.score for piece in normal)
    scores = {piece.text: piece.score for piece in normal}
    characters = [Piece(each, scores.get(each, lowest)) for each in needed if each not in known][
        :most
    ]
    longer = sorted(
        (piece for piece in fresh if len(piece.text) > 1), key=lambda piece: -piece.score
    )
    chosen = characters + longer[: most - len(characters)]
    processor = load_plain(append_pieces(model, chosen))
    used = {number for ids in processor.encode(list(words)) for number in ids}
    first = len(known)
    return [
        piece
        for number, piece in enumerate(chosen, first)
        if number in used or number < first + len(characters)
    ]


def _sample(texts: Iterable[str], seed: int) -> list[str]:
    """Returns ``SENTENCES`` of the texts, each as likely (Vitter 1985, algorithm R)."""
    draw = random.Random(seed)  # noqa: S311
    kept: list[str] = []
    for number, text in enumerate(texts):
        if number < SENTENCES:
            kept.append(text)
        elif (place := draw.randrange(number + 1)) < SENTENCES:
            kept[place] = text
    return kept


def _normalize(model: bytes, texts: Sequence[str]) -> list[str]:
    """Returns texts as the model sees them, a sign for a blank before each word; without tags."""
    processor = sentencepiece.SentencePieceProcessor(model_proto=model)
    normalized: list[str] = []
    for start in range(0, len(texts), PORTION):
        portion = [TAG.sub(" ", text) for text in texts[start : start + PORTION]]
        normalized += (normalize(processor, text) for text in portion)
    return normalized


def _count_words(sentences: Iterable[str]) -> Counter[str]:
    """Counts words, each with the sign for a blank that it begins with."""
    words: Counter[str] = Counter()
    for sentence in sentences:
        first, *others = sentence.split(SPACE)
        for word in chain([first], (SPACE + other for other in others)):
            words.update(_parts(word))
    del words[SPACE], words[""]
    return words


def _parts(word: str) -> Iterator[str]:
    """Cuts what is very long."""
    return (word[start : start + _LONGEST] for start in range(0, len(word), _LONGEST))


def _characters(words: Counter[str]) -> list[str]:
    """Returns the characters that ``COVERAGE`` of the text consists of, the most frequent first."""
    counts: Counter[str] = Counter()
    for word, count in words.items():
        for character in word.replace(SPACE, ""):
            counts[character] += count
    missing = (1 - COVERAGE) * counts.total()
    needed = sorted(counts, key=lambda character: (-counts[character], character))
    while needed and counts[needed[-1]] <= missing:
        missing -= counts[needed.pop()]
    return needed
