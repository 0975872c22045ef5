"""A translator in a service: closed, shared, awaited, configured, forked."""

import asyncio
import copy
import multiprocessing
import os
import pickle
import sys
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

onnxruntime = pytest.importorskip("onnxruntime")

from s2s import Translator, session_options
from s2s.errors import ConfigError, DataError, DeviceError, UseError

TEXTS = ["eins zwei", "", "drei", "vier fünf sechs sieben"]
CPU = "CPUExecutionProvider"
needs_fork = pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork here")


def threads_of_pool():
    return [thread for thread in threading.enumerate() if thread.name.startswith("s2s")]


def test_bytes_and_path_are_the_same_model(tiny, translator):
    assert Translator(tiny.read_bytes()).translate(TEXTS) == translator.translate(TEXTS)
    assert Translator(str(tiny)).translate(TEXTS) == translator.translate(TEXTS)


def test_a_closed_translator_has_no_threads_and_says_that_it_is_closed(tiny):
    before = len(threads_of_pool())
    with Translator(tiny, threads=3) as translator:
        translator.translate(["eins " * i for i in range(1, 99)], batch_tokens=30)
        assert len(threads_of_pool()) > before
        stream = translator.translate_stream(iter(TEXTS), 1)
        assert next(stream).text == "one two"
    assert len(threads_of_pool()) == before
    for use in (
        lambda: translator.translate(TEXTS),
        lambda: translator.translate([]),
        lambda: translator.score(TEXTS, TEXTS),
        lambda: translator.translate_stream(TEXTS),
        lambda: list(stream),
    ):
        with pytest.raises(UseError, match="this translator is closed; make a new translator"):
            use()
    translator.close()
    assert translator.card["languages"] == {"src": "de", "tgt": "en"}


def test_closing_waits_for_what_is_under_way_and_refuses_the_rest(tiny, monkeypatch):
    translator = Translator(tiny, threads=2)
    backend = translator._searcher._backend
    search, begun, go_on = backend.search, threading.Event(), threading.Event()

    def slow(*args, **options):
        begun.set()
        assert go_on.wait(30)
        return search(*args, **options)

    monkeypatch.setattr(backend, "search", slow)
    with ThreadPoolExecutor(3) as pool:
        one = pool.submit(translator.translate, ["eins"])
        assert begun.wait(30)
        many = pool.submit(
            translator.translate, ["eins " * i for i in range(1, 40)], batch_tokens=9
        )
        while len(threads_of_pool()) < 2:
            pass
        closing = pool.submit(translator.close)
        while translator._searcher._backend is not None:
            pass
        go_on.set()
        closing.result(30)
        assert one.result(30)[0].text == "one"
        with pytest.raises(UseError, match="closed"):
            many.result(30)


def test_eight_threads_with_different_options_and_errors_get_what_is_theirs(tiny):
    translator = Translator(tiny, threads=2)
    calls = [
        {},
        {"beam_size": 1},
        {"n_best": 4, "beam_size": 4},
        {"prefix": "ten", "details": True},
        {"required": [["nine"], [], ["six"], ["one"]]},
        {"banned": ["▁ten"], "no_repeat": 2, "batch_tokens": 8},
        {"temperature": 1.0, "seed": 5},
        {"max_src_length": 4},
    ]
    wrong = [
        ({"beam_size": 0}, ConfigError),
        ({"too_long": "error", "max_src_length": 2}, DataError),
        ({"required": ["Ω"]}, ConfigError),
        ({"prefix": ["", ""]}, ConfigError),
    ]
    expected = [translator.translate(TEXTS, **options) for options in calls]
    start = threading.Barrier(8)

    def work(number):
        start.wait(30)
        for turn in range(6):
            which = (number + turn) % len(calls)
            options, error = wrong[(number + turn) % len(wrong)]
            with pytest.raises(error):
                translator.translate(TEXTS, **options)
            assert translator.translate(TEXTS, **calls[which]) == expected[which]
        return True

    with ThreadPoolExecutor(8) as pool:
        assert list(pool.map(work, range(8))) == [True] * 8


def test_it_can_be_awaited_and_who_gives_up_waiting_harms_nobody(tiny):
    async def main(translator):
        calls = [asyncio.to_thread(translator.translate, [text]) for text in TEXTS * 3]
        tasks = [asyncio.create_task(call) for call in calls]
        await asyncio.sleep(0)
        tasks[1].cancel()
        found = await asyncio.gather(*tasks, return_exceptions=True)
        assert isinstance(found[1], asyncio.CancelledError)
        again = await asyncio.to_thread(translator.translate, TEXTS)
        return [translations[0].text for translations in found[:1] + found[2:]], [
            translation.text for translation in again
        ]

    with Translator(tiny, threads=2) as translator:
        found, again = asyncio.run(main(translator))
        plain = [translation.text for translation in translator.translate(TEXTS)]
    assert again == plain
    assert found == (plain * 3)[:1] + (plain * 3)[2:]


