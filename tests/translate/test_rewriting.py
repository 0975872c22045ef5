"""Capitals, Title Case and missing end marks: searched as training text, written as typed."""

import logging

import pytest

pytest.importorskip("onnxruntime")

from paths import DATA
from text_facts import with_facts

from s2s import Translator
from s2s.config import TokenizerConfig
from s2s.errors import ConfigError
from s2s.tokenizer.keep import SILENT, STAND_IN
from s2s.tokenizer.learn import train_tokenizer
from s2s.translate.rewriting import AS_TYPED, Rewriter, Rewriting
from s2s.writing.facts import TextFacts

TINY = DATA / "tiny.onnx"
LINES = [
    "The old man sees a dog.",
    "A dog sees Tom in Berlin.",
    "I see the old dog of Tom.",
    "Die große Straße ist weiß.",
] * 20
FACTS = TextFacts(
    several_sentences=0.0,
    src_length=30,
    capitals=0.0,
    title_case=0.0,
    lower_start=0.0,
    any_capitals=1.0,
    end_marks=1.0,
    end_mark=".",
    spellings=("Tom", "I"),
)


@pytest.fixture(scope="module")
def tokenizer():
    return train_tokenizer(LINES, LINES, TokenizerConfig(vocab_size=120), 1)


@pytest.fixture(scope="module")
def rewriter(tokenizer):
    return Rewriter(tokenizer, FACTS)


@pytest.mark.parametrize(
    ("typed", "searched", "case", "adds_mark"),
    [
        ("The old man sees Tom.", "The old man sees Tom.", "as typed", False),
        ("THE OLD MAN SEES TOM.", "The old man sees Tom.", "capitals", False),
        ("THE OLD MAN SEES BERLIN!", "The old man sees Berlin!", "capitals", False),
        ("DIE GROSSE STRASSE IST WEISS.", "Die große Straße ist weiß.", "capitals", False),
        ("The Old Man Sees Tom And I.", "The old man sees Tom and I.", "title", False),
        ("the old man sees tom.", "The old man sees Tom.", "small", False),
        ("the old man sees Tom.", "The old man sees Tom.", "small", False),
        ("The old man sees Tom", "The old man sees Tom.", "as typed", True),
        ("old dog", "Old dog.", "small", True),
        ("¿THE OLD MAN?", "¿The old man?", "capitals", False),
        ('"the old man"', '"The old man".', "small", True),
        ("iPhone sees Tom.", "iPhone sees Tom.", "as typed", False),
        ("NATO", "NATO.", "as typed", True),
        ("Tom Berlin", "Tom Berlin.", "as typed", True),
        ("1 + 1", "1 + 1", "as typed", False),
        ("", "", "as typed", False),
        (f"THE OLD MAN SEES {STAND_IN}", f"The old man sees {STAND_IN}.", "capitals", True),
        (f"The old man {SILENT}", f"The old man. {SILENT}", "as typed", True),
        (f"The old man.{SILENT}", f"The old man.{SILENT}", "as typed", False),
    ],
)
def test_a_sentence_is_searched_as_the_training_text_is_written(
    rewriter, typed, searched, case, adds_mark
):
    assert rewriter.rewrite(typed) == (searched, Rewriting(case, adds_mark))


@pytest.mark.parametrize(
    ("case", "adds_mark", "protected", "translation", "written"),
    [
        ("as typed", False, [], "The dog.", "The dog."),
        ("capitals", False, [], "The dog.", "THE DOG."),
        ("capitals", False, ["{name}"], "The dog {name}.", "THE DOG {name}."),
        ("capitals", True, ["{name}"], "The dog {name}.", "THE DOG {name}"),
        ("title", False, ["e.V."], "The old e.V. dog.", "The Old e.V. Dog."),
        ("as typed", True, [], "The dog.", "The dog"),
        ("as typed", True, ["😀"], "The dog. 😀", "The dog 😀"),
        ("as typed", True, ["U.S."], "The U.S.", "The U.S."),
        ("small", True, [], "The dog.", "the dog"),
        ("small", True, [], "Tom.", "Tom"),
        ("small", True, ["The"], "The dog.", "The dog"),
        ("small", False, [], "The dog.", "The dog."),
    ],
)
def test_a_translation_is_written_as_its_sentence_was(
    rewriter, case, adds_mark, protected, translation, written
):
    assert rewriter.restore(translation, Rewriting(case, adds_mark), protected) == written


def test_what_the_training_text_had_is_not_rewritten(tokenizer):
    values = FACTS.to_dict() | {"capitals": 0.2, "title_case": 0.2, "lower_start": 0.1}
    rewriter = Rewriter(tokenizer, TextFacts.from_dict(values | {"end_marks": 0.5}))
    for typed in ("THE OLD MAN SEES TOM.", "The Old Man Sees Tom.", "the old dog", "The dog"):
        assert rewriter.rewrite(typed) == (typed, AS_TYPED)


def test_case_that_has_a_meaning_is_not_rewritten(tokenizer):
    """``CCO`` is ethanol, ``cco`` is nothing."""
    values = FACTS.to_dict() | {"inner_capitals": 0.9, "end_marks": 0.0}
    rewriter = Rewriter(tokenizer, TextFacts.from_dict(values))
    for typed in ("CCO", "CNOCNCBRCL", "c1ccccc1", "The Old Man Sees Tom And I"):
        assert rewriter.rewrite(typed) == (typed, AS_TYPED)
    small = Rewriter(tokenizer, TextFacts.from_dict(values | {"any_capitals": 0.01}))
    assert small.rewrite("The iPhone of Tom")[0] == "the iphone of tom"


def test_a_script_without_case_is_not_changed(rewriter):
    for typed in ("你好。", "สวัสดี.", "안녕하세요.", "नमस्ते।"):
        assert rewriter.rewrite(typed) == (typed, AS_TYPED)


def test_a_network_without_capitals_reads_small_letters(caplog):
    small = Translator(with_facts(TINY), threads=1)
    plain = Translator(TINY, threads=1)
    with caplog.at_level(logging.INFO, "s2s"):
        (translation,) = small.translate(["EINS Zwei"])
    assert translation.text == "one two"
    assert "1 of 1 texts were searched in the spelling of the training text" in caplog.text
    assert small.translate(["EINS Zwei"], rewrite=False) == plain.translate(["EINS Zwei"])
    with pytest.raises(ConfigError, match=r"rewrite .* no record of its training text"):
        plain.translate(["eins"], rewrite=True)


def test_a_translation_in_capitals_keeps_its_alignment():
    capitals = Translator(with_facts(TINY, any_capitals=1.0, lower_start=1.0), threads=1)
    (typed,) = capitals.translate(["eins zwei drei"], details=True)
    (shouted,) = capitals.translate(["EINS ZWEI DREI"], details=True)
    assert (typed.text, shouted.text) == ("one two three", "ONE TWO THREE")
    assert shouted.details == typed.details
    assert (typed.hypotheses[0].rewritten, shouted.hypotheses[0].rewritten) == (False, True)
