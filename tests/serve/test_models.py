"""Which model translates what, and files that are replaced while the server runs."""

import asyncio
import json
import shutil
import time

import pytest

pytest.importorskip("onnxruntime")
pytest.importorskip("starlette")

from s2s import Translator
from s2s.errors import ConfigError, FileError, ModelError
from s2s.formats.model_file import read_model_file
from s2s.serve import service as service_module
from s2s.serve.codes import find_code
from s2s.serve.errors import NotSupported
from s2s.serve.service import Service
from s2s.writing.languages import same_code


@pytest.fixture
def nameless(tiny, tmp_path, with_card):
    """Path of a model whose card names no languages."""
    return with_card(tiny, tmp_path / "nameless.onnx", languages={"src": None, "tgt": "en"})


@pytest.fixture
def with_card():
    """Returns a function that writes a model with another card."""
    from s2s.formats.checksum import sealed
    from s2s.protobuf import write_field

    def write(model, path, **changes):
        data = model.read_bytes()
        card = json.dumps({**read_model_file(data).card, **changes}).encode()
        entry = write_field(1, b"s2s.config") + write_field(2, card)
        # As a file is replaced: whole, by a rename.
        new = path.with_suffix(".new")
        new.write_bytes(sealed(data + write_field(14, entry)))
        new.rename(path)
        return path

    return write


def open_models(*models):
    service = Service([str(model) for model in models])
    service.models.close()
    return service


def test_a_card_says_which_pairs_a_model_translates(tiny, tagged):
    assert open_models(tiny).languages() == {"de": ["en"]}
    service = open_models(tagged)
    assert service.languages() == {"de": ["en", "it"]}
    assert sorted(map(str, service.models.by_pair)) == ["de-en", "de-it"]
    assert service.model("de-it").target == "it"


def test_the_command_line_says_it_too(tiny, tagged, nameless):
    service = open_models(tiny, f"fr:en={nameless}", f"pt-BR:it={tagged}")
    assert service.languages() == {"de": ["en"], "fr": ["en"], "pt-BR": ["it"]}
    assert service.codes() == ["de", "en", "fr", "it", "pt-BR"]


def test_what_is_not_clear_is_an_error_that_says_what_to_do(tiny, tagged, nameless):
    with pytest.raises(ConfigError, match="name them: SOURCE:TARGET="):
        open_models(nameless)
    with pytest.raises(ConfigError, match="both translate de-en; leave out one of them"):
        open_models(tiny, tagged)
    with pytest.raises(ConfigError, match="has no tag for 'fr'; it translates to en, it"):
        open_models(f"de:fr={tagged}")
    with pytest.raises(ConfigError, match="'english'; expected the code of a language"):
        open_models(f"english:de={tiny}")
    with pytest.raises(FileError, match="does not exist"):
        open_models("nowhere.onnx")


@pytest.mark.parametrize(
    ("code", "codes", "found"),
    [
        ("EN", ["en", "en-GB"], "en"),
        ("en-US", ["de", "en"], "en"),
        ("deu", ["de", "en"], "de"),
        ("pt", ["pt-BR"], "pt-BR"),
        ("pt", ["pt-BR", "pt-PT"], None),
        ("zh_Hans", ["zh-Hans", "zh-Hant"], "zh-Hans"),
        ("zh-CN", ["zh-Hans", "zh-Hant"], "zh-Hans"),
        ("zh", ["zh-Hans", "zh-Hant"], "zh-Hans"),
        ("zho_TW", ["zh-Hans", "zh-Hant"], "zh-Hant"),
        ("zh-Hant-TW", ["zh-CN", "zh-HK"], "zh-HK"),
        ("zt", ["zh", "zh-TW"], "zh-TW"),
        ("zh-TW", ["zh"], "zh"),
        ("iw", ["he"], "he"),
        ("zz", ["de", "en"], None),
        ("", ["de"], None),
    ],
)
def test_codes_are_found_as_clients_write_them(code, codes, found):
    assert find_code(code, codes) == found


