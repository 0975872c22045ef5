"""Texts of a sentence that its translation has to have as they are (``--keep``)."""
