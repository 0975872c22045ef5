"""Text to pieces and back: vocabularies, tags, and the marks of texts that are kept."""

from s2s.tokenizer.tokenizer import Tokenizer

__all__ = ["Tokenizer"]
