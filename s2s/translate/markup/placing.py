"""Places the tags of a segment in its translation, around the words that they were around.

Each element gets neighbouring words of the translation, within those of the element around it and
apart from those of its neighbours: a run of words as many of which as possible belong to words
that the element was around (``Links``). So elements stay nested as they were.
"""

from bisect import bisect_right
from collections.abc import Sequence

from s2s.translate.markup.sentence import Node
from s2s.translate.markup.words import Links, Words, best_run

_BELONGS, _FOREIGN = 2, -1
"""What words weigh that belong to an element, or to words outside of it. So one word or two of
others may stand between two of its own."""
_WORK = 50
"""Steps for each word and tag from which on elements are placed by their share of the text: only
tags that nest by the thousand take so many."""

Run = tuple[int, int]
"""The first of some neighbouring words, and the one after the last."""


class TooMuchWorkError(Exception):
    """The elements of a segment nest so deeply that looking at all their words takes long."""


class Placer:
    """Finds the words of a translation that each element of a segment is put around."""

    def __init__(self, src: Words, tgt: Words, links: Links | None) -> None:
        """Takes the words of both sides; ``links`` is None if nothing says which belong together.

        Without links, an element gets its share of the words, counted from the beginning.
        """
        self._src = src
        self._tgt = tgt
        self._links = links
        self._taken = [0] * len(tgt)  # the innermost element around each word, by its number
        self._numbers = 0
        self._work = 0

    def place(self, root: Node) -> dict[int, Run]:
        """Returns the run of each element that has one, by ``id``: others find no word left.

        Raises:
            TooMuchWorkError: If there are links, and elements nest by the thousand.
        """
        runs: dict[int, Run] = {id(root): (0, len(self._tgt))}
        stack = [root]
        while stack:
            node = stack.pop()
            children = [child for child in node.children if child.end > child.start]
            if node is not root and self._links is not None:
                self._numbers += 1
                self._take(runs[id(node)], self._numbers)
            self._place_children(node, children, runs)
            stack += [child for child in children if id(child) in runs]
        return runs

    def _take(self, run: Run, number: int) -> None:
        self._count(run[1] - run[0])
        self._taken[run[0] : run[1]] = [number] * (run[1] - run[0])

    def _count(self, work: int) -> None:
        self._work += work
        if self._work > _WORK * (len(self._src) + len(self._tgt) + self._numbers + 10):
            raise TooMuchWorkError

    def _place_children(self, node: Node, children: Sequence[Node], runs: dict[int, Run]) -> None:
        """Finds the runs of the elements of a node."""
        outer = runs[id(node)]
        if len(children) == 1 and self._words(children[0]) == self._words(node):
            runs[id(children[0])] = outer
        elif self._links is None:
            done = outer[0]
            for child in children:
                if run := self._share(child, outer, done):
                    runs[id(child)] = run
                    done = run[1]
        else:
            number = self._taken[outer[0]] if outer[0] < outer[1] else 0
            # What goes up to an edge takes it first; what nothing belongs to takes what is left.
            order = sorted(children, key=lambda child: not (child.from_start or child.to_end))
            homeless = []
            for child in order:
                run = self._linked(child, outer, number, self._links)
                if run is None and (child.from_start or child.to_end):
                    run = self._at_edge(child, outer, number)
                if run is None:
                    homeless.append(child)
                else:
                    runs[id(child)] = run
                    self._take(run, -1)
            for child in homeless:
                if run := self._nearest(child, outer, number, self._links):
                    runs[id(child)] = run
                    self._take(run, -1)

    def _at_edge(self, node: Node, outer: Run, number: int) -> Run | None:
        """Returns the first word for a node that began before, the last for one that ends after."""
        word = outer[0] if node.from_start else outer[1] - 1
        free = outer[0] < outer[1] and self._taken[word] == number
        return (word, word + 1) if free else None

    def _words(self, node: Node) -> Run:
        return self._src.touched(node.start, node.end)

    def _share(self, node: Node, outer: Run, done: int) -> Run | None:
        """Returns the words at the same share of the translation as a node is of its source."""
        first, stop = self._words(node)
        ratio = len(self._tgt) / max(1, len(self._src))
        start = outer[0] if node.from_start else max(done, int(first * ratio))
        end = outer[1] if node.to_end else min(outer[1], max(start + 1, round(stop * ratio)))
        return (start, end) if start < end else None

    def _linked(self, node: Node, outer: Run, number: int, links: Links) -> Run | None:
        """Returns the words that belong to a node's words; None if none does."""
        first, stop = self._words(node)
        self._count(stop - first)
        own = [word for word in range(first, stop) if links.first[word] >= 0]
        if not own:
            return None
        low = max(outer[0], min(links.first[word] for word in own))
        high = min(outer[1], max(links.last[word] for word in own) + 1)
        self._count(max(0, high - low))
        free = [word for word in range(low, high) if self._taken[word] == number]
        start, end = best_run(free, [self._weight(word, first, stop, links) for word in free])
        if start == end:
            return None
        if links.ends_sentence(first):
            start = self._widen(start, max(outer[0], links.after_all[first]), number, links)
        if links.ends_sentence(stop):
            end = self._widen(end, min(outer[1], links.before_all[stop]), number, links)
        if node.from_start:
            start = self._widen(start, outer[0], number)
        if node.to_end:
            end = self._widen(end, outer[1], number)
        return start, end

    def _weight(self, word: int, first: int, stop: int, links: Links) -> int:
        src = links.src_of[word]
        return 0 if src < 0 else _BELONGS if first <= src < stop else _FOREIGN

    def _widen(self, place: int, edge: int, number: int, links: Links | None = None) -> int:
        """Moves the end of a run towards an edge, over free words; with links, over those without.

        The words of a sentence belong to the element that is around the sentence, whatever the
        network attended to for them.
        """
        step = 1 if edge > place else -1
        while place != edge:
            word = place if step > 0 else place - 1
            linked = links is not None and links.src_of[word] >= 0
            if linked or self._taken[word] != number:
                break
            place += step
            self._count(1)
        return place

    def _nearest(self, node: Node, outer: Run, number: int, links: Links) -> Run | None:
        """Returns a free word near the words that belong to a node's neighbours.

        One that belongs to no word comes first.
        """
        first, stop = self._words(node)
        before = next(
            (links.last[w] for w in reversed(range(first)[-3:]) if links.last[w] >= 0), -1
        )
        after = links.first[stop] if stop < len(links.first) else -1
        wanted = before + 1 if before >= 0 else after if after >= 0 else outer[0]
        self._count(outer[1] - outer[0])
        free = [word for word in range(*outer) if self._taken[word] == number]
        if not free:
            return None
        best = min(free, key=lambda word: (links.src_of[word] >= 0, abs(word - wanted)))
        near = min(free, key=lambda word: abs(word - wanted))
        if abs(best - wanted) > 2:  # too far away
            best = near
        return best, best + 1


