import gzip

import pytest

from s2s.cli.corpora import parse_corpus, tagged
from s2s.cli.training_text import TextOptions
from s2s.errors import ConfigError, FileError


@pytest.fixture
def folder(tmp_path):
    for name in ("news.en", "news.de", "news.fr", "web.2=a.en"):
        (tmp_path / name).write_text("a\n")
    (tmp_path / "web.2=a.pt_BR.gz").write_bytes(gzip.compress(b"a\n"))
    return tmp_path


def test_a_name_is_two_files_and_a_weight(folder):
    corpus = parse_corpus(f"{folder}/news:en-de=2.5")
    assert (corpus.config.src, corpus.config.tgt) == (f"{folder}/news.en", f"{folder}/news.de")
    assert (corpus.config.weight, corpus.config.tag, corpus.tgt_language) == (2.5, None, "de")


def test_a_prefix_may_hold_any_sign_and_a_file_be_packed(folder):
    corpus = parse_corpus(f"{folder}/web.2=a:en-pt_BR")
    assert corpus.config.tgt == f"{folder}/web.2=a.pt_BR.gz"
    assert corpus.config.weight == 1


def test_several_target_languages_have_tags(folder):
    names = [parse_corpus(f"{folder}/news:{pair}") for pair in ("en-de", "en-fr")]
    train, validation = tagged(names, names[:1])
    assert [config.tag for config in (*train, *validation)] == ["<2de>", "<2fr>", "<2de>"]
    one = tagged(names[:1], names[:1])
    assert one[0][0].tag is None


@pytest.mark.parametrize(
    ("name", "error", "message"),
    [
        ("news", ConfigError, "expected PREFIX:SRC-TGT"),
        ("news:en", ConfigError, "expected PREFIX:SRC-TGT"),
        ("news:en-de=much", ConfigError, "weight 'much'; expected a number"),
        ("news:en-de=0", ConfigError, "weight of .* is 0.0; expected a number greater than 0"),
        ("news:en-xx", FileError, r"neither .*news.xx nor .*news.xx.gz .*news.xx.zst exists"),
    ],
)
def test_a_wrong_name_says_what_is_wrong(folder, name, error, message):
    with pytest.raises(error, match=message):
        parse_corpus(f"{folder}/{name}")


def test_two_files_of_one_name_are_not_chosen_from(folder):
    (folder / "news.de.gz").write_bytes(gzip.compress(b"b\n"))
    with pytest.raises(FileError, match=r"both .*news.de and .*news.de.gz exist"):
        parse_corpus(f"{folder}/news:en-de")
    (folder / "news.de").unlink()
    (folder / "news.de.xz").write_bytes(b"")
    with pytest.raises(FileError, match=r"both .*news.de.gz and .*news.de.xz exist"):
        parse_corpus(f"{folder}/news:en-de")


@pytest.fixture
def regions(tmp_path):
    for name in (
        "t.en",
        "t.pt-BR",
        "t.zh-Hans",
        "t.es-419",
        "t.eng_Latn",
        "t.fr_CA.txt",
        "t.de.tok",
    ):
        (tmp_path / name).write_text("a\n")
    (tmp_path / "t.zh_Hant.gz").write_bytes(gzip.compress(b"a\n"))
    return tmp_path


@pytest.mark.parametrize(
    ("pair", "src", "tgt", "language"),
    [
        ("en-pt-BR", "en", "pt-BR", "pt-BR"),
        ("pt-BR-en", "pt-BR", "en", "en"),
        ("en-pt_br", "en", "pt-BR", "pt_br"),
        ("EN-PT-BR", "en", "pt-BR", "PT-BR"),
        ("zh-Hans-zh-Hant", "zh-Hans", "zh_Hant.gz", "zh-Hant"),
        ("es-419-eng_Latn", "es-419", "eng_Latn", "eng_Latn"),
        ("eng-Latn-es_419", "eng_Latn", "es-419", "es_419"),
        ("eng-por_BR", "en", "pt-BR", "por_BR"),
    ],
)
def test_codes_with_hyphens_are_told_apart_by_the_files(regions, pair, src, tgt, language):
    corpus = parse_corpus(f"{regions}/t:{pair}=2")
    assert (corpus.config.src, corpus.config.tgt) == (f"{regions}/t.{src}", f"{regions}/t.{tgt}")
    assert (corpus.config.weight, corpus.tgt_language) == (2, language)


def test_a_pair_that_may_be_several_files_is_refused(regions):
    (regions / "t.en-pt").write_text("a\n")
    (regions / "t.BR").write_text("a\n")
    with pytest.raises(ConfigError, match=r"may be .*t.en and .*t.pt-BR, or .*t.en-pt and .*t.BR"):
        parse_corpus(f"{regions}/t:en-pt-BR")
    assert parse_corpus(f"{regions}/t:en-pt_BR").tgt_language == "pt_BR"


