"""Tags: pieces before a source sentence that say which language to translate it to.

Johnson et al. (2017), "Google's Multilingual Neural Machine Translation System", section 3: one
model for several target languages is told the one that is wanted, ``<2de>`` for German.

A tag is a control piece of the source vocabulary, which SentencePiece never finds in text. Its id
is put before a sentence by s2s, and only there: ``<2de>`` in the middle of one is five characters,
like any other text. (A user-defined symbol would become the tag wherever somebody types it.)
"""

import re
from collections.abc import Iterable, Sequence

from s2s.errors import ConfigError, suggest

TAG = re.compile(r"<2([\w-]+)>")
"""What a tag looks like; the group is the language's code."""


def check_tags(tags: Iterable[str]) -> tuple[str, ...]:
    """Returns the tags, each once, sorted.

    Raises:
        ConfigError: If one does not look like a tag.
    """
    for tag in tags:
        if TAG.fullmatch(tag) is None:
            raise ConfigError(
                f"the tag {tag!r} is none; expected <2 and a language's code and >, such as <2de>"
            )
    return tuple(sorted(set(tags)))


def codes(tags: Sequence[str]) -> list[str]:
    """Returns the languages' codes: ``de`` of ``<2de>``."""
    return [TAG.sub(r"\1", tag) for tag in tags]


def choose_tag(to: str | None, tags: Sequence[str]) -> str | None:
    """Returns the tag of the language ``to``; None if nothing was chosen.

    Args:
        to: The language's code.
        tags: The model's.

    Raises:
        ConfigError: If the model has no tags, or none of that language.
    """
    if to is None:
        return None
    if not tags:
        raise ConfigError(f"to is {to!r} but the model has no tags to choose from; leave it out")
    choices = codes(tags)
    if to not in choices:
        raise ConfigError(
            f"to is {to!r}; the model has tags for {', '.join(choices)}{suggest(str(to), choices)}"
        )
    return tags[choices.index(to)]


def leading_tag(tags: Sequence[str]) -> re.Pattern[str]:
    """Returns a pattern for a sentence that begins with a tag: groups 1 the tag, 2 the rest."""
    return re.compile(rf"\s*({'|'.join(map(re.escape, tags))})\s*(.*)", re.DOTALL)
