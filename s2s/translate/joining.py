"""Puts a text's translation together: its parts, then its sentences, written as the source was."""

from collections.abc import Sequence
from dataclasses import replace
from itertools import islice

from s2s.tokenizer import Tokenizer
from s2s.translate.keep.units import SourceUnits
from s2s.translate.request import Request
from s2s.translate.rewriting import AS_TYPED
from s2s.translate.sources import ReadPart, Sentence, Source
from s2s.translate.translation import Beam, Details, Hypothesis, Translation, join_parts
from s2s.translate.words import count_words
from s2s.writing.placeables import find_placeables


def join_sentences(
    source: Source, beams: Sequence[Beam], request: Request, tokenizer: Tokenizer
) -> Translation:
    """Joins the hypotheses of a text.

    Args:
        source: The text.
        beams: Hypotheses of each part of each sentence.
        request: The call's.
        tokenizer: The model's.
    """
    details = Details(log_probs=(), alignment=()) if request.details else None
    blank = Hypothesis(text="", score=0.0, pieces=(), details=details)
    between = "" if tokenizer.keeps_blanks else " "  # a part has its blanks at its end
    needs_words = request.details and len(source.parts) > 1
    of_parts = iter(beams)
    sentences, words, gaps = list[Beam](), list[int](), list[str]()
    for sentence in source.sentences:
        counts = [_num_words(part, tokenizer) if needs_words else 0 for part in sentence.parts]
        beam = join_parts(list(islice(of_parts, len(sentence.parts))), counts, blank=between)
        if request.rewriter is not None and sentence.rewriting != AS_TYPED:
            beam = _restore(beam, sentence, source, request, tokenizer)
        if beam:
            sentences.append(beam)
            words.append(sum(counts))
            gaps.append(sentence.gap)
        elif gaps:
            gaps[-1] += sentence.gap
    return Translation(
        hypotheses=join_parts(sentences, words, gaps) or (blank,) * request.n_best,
        src_length=sum(len(part.src) for part in source.searched_parts),
        parts=len(source.parts),
        cut=source.cut,
        num_unknown=source.num_unknown,
        num_long=sum(len(sentence.parts) > 1 for sentence in source.sentences),
    )


def _num_words(part: ReadPart, tokenizer: Tokenizer) -> int:
    """Counts the words of a part."""
    if part.marked is not None:
        return SourceUnits(part.marked, tokenizer).num_words
    return 0 if part.searched is None else count_words(tokenizer.src_pieces(part.searched.src))


def _restore(
    beam: Beam, sentence: Sentence, source: Source, request: Request, tokenizer: Tokenizer
) -> Beam:
    """Writes the hypotheses of a sentence as the sentence was."""
    rewriter = request.rewriter
    assert rewriter is not None
    prefixes = [part.prefix for part in sentence.searched_parts if part.prefix]
    protected = [
        *(kept.text for kept in sentence.kept),
        *(phrase.text for phrase in source.required),
        *tokenizer.decode(prefixes),
    ]
    if request.placeables == "keep":
        protected += find_placeables(sentence.body)
    if request.names == "keep" and request.name_finder is not None:
        protected += [name.text for name in request.name_finder.find(sentence.body)]
    return tuple(
        _with_text(hypothesis, rewriter.restore(hypothesis.text, sentence.rewriting, protected))
        for hypothesis in beam
    )


def _with_text(hypothesis: Hypothesis, text: str) -> Hypothesis:
    """Returns a hypothesis with another text; pairs of words that are gone are left out."""
    if text == hypothesis.text:
        return hypothesis
    details, num_words = hypothesis.details, len(text.split())
    if details is not None:
        pairs = tuple(pair for pair in details.alignment if pair[1] < num_words)
        details = Details(details.log_probs, pairs)
    return replace(hypothesis, text=text, details=details, rewritten=True)
