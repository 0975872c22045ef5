import pytest

from s2s.writing.sentences import cut_sentences


@pytest.mark.parametrize(
    ("language", "sentences"),
    [
        ("en", ["Mr. Smith met Dr. Brown. ", "They left."]),
        ("en", ["The U.S. Army came. ", "It left."]),
        ("en", ["J. R. R. Tolkien wrote it."]),
        ("en", ["It is approx. 3 km, see Fig. 3 and No. 5 on p. 12."]),
        ("de", ["Am 3. Oktober kam er. ", "Er aß z. B. Brot."]),
        ("es", ["¿Qué? ", "¡No! ", "Bueno."]),
        ("zh", ["你好。", "他走了！", "是吗？"]),
        ("hi", ["यह अच्छा है। ", "वह आया।"]),
        ("ar", ["هل جاء؟ ", "نعم. ", "ذهب."]),
        (None, ["One\r\n\r\n", "two. ", "Three!\n"]),
    ],
)
def test_a_text_is_cut_after_each_sentence(language, sentences):
    assert cut_sentences("".join(sentences), language) == sentences


@pytest.mark.parametrize("text", ["", " ", "\n", " \n a", "...", "a.\n\n\nb", "?! x. Y"])
def test_the_sentences_join_to_the_text(text):
    cut = cut_sentences(text)
    assert cut
    assert "".join(cut) == text
