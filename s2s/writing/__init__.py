"""How people write: where a sentence ends, in which case a text stands, which marks close it.

Pure functions of text. Nothing here knows a model.
"""
