"""From text to pieces and back: vocabularies, tags, and the marks of kept texts."""

from s2s.tokenizer.tokenizer import Tokenizer

__all__ = ["Tokenizer"]
