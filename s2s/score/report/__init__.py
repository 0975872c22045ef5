"""One self-contained page about a model on a test set: ``s2s evaluate --plot``.

The page is an element tree of the standard library, so that text can never become markup. Its
charts are SVG: the browser shapes Arabic, Thai or Chinese, which libraries that draw to files
cannot do, and no script or font is needed.
"""
