"""From texts to the pieces that are searched: cut into sentences, rewritten, split if too long."""

import logging
import re
from collections.abc import Iterable, Sequence
from functools import partial
from typing import NamedTuple

from s2s.config import EOS_ID, UNK_ID
from s2s.errors import SentenceError
from s2s.tokenizer import Tokenizer
from s2s.tokenizer.keep import Kind, MarkedText
from s2s.tokenizer.marks import BLANK_ID, MARK_IDS
from s2s.tokenizer.pieces import Ids
from s2s.translate.batching import SourcePart
from s2s.translate.keep.finder import Finder
from s2s.translate.keep.unknown import UnknownCount
from s2s.translate.long_sources import LongSources
from s2s.translate.phrases import Phrase
from s2s.translate.request import Request
from s2s.translate.rewriting import AS_TYPED, LOWERED, Rewriting
from s2s.translate.sources import MarkedPart, ReadPart, Sentence, Source
from s2s.translate.splitting import Encode, split
from s2s.translate.tagging import find_tag
from s2s.writing.list_marks import list_mark
from s2s.writing.sentences import cut_sentences

_MARKS = frozenset(MARK_IDS.values())
_LINE_BREAK = re.compile(r"(\r?\n)")

logger = logging.getLogger(__name__)


class _Draft(NamedTuple):
    """A sentence before it is encoded."""

    body: str
    """Clean, without its tag."""
    tag: str | None
    gap: str
    marked: MarkedText
    """As it is searched, with marks for kept texts."""
    rewriting: Rewriting
    num_unknown: int = 0
    """Runs of unknown characters."""
    kinds: tuple[Kind, ...] = ()
    """What is kept besides matches of patterns: numbers, placeables."""

    def behind_tag(self, text: str) -> str:
        """Returns a text behind the tag of the sentence, if it has one."""
        return text if self.tag is None else f"{self.tag} {text}"

    @property
    def searched(self) -> str:
        """What is searched."""
        return self.behind_tag(self.marked.text)