def test_session_options_are_used_as_they_are(tiny, translator, tmp_path):
    options = session_options()
    assert (options.intra_op_num_threads, options.enable_mem_pattern) == (1, False)
    options.optimized_model_filepath = str(tmp_path / "optimised.onnx")
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_ENABLE_BASIC
    translations = Translator(tiny, session_options=options).translate(TEXTS)
    assert [translation.text for translation in translations] == [
        translation.text for translation in translator.translate(TEXTS)
    ]
    assert (tmp_path / "optimised.onnx").stat().st_size > 0
    own = onnxruntime.SessionOptions()
    assert Translator(tiny, session_options=own).translate(["eins"])[0].text == "one"
    assert (own.intra_op_num_threads, own.enable_mem_pattern) == (0, True)
    with pytest.raises(ConfigError, match=r"expected an onnxruntime.SessionOptions, as s2s"):
        Translator(tiny, session_options={"intra_op_num_threads": 2})


def test_providers_are_chosen_by_name_with_options(tiny, translator):
    for providers in ([CPU], [(CPU, {"use_arena": "0"})], (CPU,)):
        translations = Translator(tiny, providers=providers, threads=1).translate(TEXTS)
        assert translations == translator.translate(TEXTS)


@pytest.mark.parametrize(
    ("providers", "error", "message"),
    [
        (CPU, ConfigError, r"providers is 'CPUExecutionProvider'; expected a list: \["),
        ([], ConfigError, r"providers is \[\]; expected a list"),
        (["CPUExecutionProvidr"], ConfigError, "did you mean 'CPUExecutionProvider'"),
        ([(CPU, "0")], ConfigError, "expected a name, or a name and a mapping of options"),
        (["DmlExecutionProvider"], DeviceError, "has no DmlExecutionProvider, only .*CPUExecution"),
    ],
)
def test_providers_that_are_not_there_are_told(tiny, providers, error, message):
    with pytest.raises(error, match=message):
        Translator(tiny, providers=providers)


def test_a_provider_that_does_not_start_is_an_error_and_options_reach_it(tiny, monkeypatch):
    class Runtime:
        """An onnxruntime with a provider that cannot start."""

        capi, SessionOptions = onnxruntime.capi, onnxruntime.SessionOptions
        get_all_providers = staticmethod(lambda: ["XnnpackExecutionProvider", CPU])
        get_available_providers = get_all_providers

        def InferenceSession(self, data, options, *, providers, enable_fallback):  # noqa: N802
            self.asked = providers
            return type("Session", (), {"get_providers": lambda _: [CPU]})()

    runtime = Runtime()
    monkeypatch.setitem(sys.modules, "onnxruntime", runtime)
    asked = [("XnnpackExecutionProvider", {"intra_op_num_threads": "1"}), CPU]
    with pytest.raises(DeviceError, match="could not start XnnpackExecutionProvider"):
        Translator(tiny, providers=asked)
    assert runtime.asked == asked
    with pytest.raises(ConfigError, match="device is 'cuda', but providers"):
        Translator(tiny, providers=asked, device="cuda")


def test_a_run_folder_takes_nothing_of_onnxruntime(tmp_path):
    pytest.importorskip("torch")
    pytest.importorskip("safetensors")
    (tmp_path / "config.json").write_text("{}")
    for options in ({"providers": [CPU]}, {"session_options": session_options()}):
        with pytest.raises(ConfigError, match="are for onnxruntime, but a run folder runs with"):
            Translator(tmp_path, **options)


def test_a_translator_is_neither_pickled_nor_copied(translator):
    for way in (pickle.dumps, copy.copy, copy.deepcopy):
        with pytest.raises(UseError, match="make a translator in each process"):
            way(translator)


def use_after_fork(translator, tiny, told):
    try:
        translator.translate(TEXTS)
    except UseError as error:
        told.put(str(error))
    translator.close()
    with Translator(tiny, threads=2) as own:
        told.put([translation.text for translation in own.translate(TEXTS, batch_tokens=5)])


@needs_fork
def test_a_forked_process_is_told_to_make_its_own(tiny):
    translator = Translator(tiny, threads=2)
    expected = [translation.text for translation in translator.translate(TEXTS, batch_tokens=5)]
    context = multiprocessing.get_context("fork")
    told = context.Queue()
    process = context.Process(target=use_after_fork, args=(translator, tiny, told))
    process.start()
    assert f"was made in process {os.getpid()}, but this process is a fork of it" in told.get(
        timeout=60
    )
    assert told.get(timeout=60) == expected
    process.join(60)
    assert process.exitcode == 0
    assert [
        translation.text for translation in translator.translate(TEXTS, batch_tokens=5)
    ] == expected
