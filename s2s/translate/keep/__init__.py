"""Texts that come into the translation as they are (``--keep``): placeholders, tags, numbers."""