class Reader:
    """Reads the texts of one call, and counts what was cut, rewritten or too long."""

    def __init__(self, tokenizer: Tokenizer, request: Request, done: int = 0) -> None:
        """``done`` texts came before, in another call."""
        self._tokenizer = tokenizer
        self._request = request
        self._finder = Finder(tokenizer, request.keep, request.name_finder)
        self._unknown = UnknownCount(tokenizer, request.unknown, request.unknown_advice)
        self._limit = request.max_src_length
        self._done = done
        self._num_sentences = done
        self._long = LongSources(request)
        self._num_several = 0
        self._num_rewritten = 0

    def read(
        self,
        texts: Sequence[str],
        prefixes: Sequence[Ids],
        required: Sequence[tuple[Phrase, ...]],
    ) -> list[Source]:
        """Encodes texts.

        Args:
            texts: The texts as they were typed.
            prefixes: How each translation begins: that of the first part.
            required: What each translation must hold.

        Raises:
            SentenceError: If a text lacks a tag, or a sentence is too long and that is an error.
        """
        drafts = [
            self._draft(text, number, bool(prefix))
            for number, (text, prefix) in enumerate(
                zip(texts, prefixes, strict=True), self._done + 1
            )
        ]
        plain = [draft.searched for text in drafts for draft in text if not draft.marked.kept]
        plain_ids = iter(self._tokenizer.encode_src(plain))
        sources = []
        for sentences, prefix, phrases in zip(drafts, prefixes, required, strict=True):
            self._done += 1
            self._num_several += len(sentences) > 1
            self._num_rewritten += any(draft.rewriting != AS_TYPED for draft in sentences)
            self._num_sentences += max(1, len(sentences))
            read = list[Sentence]()
            for draft in sentences:
                ids = None if draft.marked.kept else tuple(next(plain_ids))
                read.append(self._encode(draft, ids, () if read else prefix))
            self._unknown.count(self._done, sum(sentence.num_unknown for sentence in read))
            sources.append(Source(tuple(read), phrases))
        return sources

    def read_again(self, sentence: Sentence, kinds: Iterable[Kind]) -> Sentence:
        """Encodes a sentence that was read before with more kept texts.

        Args:
            sentence: The sentence.
            kinds: What is kept now: numbers, placeables.
        """
        kinds = tuple(sorted(kinds))
        marked = self._finder.mark(sentence.body, kinds)
        draft = _Draft(sentence.body, sentence.tag, sentence.gap, marked, AS_TYPED, kinds=kinds)
        return self._encode(self._rewrite(draft), None, sentence.prefix)

    def _draft(self, text: str, number: int, has_prefix: bool) -> list[_Draft]:
        """Cuts a text into sentences and rewrites these; ``number`` is the text's, from 1."""
        tag, body = find_tag(text, self._request.tag, self._tokenizer, number)
        cuts = [body]
        if self._request.sentences:
            cuts = cut_sentences(body, self._request.src_language)
        drafts: list[_Draft] = []
        starts_line = self._request.parts_list_marks and not has_prefix
        for cut in cuts:
            mark = list_mark(cut, self._request.src_language) if starts_line else ""
            if mark:
                drafts.append(
                    self._draft_sentence(mark.strip(), tag, _gap_after(mark), is_mark=True)
                )
            sentence, gap = self._tokenizer.clean(cut[len(mark) :]), _gap_after(cut)
            if sentence:
                drafts.append(self._draft_sentence(sentence, tag, gap))
            elif drafts:
                drafts[-1] = drafts[-1]._replace(gap=drafts[-1].gap + gap)
            starts_line = self._request.parts_list_marks and "\n" in gap
        return drafts

    def _draft_sentence(
        self, sentence: str, tag: str | None, gap: str, *, is_mark: bool = False
    ) -> _Draft:
        draft = _Draft(sentence, tag, gap, MarkedText(sentence, ()), AS_TYPED)
        if (is_mark or self._is_copied(sentence)) and (whole := self._finder.mark_whole(sentence)):
            num_unknown = not is_mark and len(self._tokenizer.src_unknown.find(sentence)) > 0
            return draft._replace(marked=whole, num_unknown=int(num_unknown))
        if self._request.keep is not None:
            draft = draft._replace(marked=self._finder.mark(sentence))
        return self._rewrite(draft)

    def _is_copied(self, sentence: str) -> bool:
        """Whether a sentence has nothing to translate: signs alone, or signs and digits."""
        if not self._request.copies_signs or any(map(str.isalpha, sentence)):
            return False
        return self._request.copies_digits or not any(map(str.isalnum, sentence))

    def _rewrite(self, draft: _Draft) -> _Draft:
        if self._request.rewriter is None:
            return draft
        text, rewriting = self._request.rewriter.rewrite(draft.marked.text)
        if rewriting == AS_TYPED:
            return draft
        return draft._replace(marked=draft.marked._replace(text=text), rewriting=rewriting)

    def _mark_unknown(self, draft: _Draft) -> _Draft:
        """Marks what the vocabulary cannot read, or counts it if it is left to the model."""
        lowered = draft.rewriting.case in LOWERED
        marked = self._finder.mark(draft.body, draft.kinds, unknown=True, any_case=lowered)
        if self._request.unknown == "copy":
            draft = self._rewrite(draft._replace(marked=marked))
            if lowered and draft.rewriting.case not in LOWERED:  # what is left is no case at all
                marked = self._finder.mark(draft.body, draft.kinds, unknown=True)
                draft = self._rewrite(draft._replace(marked=marked))
        return draft._replace(num_unknown=sum(each.kind == "unknown" for each in marked.kept))

    def _encode(self, draft: _Draft, ids: Ids | None, prefix: Ids) -> Sentence:
        """Encodes a sentence; ``ids`` are its pieces if it has no kept texts."""
        encode = self._tokenizer.encode_marked
        if ids is None:
            ids = tuple(encode([draft.searched])[0])
        if UNK_ID in ids:
            draft = self._mark_unknown(draft)
            ids = tuple(encode([draft.searched])[0])
        text, kept = draft.searched, draft.marked.kept
        if not kept:
            ids_of_parts, cut = self._split(text, ids, self._tokenizer.encode_src)
            parts = [
                ReadPart(SourcePart(part_ids, () if number else prefix))
                for number, part_ids in enumerate(ids_of_parts)
            ]
        else:
            ids_of_parts, cut = self._split(text, ids, encode)
            parts = self._read_parts(draft, ids_of_parts, prefix)
        if self._finder.has(self._request.mended, draft.body):
            parts = [part.with_whole_beam() for part in parts]
        return Sentence(
            body=draft.body,
            tag=draft.tag,
            parts=tuple(parts),
            gap=draft.gap,
            rewriting=draft.rewriting,
            cut=cut,
            num_unknown=draft.num_unknown,
        )

    def _read_parts(
        self, draft: _Draft, ids_of_parts: Sequence[Ids], prefix: Ids
    ) -> list[ReadPart]:
        """Returns the parts of a sentence with kept texts."""
        tags = 0 if self._tokenizer.tag_of(draft.searched) is None else 1
        parts = []
        left = iter(draft.marked.kept)
        for number, part_ids in enumerate(ids_of_parts):
            body = part_ids[tags:-1]
            if body[-1] == BLANK_ID:  # the text that it belongs to is in the next part
                body = body[:-1]
            marked = MarkedPart(body, tuple(next(left) for mark in body if mark in _MARKS))
            part_prefix = () if number else prefix
            searched = SourcePart(
                src=self._tokenizer.read_marks((*part_ids[:tags], *body, EOS_ID)),
                prefix=part_prefix,
                wants_attention=bool(marked.kept),
            )
            has_words = marked.has_words or part_prefix
            parts.append(ReadPart(searched if has_words else None, marked))
        return parts

    def _split(self, text: str, ids: Ids, encode: Encode) -> tuple[list[Ids], bool]:
        """Returns the ids of each part of a sentence, and whether its end is cut off."""
        if self._tokenizer.is_blank(ids):  # or of characters that the tokenizer knows as nothing
            return [], False
        if len(ids) <= self._limit:
            self._long.count_whole(self._done, len(ids))
            return [ids], False
        policy = self._request.too_long
        if policy == "error":
            raise SentenceError(
                self._done,
                f"has {len(ids)} pieces; expected at most {self._limit}: split it, raise "
                "max_src_length (--max-src-length), or set too_long (--too-long) to split or "
                "truncate",
            )
        self._long.count_long(self._done)
        if policy == "truncate":
            return [(*ids[: self._limit - 1], EOS_ID)], True
        split_up = partial(
            split,
            language=self._request.src_language,
            sentences=self._request.trained_length is None,
        )
        tag = self._tokenizer.tag_of(text)
        if tag is None:
            source = split_up(text, encode, self._limit)
            parts = source.parts
        else:
            untagged = partial(self._encode_untagged, tag, encode)
            source = split_up(text.split(tag, 1)[1], untagged, max(2, self._limit - 1))
            parts = [(ids[0], *part) for part in source.parts]
        if source.within:
            self._long.count_within()
        return parts, False

    def _encode_untagged(self, tag: str, encode: Encode, texts: Sequence[str]) -> list[list[int]]:
        """Encodes texts that come after ``tag``: a tag that one of them begins with is text."""
        return [ids[1:] for ids in encode([f"{tag} {text}" for text in texts])]

    def log_warnings(self) -> None:
        """Logs what was cut into sentences, rewritten, unknown or too long, each in a line."""
        self._unknown.log()
        if self._num_several:
            logger.info(
                "%d of %d texts were cut into sentences (--sentences no: in one piece)",
                self._num_several,
                self._done,
            )
        if self._num_rewritten:
            logger.info(
                "%d of %d texts were searched in the spelling of the training text, for capitals "
                "or end marks (--rewrite no: as typed)",
                self._num_rewritten,
                self._done,
            )
        self._long.log(self._num_sentences)


def _gap_after(text: str) -> str:
    r"""Returns the blanks and line breaks at the end of a text.

    Other separators become blanks: only ``\n`` and ``\r\n`` end a line.
    """
    gap = text[len(text.rstrip()) :]
    if not gap:
        return gap
    return "".join(
        part if number % 2 else re.sub(r"[\t\r\v\f\x1c-\x1f\x85\u2028\u2029]", " ", part)
        for number, part in enumerate(_LINE_BREAK.split(gap))
    )
