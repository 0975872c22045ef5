"""The tag of a text: typed at its beginning, or that of the language to translate to."""

from s2s.errors import SentenceError
from s2s.tokenizer import Tokenizer
from s2s.tokenizer.tags import language_codes


def find_tag(
    text: str, tag: str | None, tokenizer: Tokenizer, number: int
) -> tuple[str | None, str]:
    """Returns the tag of a text, and the text without it.

    Args:
        text: The text as it was typed.
        tag: The tag; None if the text begins with its own, or the model has no tags.
        tokenizer: The model's.
        number: The text's, from 1, for the message.

    Raises:
        SentenceError: If ``tag`` is None, the model has tags, and the text begins with none.
    """
    if tag is not None or not tokenizer.tags:
        return tag, text
    cleaned = tokenizer.clean(text)
    found = tokenizer.tag_of(cleaned)
    if cleaned and found is None:
        code = language_codes(tokenizer.tags)[0]
        raise SentenceError(
            number,
            f"does not begin with a tag of the model ({', '.join(tokenizer.tags)}); name the "
            f"language to translate to (to={code!r}, --to {code}), or begin each text with its tag",
        )
    return (None, text) if found is None else (found, text.split(found, 1)[1])
