"""Texts that a translation must hold (``--require``)."""