def test_a_code_of_a_million_characters_is_not_remembered():
    known = same_code.cache_info().currsize
    assert find_code("x" * 1_000_000, ["de"]) is None
    assert same_code.cache_info().currsize == known


def test_a_language_or_a_pair_that_is_not_served_is_named(tagged):
    service = open_models(tagged)
    assert service.find("de-AT", "IT").name == "de-it"
    for pair, error in ((("fr", "en"), "fr"), (("de", "fr"), "fr"), (("de", "de"), "de-de")):
        with pytest.raises(NotSupported, match=f"^{error} is not supported"):
            service.find(*pair)
    with pytest.raises(NotSupported):
        service.model("fr-en")


def test_a_model_that_cannot_keep_placeholders_translates_without(paths_of_old_files, caplog):
    async def run():
        async with Service([f"de:en={paths_of_old_files}"]) as service:
            return await service.translate(service.find("de", "en"), ["eins {x}"])

    assert asyncio.run(run())[0].text
    assert "cannot keep placeholders" in caplog.text


@pytest.fixture
def paths_of_old_files():
    from paths import DATA

    return next(iter(sorted(DATA.glob("*-0.1.0*.onnx"))))


def answers_while(serve, path, change, until):
    """Asks without a pause while a file changes; returns the server's stats."""
    with serve(path) as server:
        stats = server.service.stats
        change()
        end = time.monotonic() + 20
        while not until(stats) and time.monotonic() < end:
            assert server.translate(["eins", "zwei drei"]) == ["one", "two three"]
        assert server.translate("elf") == "eleven"
        return stats, server.service


def test_a_file_that_is_replaced_is_loaded_without_losing_a_request(
    serve, tiny, tmp_path, with_card, monkeypatch, caplog
):
    monkeypatch.setattr(service_module, "WATCH_SECONDS", 0.05)
    caplog.set_level("INFO")
    path = tmp_path / "model.onnx"
    shutil.copy(tiny, path)
    loaded = []
    load = Translator.close
    monkeypatch.setattr(Translator, "close", lambda self: (loaded.append(self), load(self)))

    def change():
        with_card(tiny, path, scores={"BLEU": 1.0})

    stats, service = answers_while(serve, path, change, lambda stats: stats.reloads)
    assert (stats.reloads, stats.failed_reloads, stats.failed) == (1, 0, 0)
    assert service.models.files[0].engine.translator.card["scores"] == {"BLEU": 1.0}
    assert len(loaded) == 2  # the old one after its last request, the new one at the end
    assert "was replaced and loaded anew" in caplog.text


@pytest.mark.parametrize("kind", ["damaged", "other languages", "gone"])
def test_a_file_that_is_replaced_by_a_wrong_one_changes_nothing(
    serve, tiny, tmp_path, with_card, monkeypatch, caplog, kind
):
    monkeypatch.setattr(service_module, "WATCH_SECONDS", 0.05)
    path = tmp_path / "model.onnx"
    shutil.copy(tiny, path)

    def change():
        if kind == "damaged":
            path.write_bytes(tiny.read_bytes()[:-100])
        elif kind == "gone":
            path.unlink()
        else:
            with_card(tiny, path, languages={"src": "fr", "tgt": "en"})

    message = {
        "damaged": "is not a valid s2s model file",
        "other languages": "now translates fr-en; expected de-en",
        "gone": "is gone; the server goes on",
    }[kind]
    answers_while(serve, path, change, lambda _: message in caplog.text)
    assert caplog.text.count(message) == 1


def test_a_damaged_file_is_refused_at_the_start(tiny, tmp_path):
    path = tmp_path / "model.onnx"
    path.write_bytes(tiny.read_bytes()[:-100])
    with pytest.raises(ModelError):
        open_models(path)
