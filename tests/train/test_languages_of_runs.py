"""Languages of a run: from the endings of its files, or named."""

from dataclasses import replace

import pytest

torch = pytest.importorskip("torch")

from tiny_runs import MODEL, TOKENIZER, TRAINING, data_of

from s2s.errors import ConfigError
from s2s.formats.run_folder import read_config
from s2s.train import CorpusConfig, train

SHORT = replace(TRAINING, max_updates=1)


def languages_of(folder, names, **fields):
    """Languages of a run with a corpus for each pair of endings."""
    corpora = []
    for src, tgt in names:
        for ending, old in ((src, "xx"), (tgt, "yy")):
            (folder / f"t.{ending}").write_bytes((folder / f"train.{old}").read_bytes())
        corpora.append(CorpusConfig(src=str(folder / f"t.{src}"), tgt=str(folder / f"t.{tgt}")))
    data = replace(data_of(folder), train=tuple(corpora), **fields)
    train(data, folder / "run", training=SHORT, model=MODEL, tokenizer=TOKENIZER)
    return read_config(folder / "run")["languages"]


@pytest.mark.parametrize(
    ("names", "languages"),
    [
        ([("en", "pt-BR")], {"src": "en", "tgt": "pt-BR"}),
        ([("eng_Latn", "zh-Hans")], {"src": "eng_Latn", "tgt": "zh-Hans"}),
        ([("en", "pt_BR"), ("EN", "pt-br")], {"src": "en", "tgt": "pt_BR"}),
        ([("en", "es-419"), ("en", "es")], {"src": "en", "tgt": ["es-419", "es"]}),
    ],
)
def test_languages_come_from_the_endings(corpus_folder, capsys, names, languages):
    assert languages_of(corpus_folder, names) == languages
    assert "no language code" not in capsys.readouterr().err


def test_an_ending_that_is_no_language_is_said(corpus_folder, capsys):
    assert languages_of(corpus_folder, [("tok", "de")]) == {"src": None, "tgt": "de"}
    said = capsys.readouterr().err
    assert "\nt.tok: the ending is no language code, so the language is unknown; name it " in said
    assert "--set src_language=pt-BR" in said


def test_a_named_language_takes_the_place_of_the_ending(corpus_folder, capsys):
    languages = languages_of(corpus_folder, [("csv", "de")], src_language="zh-Hans")
    assert languages == {"src": "zh-Hans", "tgt": "de"}
    assert "ending" not in capsys.readouterr().err


@pytest.mark.parametrize("code", ["german", "", "de-", "e", "en-US-x"])
def test_a_name_that_is_no_code_is_refused(corpus_folder, code):
    with pytest.raises(ConfigError, match=r"src_language \(--set src_language\) is .* such as de"):
        replace(data_of(corpus_folder), src_language=code)
