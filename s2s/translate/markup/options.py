"""How the markup of texts is read."""

from collections.abc import Collection
from dataclasses import dataclass
from typing import Literal

from s2s.errors import ConfigError, printable, suggest

KINDS = ("html", "xml")


@dataclass(frozen=True, kw_only=True, slots=True)
class Markup:
    """How the markup of texts is read."""

    kind: Literal["html", "xml"] = "html"
    """``html``: the names of tags say which of them part the text into blocks, and what is code.
    ``xml``: names mean nothing; an element beside text is within it, and others part the text;
    ``<x/>`` is an element."""
    ignore_tags: Collection[str] = ()
    """Names of elements that are carried over untouched, at the place where a word would be: for
    example ``x``, if placeholders are written ``<x id="5"></x>``. In HTML, case does not count."""

    def __post_init__(self) -> None:
        if self.kind not in KINDS:
            raise ConfigError(
                f"Markup: kind is {self.kind!r}; expected {' or '.join(map(repr, KINDS))}"
                f"{suggest(str(self.kind), KINDS)}"
            )
        if isinstance(self.ignore_tags, str):
            raise ConfigError(
                f"Markup: ignore_tags is one string; expected a list of names: "
                f"[{self.ignore_tags!r}]"
            )
        if unfit := [name for name in self.ignore_tags if not isinstance(name, str) or not name]:
            raise ConfigError(
                f"Markup: ignore_tags has {printable(repr(unfit[0]))}; expected names of tags"
            )
        same_case = frozenset(
            name if self.kind == "xml" else name.lower() for name in self.ignore_tags
        )
        object.__setattr__(self, "ignore_tags", same_case)
