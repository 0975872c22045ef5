"""One self-contained page about a model on a test set: ``s2s evaluate --plot``.

The page is an element tree of the standard library, so that text can never become markup, and its
charts are SVG drawn here: the browser then shapes Arabic, Thai or Chinese, which libraries that
draw to files cannot, and no script or font has to be shipped.
"""
