"""Sequences that are no text: a model of words or characters translates them whole."""

import json
import logging

import pytest

pytest.importorskip("torch")

from text_facts import PLAIN
from tiny_folder import write_run

from s2s import Translator
from s2s.config import TokenizerConfig
from s2s.errors import DataError
from s2s.tokenizer.learn import train_tokenizer

REACTION = " . ".join(["C C ( = O ) O", "C N 1 C = N C 2 = C 1"] * 25)
ALGORITHMS = {"char": len(REACTION) + 2, "word": REACTION.count(" ") + 2}
"""Pieces of ``REACTION``, the end piece counted: 999 and 500."""


@pytest.fixture(scope="module", params=ALGORITHMS)
def folder(request, tmp_path_factory):
    """An untrained run of characters or words."""
    config = TokenizerConfig(algorithm=request.param)
    tokenizer = train_tokenizer([REACTION], [REACTION], config, 1)
    size = tokenizer.src_vocab_size
    path = tmp_path_factory.mktemp("run") / request.param
    return write_run(path, tokenizer.src_model, src_vocab_size=size, tgt_vocab_size=size)


def translator_of(folder, **facts):
    """Loads a run, with a record of its training text if there are facts."""
    path = folder / "config.json"
    settings = json.loads(path.read_text())
    settings.pop("text", None)
    path.write_text(json.dumps({**settings, "text": {**PLAIN, **facts}} if facts else settings))
    return Translator(folder, threads=1)


def test_a_long_sequence_is_translated_whole_and_counted(folder, caplog):
    translator = translator_of(folder)
    with caplog.at_level(logging.INFO):
        both = translator.translate(["C C", REACTION], beam_size=1, max_length=5)
    assert [one.parts for one in both] == [1, 1]
    assert both[1].src_length == ALGORITHMS[folder.name]
    assert caplog.messages[0] == (
        "1 of 2 inputs were longer than those of the training (over 200 pieces); they were "
        "translated whole (first: line 2)"
    )


def test_what_the_training_had_is_not_long(folder, caplog):
    length = ALGORITHMS[folder.name]
    for longest, warned in ((length, False), (length - 1, True)):
        caplog.clear()
        translator = translator_of(folder, longest=longest)
        translator.translate([REACTION], beam_size=1, max_length=5)
        assert (f"(over {longest} pieces)" in caplog.text) == warned


def test_a_very_long_sequence_is_split_between_tokens(folder, caplog):
    (very,) = translator_of(folder).translate([f"{REACTION} . " * 5], beam_size=1, max_length=5)
    assert very.parts == (3 if folder.name == "word" else 6)
    assert "1 of 1 inputs had over 1000 pieces and were translated in parts" in caplog.text
    with pytest.raises(DataError, match="expected at most 1000"):
        translator_of(folder).translate([REACTION * 5], too_long="error")


def test_who_asks_for_sentences_gets_them(folder):
    (cut,) = translator_of(folder).translate(["C C! C N!"], sentences=True, beam_size=1)
    assert cut.parts == 2
    (long,) = translator_of(folder).translate([REACTION], sentences=True, beam_size=1)
    assert long.parts > 2


def test_long_sequences_are_scored(folder):
    (scored,) = translator_of(folder).score([REACTION], ["C C"])
    assert scored.details is not None


def test_unknown_pieces_are_named_as_the_vocabulary_cuts_them(folder, caplog):
    unit = {"char": "characters", "word": "words"}[folder.name]
    translator = translator_of(folder)
    with caplog.at_level(logging.INFO):
        translator.translate(["C X C", "C X C C Y"], beam_size=1, max_length=5)
        translator.classify(["C X"], ["C", "O"])
    counts = [message for message in caplog.messages if "unknown" in message]
    assert counts == [
        f"3 runs of unknown {unit} in 2 texts were left to the model, which cannot read them "
        "(--unknown copy: copied; first: line 1)",
        f"1 runs of unknown {unit} in 1 texts were left to the model, which cannot read them "
        "(train on text that has them; first: line 1)",
    ]
