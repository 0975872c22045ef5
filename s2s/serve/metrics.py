"""What a server has done, for Prometheus: ``/metrics``.

No label holds anything of a request: the labels are the API and the HTTP status.
"""

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from s2s.errors import needs
from s2s.serve.shared import Shared
from s2s.serve.stats import Histogram, Stats
from s2s.version import __version__

if TYPE_CHECKING:
    from prometheus_client.core import Metric
    from prometheus_client.registry import CollectorRegistry

COUNTERS = {
    "texts": ("s2s_texts", "Translated texts."),
    "characters": ("s2s_characters", "Characters of the translated texts."),
    "pieces": ("s2s_pieces", "Pieces of the translated texts."),
    "dropped_texts": ("s2s_dropped_texts", "Texts of clients that hung up, not translated."),
    "refused": ("s2s_refused_requests", "Requests that were refused, because too much waited."),
    "cut": ("s2s_cut_translations", "Translations without an end: they met the limit of length."),
    "long": ("s2s_long_texts", "Texts with a sentence that is longer than the model reads."),
    "unknown": ("s2s_unknown_runs", "Runs of characters that the model does not know."),
    "guessed": ("s2s_guessed_blocks", "Blocks with tags around words that were guessed."),
    "unread": ("s2s_unread_documents", "Documents that end within a comment or a script."),
    "failed": ("s2s_failed_texts", "Texts that could not be translated."),
    "displaced": (
        "s2s_displaced_connections",
        "Connections that were closed for others, because there were too many.",
    ),
    "unread_answers": ("s2s_unread_answers", "Answers that were given up: nobody read them."),
    "reloads": ("s2s_reloads", "Model files that were replaced and loaded anew."),
    "failed_reloads": (
        "s2s_failed_reloads",
        "Model files that were replaced by something that could not be loaded.",
    ),
}
"""Fields of ``Stats`` that only grow: name of the metric, and what it says."""
GAUGES = {
    "waiting_texts": ("s2s_waiting_texts", "Texts that wait now."),
    "waiting_pieces": ("s2s_waiting_pieces", "Pieces of the texts that wait now."),
    "connections": ("s2s_connections", "Connections that are open now."),
}
"""Fields of ``Stats`` that go up and down."""
HISTOGRAMS = {
    "latency": ("s2s_request_seconds", "Seconds from a request's headers to its response."),
    "search": ("s2s_search_seconds", "Seconds of each batch."),
    "batch_sizes": ("s2s_batch_texts", "Texts that were translated together."),
}
"""Fields of ``Stats`` that are histograms."""


def registry(stats: Stats, held_bytes: Callable[[], int]) -> "CollectorRegistry":
    """Returns a registry of its own for one server, so that two in one process do not clash.

    Args:
        stats: What the server counts.
        held_bytes: Tells the bytes of all bodies that are being read or answered.

    Raises:
        MissingPackageError: If prometheus-client is missing.
    """
    with needs("serve", "the server's /metrics"):
        from prometheus_client.process_collector import ProcessCollector
        from prometheus_client.registry import Collector, CollectorRegistry

    class OfServer(Collector):
        def collect(self) -> "Iterator[Metric]":
            return _metrics(stats, held_bytes())

        def describe(self) -> "Iterator[Metric]":
            return self.collect()

    found = CollectorRegistry()
    found.register(OfServer())
    ProcessCollector(registry=found)
    return found


def _metrics(stats: Stats, held_bytes: int) -> "Iterator[Metric]":
    from prometheus_client.core import (
        CounterMetricFamily,
        GaugeMetricFamily,
        HistogramMetricFamily,
        InfoMetricFamily,
    )

    yield InfoMetricFamily("s2s", "The program that serves.", value={"version": __version__})
    requests = CounterMetricFamily(
        "s2s_requests",
        "Answered requests; the status 499 is a client that hung up.",
        labels=["api", "status"],
    )
    for (api, status), number in sorted(stats.requests.items()):
        requests.add_metric([api, str(status)], number)
    yield requests
    for field, (name, sentence) in COUNTERS.items():
        yield CounterMetricFamily(name, sentence, value=getattr(stats, field))
    for field, (name, sentence) in GAUGES.items():
        yield GaugeMetricFamily(name, sentence, value=getattr(stats, field))
    yield GaugeMetricFamily(
        "s2s_held_bytes", "Bytes of the bodies that are being read or answered.", value=held_bytes
    )
    for field, (name, sentence) in HISTOGRAMS.items():
        histogram = getattr(stats, field)
        yield HistogramMetricFamily(
            name, sentence, buckets=_buckets(histogram), sum_value=histogram.total
        )


def _buckets(histogram: Histogram) -> list[tuple[str, float]]:
    """Returns the classes as Prometheus has them: how many values are at most each bound."""
    at_most = 0
    buckets = []
    for bound, number in zip([*histogram.bounds, None], histogram.counts, strict=True):
        at_most += number
        buckets.append(("+Inf" if bound is None else str(bound), float(at_most)))
    return buckets


def routes(shared: Shared) -> list[Route]:
    """Returns the route of the metrics, which needs no key.

    Raises:
        MissingPackageError: If prometheus-client is missing.
    """
    own = registry(shared.service.stats, lambda: shared.body.held)
    from prometheus_client.exposition import choose_encoder

    async def show(request: Request) -> Response:
        encode, content_type = choose_encoder(request.headers.get("accept", ""))
        return Response(encode(own), headers={"Content-Type": content_type})

    return [Route("/metrics", show, methods=["GET"])]
