"""Finds the texts of a sentence that come into its translation as they are."""

from collections import Counter
from collections.abc import Callable, Collection, Sequence

from s2s.text import clean, without_controls
from s2s.tokenizer import Tokenizer
from s2s.tokenizer.keep import KeepPatterns, KeptText, Kind, MarkedText, Span, is_tag, mark_spans
from s2s.writing.names import NameFinder
from s2s.writing.numbers import number_spans
from s2s.writing.placeables import placeable_spans

FOUND_BY: dict[Kind, Callable[[str], list[tuple[int, int]]]] = {
    "number": number_spans,
    "placeable": placeable_spans,
}
"""What finds texts that are alike in source and target."""


class Finder:
    """Finds matches of patterns, unknown characters, numbers, placeables and names."""

    def __init__(
        self,
        tokenizer: Tokenizer,
        patterns: KeepPatterns | None,
        names: NameFinder | None = None,
    ) -> None:
        """Takes the model's tokenizer, the patterns of the call, and what finds names."""
        self._tokenizer = tokenizer
        self._patterns = patterns
        self._found_by: dict[Kind, Callable[[str], list[tuple[int, int]]]] = {**FOUND_BY}
        if names is not None:
            self._found_by["name"] = names.spans

    def has(self, kinds: Collection[Kind], text: str) -> bool:
        """Whether a text has texts of some kinds."""
        return any(self._found_by[kind](text) for kind in kinds)

    def mark(
        self,
        text: str,
        kinds: Collection[Kind] = (),
        *,
        unknown: bool = False,
        any_case: bool = False,
    ) -> MarkedText:
        """Puts marks in place of the texts to keep.

        Args:
            text: A clean sentence, without a tag that names a language.
            kinds: Numbers, placeables or names, if these are kept besides the matches of patterns.
            unknown: Whether unknown characters are kept. Invisible ones and control characters are
                left out.
            any_case: As for ``UnknownRuns.find``.
        """
        text = clean(without_controls(text)) if unknown else text
        places: dict[Kind, list[tuple[int, int]]] = {
            "pattern": [] if self._patterns is None else self._patterns.spans(text),
            **{kind: self._found_by[kind](text) for kind in kinds},
        }
        silent_tags = self._tokenizer.keep is None
        spans = [
            Span(start, end, silent_tags and is_tag(text[start:end]), kind)
            for kind, places_of_kind in places.items()
            for start, end in places_of_kind
        ]
        runs: list[Span] = []
        if unknown:
            for start, end, has_words in self._tokenizer.src_unknown.find(text, any_case=any_case):
                runs.append(Span(start, end, not has_words, "unknown"))
        read = self._tokenizer.src_unknown.without_invisible if unknown else None
        spans = _union([*spans, *runs], text, read)
        if spans and (runs or kinds) and not _has_words_outside(text, spans):
            silent = not any(map(str.isalnum, text))
            spans = [Span(0, len(text), silent, "unknown" if runs else spans[0].kind)]
        return mark_spans(text, spans, read)

    def mark_whole(self, text: str) -> MarkedText | None:
        """Keeps a text as a whole; returns None if it has control characters alone."""
        whole = clean(without_controls(text))
        return mark_spans(whole, [Span(0, len(whole), True, "unknown")]) if whole else None

    def num_missing(self, text: str, kept: Sequence[KeptText]) -> int:
        """Returns how many kept texts would not be found as such in a translation.

        For example, an address may have become one with the full stop after it. For names, and for
        what the source vocabulary cannot read, nothing can be told.
        """
        held = self._find_again(text)
        return sum(
            (Counter(each.text for each in kept if each.kind == kind) - held[kind]).total()
            for kind in held
        )

    def held(self, text: str, kept: Sequence[KeptText]) -> Counter[str]:
        """Returns how often the beginning of a translation holds each kept text."""
        found = self._find_again(text)
        counts: Counter[str] = Counter()
        for each in set(kept):
            if each.kind in found:
                counts[each.text] = found[each.kind][each.text]
            else:
                counts[each.text] = text.count(each.text)
        return counts

    def _find_again(self, text: str) -> dict[Kind, Counter[str]]:
        patterns = [] if self._patterns is None else self._patterns.texts(text)
        found: dict[Kind, Counter[str]] = {"pattern": Counter(patterns)}
        for kind, find in FOUND_BY.items():
            found[kind] = Counter(text[start:end] for start, end in find(text))
        return found


_AROUND_NUMBERS = ("placeable", "number")


def _union(spans: Sequence[Span], text: str, read: Callable[[str], str] | None) -> list[Span]:
    """Joins spans that overlap or touch, or would if the text between them is ``read``."""
    joined: list[Span] = []
    for span in sorted(spans):
        between = text[joined[-1].end : span.start] if joined else " "
        if not (between if read is None else read(between)):
            joined[-1] = _join(joined[-1], span)
        else:
            joined.append(span)
    return joined


def _join(first: Span, second: Span) -> Span:
    end = max(first.end, second.end)
    for span, other in ((first, second), (second, first)):
        is_whole = (span.start, span.end) == (first.start, end)
        if is_whole and (span.kind == "pattern" or (span.kind, other.kind) == _AROUND_NUMBERS):
            return span._replace(silent=span.silent and other.silent)
    kind: Kind = first.kind if first.kind == second.kind else "unknown"
    return Span(first.start, end, first.silent and second.silent, kind)


def _has_words_outside(text: str, spans: Sequence[Span]) -> bool:
    """Whether something is left to translate: letters, or digits beside signs alone."""
    places = [0, *(place for span in spans for place in span[:2]), len(text)]
    outside = "".join(text[start:end] for start, end in zip(places[::2], places[1::2], strict=True))
    if any(map(str.isalpha, outside)):
        return True
    letters = any(map(str.isalpha, text))
    return not letters and any(map(str.isalnum, outside))
