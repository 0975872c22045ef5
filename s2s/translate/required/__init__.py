"""Words that a translation has to hold (``--require``)."""
