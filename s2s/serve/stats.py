"""What a server counts. The event loop alone changes it, so there are no locks."""

from bisect import bisect_left
from collections import Counter
from dataclasses import dataclass, field

SECONDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0)
"""Upper bounds of the classes of durations."""
SIZES = (1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 64.0)
"""Upper bounds of the classes of batches, in texts."""


class Histogram:
    """Counts values in classes."""

    def __init__(self, bounds: tuple[float, ...]) -> None:
        """Takes the upper bounds of the classes; values above the last one have their own class."""
        self.bounds = bounds
        self.counts = [0] * (len(bounds) + 1)
        """Number of values in each class."""
        self.total = 0.0
        """Sum of all values."""

    def observe(self, value: float) -> None:
        """Counts a value."""
        self.counts[bisect_left(self.bounds, value)] += 1
        self.total += value


@dataclass(eq=False, slots=True, repr=False)
class Stats:
    """Counts since the start."""

    requests: Counter[tuple[str, int]] = field(default_factory=Counter)
    """Answered requests by API and status; 499 is a client that hung up."""
    latency: Histogram = field(default_factory=lambda: Histogram(SECONDS))
    """Seconds from a request's headers to its response."""
    batch_sizes: Histogram = field(default_factory=lambda: Histogram(SIZES))
    """Texts that were translated together."""
    search: Histogram = field(default_factory=lambda: Histogram(SECONDS))
    """Seconds of each batch."""
    texts: int = 0
    """Translated texts."""
    characters: int = 0
    """Characters of these texts."""
    pieces: int = 0
    """Pieces of these texts, without those of tags."""
    waiting_texts: int = 0
    """Texts that wait now."""
    waiting_pieces: int = 0
    """Pieces of the texts that wait now."""
    dropped_texts: int = 0
    """Texts that were not translated, because their client had hung up."""
    refused: int = 0
    """Requests that were refused, because too much waited."""
    cut: int = 0
    """Translations that met the limit of length and so have no end (``Hypothesis.cut``)."""
    long: int = 0
    """Texts with a sentence that was longer than the model reads, and was translated in parts."""
    unknown: int = 0
    """Runs of characters that the model does not know."""
    guessed: int = 0
    """Blocks of documents whose tags are around words that were guessed by their place."""
    unread: int = 0
    """Documents that end within a comment or an element such as ``script``."""
    failed: int = 0
    """Texts that could not be translated."""
    connections: int = 0
    """Connections that are open now."""
    displaced: int = 0
    """Connections that were closed for others, because there were too many."""
    unread_answers: int = 0
    """Answers that their client did not read, and which were given up."""
    reloads: int = 0
    """Model files that were replaced and loaded anew."""
    failed_reloads: int = 0
    """Model files that were replaced by something that could not be loaded."""

    def __str__(self) -> str:
        """What became of all texts, in a line."""
        counts = {
            "had no end": self.cut,
            "were longer than the model reads and translated in parts": self.long,
            "are blocks with tags around words that were guessed": self.guessed,
            "are documents that end within a comment or a script": self.unread,
            "failed": self.failed,
            "were dropped, because the client hung up": self.dropped_texts,
        }
        parts = [f"{self.texts} texts were translated"]
        parts += [f"{count} {what}" for what, count in counts.items() if count]
        if self.unknown:
            parts.append(f"{self.unknown} runs of characters were unknown to the model")
        if self.refused:
            parts.append(f"{self.refused} requests were refused, because too much waited")
        if self.unread_answers:
            parts.append(f"{self.unread_answers} answers were not read by their clients")
        if self.displaced:
            parts.append(f"{self.displaced} connections were closed, because there were too many")
        return "; ".join(parts)
