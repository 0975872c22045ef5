import gzip

import pytest

from s2s.cli.corpora import parse_corpus, tagged
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
