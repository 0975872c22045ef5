"""Tags: pieces before a source sentence that say which language to translate it to.

Johnson et al. (2017), "Google's Multilingual Neural Machine Translation System", section 3: a tag
tells one model for several target languages which of them is wanted, ``<2de>`` for German.

A tag is a control piece of the source vocabulary, which SentencePiece never finds in text. Only s2s
puts its id before a sentence, and nowhere else: ``<2de>`` in the middle of a sentence is five
characters, like any other text. (A user-defined symbol would become the tag wherever it is typed.)
"""

import re
from collections.abc import Iterable, Sequence

from s2s.errors import ConfigError, suggest, with_option
from s2s.writing.languages import same_code

TAG = re.compile(r"<2([\w-]+)>")
"""The form of a tag; the group is the language's code."""


def check_tags(tags: Iterable[str]) -> tuple[str, ...]:
    """Returns the tags, each once, sorted.

    Raises:
        ConfigError: If one does not have the form of a tag.
    """
    for tag in tags:
        if TAG.fullmatch(tag) is None:
            raise ConfigError(f"{tag!r} is not a tag; expected <2LANGUAGE>, for example <2de>")
    return tuple(sorted(set(tags)))


def check_in_step(in_step: object, tags: Sequence[str]) -> bool:
    """Returns whether outputs are to be in step with sources, see ``SearchConfig.in_step``.

    Raises:
        ConfigError: If it is neither True nor False, or True though sources begin with a tag, which
            has no place in an output.
    """
    if not isinstance(in_step, bool):
        raise ConfigError(f"{with_option('in_step')} is {in_step!r}; expected True or False")
    if in_step and tags:
        raise ConfigError(
            f"{with_option('in_step')} is on, but sources begin with a tag ({tags[0]}) and so "
            "have a piece more than their outputs; turn it off, or train without tags"
        )
    return in_step


def language_codes(tags: Sequence[str]) -> list[str]:
    """Returns the languages' codes: ``de`` for ``<2de>``."""
    return [TAG.sub(r"\1", tag) for tag in tags]


def choose_tag(to: str | None, tags: Sequence[str]) -> str | None:
    """Returns the tag of the language ``to``; None if ``to`` is None.

    Args:
        to: The language's code, in any case, with ``-`` or ``_``: ``pt_br`` for ``<2pt-BR>``.
        tags: The model's tags.

    Raises:
        ConfigError: If the model has no tags, or none for that language.
    """
    if to is None:
        return None
    if not tags:
        raise ConfigError(
            f"to (--to) is {to!r}, but the model has no tags for several languages; leave it out"
        )
    choices = language_codes(tags)
    if to in choices:
        return tags[choices.index(to)]
    wanted = same_code(str(to))
    alike = [tag for tag, code in zip(tags, choices, strict=True) if same_code(code) == wanted]
    if len(alike) == 1:
        return alike[0]
    raise ConfigError(
        f"to (--to) is {to!r}; expected a language of the model: {', '.join(choices)}"
        f"{suggest(str(to), choices)}"
    )


def leading_tag_pattern(tags: Sequence[str]) -> re.Pattern[str]:
    """Returns a pattern for a sentence that begins with a tag: group 1 the tag, 2 the sentence."""
    return re.compile(rf"\s*({'|'.join(map(re.escape, tags))})\s*(.*)", re.DOTALL)
