"""Prometheus can read what a server has done."""

import re

import pytest

pytest.importorskip("starlette")
pytest.importorskip("httpx2")
parser = pytest.importorskip("prometheus_client.parser")
openmetrics = pytest.importorskip("prometheus_client.openmetrics.parser")

from dataclasses import fields

from paths import ROOT
from served import serving

from s2s.serve.metrics import COUNTERS, GAUGES, HISTOGRAMS
from s2s.serve.stats import Histogram, Stats


def values(client, **headers):
    response = client.get("/metrics", headers=headers)
    assert response.status_code == 200
    is_open = "openmetrics" in response.headers["content-type"]
    read = openmetrics if is_open else parser
    return {
        (sample.name, *sorted(sample.labels.items())): sample.value
        for family in read.text_string_to_metric_families(response.text)
        for sample in family.samples
    }


def test_counts_are_those_of_the_requests(tiny):
    with serving(tiny) as client:
        asked = {"q": ["eins", "zwei drei"], "source": "de", "target": "en"}
        client.post("/translate", json=asked)
        client.post("/translate", json=asked | {"target": "zz"})
        client.post("/v2/translate", json={"text": "vier", "target_lang": "EN"})
        found = values(client)
    assert found["s2s_requests_total", ("api", "libretranslate"), ("status", "200")] == 1
    assert found["s2s_requests_total", ("api", "libretranslate"), ("status", "400")] == 1
    assert found["s2s_requests_total", ("api", "deepl"), ("status", "200")] == 1
    assert found["s2s_texts_total",] == 3
    assert found["s2s_characters_total",] == len("eins") + len("zwei drei") + len("vier")
    assert found["s2s_pieces_total",] >= 4
    assert found["s2s_waiting_texts",] == 0
    assert found["s2s_request_seconds_count",] == 3
    assert found["s2s_batch_texts_sum",] == 3
    assert found["s2s_search_seconds_sum",] > 0
    assert found["process_resident_memory_bytes",] > 0


def test_both_formats_of_prometheus_have_the_same_counts(tiny):
    with serving(tiny) as client:
        client.get("/languages")
        old = values(client)
        new = values(client, accept="application/openmetrics-text; version=1.0.0")
    assert {name: old[name] for name in old if name[0].startswith("s2s_")} == {
        name: new[name] for name in new if name[0].startswith("s2s_")
    }


def test_two_servers_in_one_process_count_apart(tiny):
    with serving(tiny) as one, serving(tiny) as other:
        one.post("/translate", json={"q": "eins", "source": "de", "target": "en"})
        assert values(one)["s2s_texts_total",] == 1
        assert values(other)["s2s_texts_total",] == 0


def test_metrics_hold_no_text_of_a_request(tiny):
    with serving(tiny) as client:
        for text in ("geheim", "secret"):
            client.post("/translate", json={"q": text, "source": text, "target": text})
            client.get(f"/v2/models/{text}")
            client.get(f"/{text}")
        page = client.get("/metrics").text
    assert "geheim" not in page
    assert "secret" not in page


def test_the_documentation_tells_of_every_metric_and_of_no_other(tiny):
    page = (ROOT / "docs" / "howto" / "operate.md").read_text(encoding="utf-8")
    with serving(tiny) as client:
        names = {
            family.name + "_total" * (family.type == "counter")
            for family in parser.text_string_to_metric_families(client.get("/metrics").text)
        }
    named = set(re.findall(r"s2s_\w+", page.partition("## What to watch")[2]))
    ours = {name for name in names if name.startswith("s2s_")}
    assert {name.removesuffix("_bucket") for name in named} == ours


def test_all_that_is_counted_is_shown():
    shown = {*COUNTERS, *GAUGES, *HISTOGRAMS, "requests"}
    assert {field.name for field in fields(Stats)} == shown
    are_histograms = {name for name, value in vars_of(Stats()).items() if type(value) is Histogram}
    assert are_histograms == set(HISTOGRAMS)


def vars_of(stats):
    return {field.name: getattr(stats, field.name) for field in fields(stats)}