class Slots:
    """Finds places for what has no words: images, comments, tags without a partner."""

    def __init__(self, text: str, src: Words, tgt: Words, links: Links | None) -> None:
        """``text`` is the translation."""
        self._src = src
        self._tgt = tgt
        self._links = links
        self._length = len(text)

    def find(self, place: int) -> int:
        """Returns where the word ends after which something stands in the source.

        Args:
            place: Characters of the source before it.
        """
        word = self._src.num_before(place)
        if not word or not len(self._tgt):
            return 0
        if word == len(self._src):
            return self._length
        if self._links is None:
            num = round(word * len(self._tgt) / len(self._src))
        else:
            num = self._links.after_all[word]
            if num > self._links.before_all[word]:  # words cross this place
                num = self._links.after(word - 1)
            elif self._links.ends_sentence(word):
                num = self._links.before_all[word]
        return self._tgt.ends[num - 1] if num else 0


def outside(place: int, starts: Sequence[int], ends: Sequence[int]) -> int:
    """Returns a place that is not within any of some ranges: the end of the range that it is in.

    Args:
        place: The place.
        starts: Where the ranges begin, in order.
        ends: Where they end; no two overlap.
    """
    number = bisect_right(starts, place) - 1
    return ends[number] if number >= 0 and starts[number] < place < ends[number] else place
