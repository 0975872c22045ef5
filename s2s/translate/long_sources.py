"""Counts the sources of one call that are longer than a model reads, or read in its training."""

import logging

from s2s.translate.request import Request

logger = logging.getLogger(__name__)


class LongSources:
    """Counts long sources and says what became of them."""

    def __init__(self, request: Request) -> None:
        self._request = request
        self._num_whole = 0
        self._first_whole = 0
        self._num_long = 0
        self._first_long = 0
        self._num_within = 0

    def count_whole(self, line: int, length: int) -> None:
        """Counts a source of ``length`` pieces that is translated whole; lines are from 1."""
        usual = self._request.trained_length
        if usual is not None and length > usual:
            self._num_whole += 1
            self._first_whole = self._first_whole or line

    def count_long(self, line: int) -> None:
        """Counts a source that is split, or cut."""
        self._num_long += 1
        self._first_long = self._first_long or line

    def count_within(self) -> None:
        """Counts a source of which a single sentence was split."""
        self._num_within += 1

    def log(self, num_sources: int) -> None:
        """Logs a warning for each kind of long source."""
        request, is_text = self._request, self._request.trained_length is None
        if self._num_whole:
            logger.warning(
                "%d of %d inputs were longer than those of the training (over %d pieces); they "
                "were translated whole (first: line %d)",
                self._num_whole,
                num_sources,
                request.trained_length,
                self._first_whole,
            )
        if not self._num_long:
            return
        start = (
            f"{self._num_long} of {num_sources} {'sentences' if is_text else 'inputs'} had over "
            f"{request.max_src_length} pieces and were"
        )
        where = f"(first: line {self._first_long})"
        if request.too_long == "truncate":
            logger.warning("%s cut there %s", start, where)
        elif is_text:
            within = f", {self._num_within} of them within a sentence" if self._num_within else ""
            logger.warning("%s translated in parts%s %s", start, within, where)
        else:
            logger.warning(
                "%s translated in parts (--max-src-length: whole up to that length) %s",
                start,
                where,
            )