def test_missing_files_are_named_as_their_codes_say(regions):
    with pytest.raises(FileError, match=r"needs .*t.en and .*t.sr-Latn; there are no such files"):
        parse_corpus(f"{regions}/t:en-sr-Latn")
    (regions / "t.pt_br").write_text("a\n")
    with pytest.raises(FileError, match=r"both .*t.pt-BR and .*t.pt_br exist"):
        parse_corpus(f"{regions}/t:en-PT-BR")


def test_spellings_of_a_code_are_one_language_with_the_first_as_tag(regions):
    pairs = ("en-pt-BR", "en-zh-Hans", "en-pt_br")
    names = [parse_corpus(f"{regions}/t:{pair}") for pair in pairs]
    train, _ = tagged(names, names[:1])
    assert [config.tag for config in train] == ["<2pt-BR>", "<2zh-Hans>", "<2pt-BR>"]
    assert tagged([names[0], names[2]])[0][1].tag is None


def test_a_file_of_pairs_is_named_with_its_languages(folder):
    table = folder / "all.tsv"
    table.write_text("en\tde\tfr\na\tb\tc\n")
    corpora = [parse_corpus(f"{table}:{pair}") for pair in ("en-de=2", "en-fr")]
    assert [corpus.config.columns for corpus in corpora] == ["en,de", "en,fr"]
    assert [corpus.config.paths for corpus in corpora] == [(str(table),)] * 2
    assert corpora[0].config.weight == 2
    assert [config.tag for config in tagged(corpora)[0]] == ["<2de>", "<2fr>"]
    table.write_text("a\tb\tc\n")  # without a header
    assert parse_corpus(f"{table}:en-de").config.columns == "1,2"
    assert parse_corpus(f"{table}:en-de", "1,3", "tsv").config.columns == "1,3"
    assert parse_corpus(f"{table}:zh-Hans-en")[1:] == ("zh-Hans", "en")
    with pytest.raises(ConfigError, match="can be read in several ways; write a code that has a h"):
        parse_corpus(f"{table}:pt-BR-en")


def fields(folder, *, needed=True, **given):
    options = dict.fromkeys(("more_val_tgt", "pairs", "val_pairs", "corpora", "val_corpora"), ())
    names = ("src", "tgt", "val_src", "val_tgt")
    files = {name: given.pop(name, None) for name in names}
    options |= {"columns": None, "form": None, **given}
    return TextOptions(files=files, **options).fields(needed=needed)


def test_training_and_validation_may_each_be_two_files_or_one(folder, tmp_path):
    en, de, table = folder / "news.en", folder / "news.de", folder / "a.tsv"
    table.write_text("a\tb\n")
    found = fields(folder, pairs=[table, table], columns="2,1", val_src=en, val_tgt=de)
    assert [(corpus["pairs"], corpus["columns"]) for corpus in found["train"]] == [
        (str(table), "2,1")
    ] * 2
    assert (found["validation"][0]["src"], found["validation"][0]["pairs"]) == (str(en), None)
    found = fields(folder, src=en, tgt=de, val_pairs=[table])
    assert (found["train"][0]["tgt"], found["validation"][0]["pairs"]) == (str(de), str(table))
    found = fields(folder, corpora=[f"{table}:en-de"], val_corpora=[f"{folder}/news:en-de"])
    assert (found["src_language"], found["tgt_language"]) == ("en", "de")
    assert fields(folder, needed=False) == {}
    table.write_text("word\tphones\na\tb\n")
    found = fields(folder, corpora=[f"{table}:word-phones=3"], val_corpora=[f"{table}:word-phones"])
    assert (found["train"][0]["columns"], found["train"][0]["weight"]) == ("word,phones", 3)
    assert "src_language" not in found


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"pairs": ["a"], "src": "b"}, "--pairs has both sides; leave out --src and --tgt"),
        (
            {"src": "a", "tgt": "b", "val_pairs": ["c"], "val_tgt": "d"},
            "--val-pairs has both sides",
        ),
        ({"pairs": ["a"]}, "--val-src is missing; training needs .* or --pairs and --val-pairs"),
        ({"pairs": ["a"], "corpora": ["b"]}, "cannot be combined with .*--val-pairs"),
        ({"pairs": ["-"], "val_pairs": ["a"]}, "--pairs is standard input, but training reads"),
        ({"src": "-", "tgt": "b"}, "--src is standard input, but training reads"),
        (
            {**dict.fromkeys(("src", "tgt", "val_src", "val_tgt"), "a"), "columns": "1,2"},
            "--columns has no effect without a file of --pairs",
        ),
        ({"needed": False, "form": "tsv"}, "--pairs-format has no effect without a file"),
        ({"pairs": ["a"], "val_pairs": ["a"], "columns": "1"}, r"columns \(--columns\) is '1'"),
    ],
)
def test_options_of_text_that_do_not_fit_are_refused(folder, given, message):
    with pytest.raises(ConfigError, match=message):
        fields(folder, **given)
