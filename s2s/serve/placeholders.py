"""Placeholders in the texts of clients, which translations keep as they are."""

PLACEHOLDERS = (
    r"\[X\d+X *\]",  # Weblate
    r'<x id="[^"<>]{1,40}"(?:/>|></x>)',  # Weblate, for services that take XML
    r"\$?\{\{[^{}]{0,80}\}\}",
    r"\$?\{[\w.:!-]{0,80}\}",
    r"%\(\w{1,80}\)[#0+-]?\d{0,3}(?:\.\d{1,3})?[a-zA-Z](?![a-zA-Z])",
    r"(?<![\d%])%(?:\d{1,2}\$)?[a-zA-Z@](?![a-zA-Z])",
)
"""Placeholders that clients send in texts. None of these takes more than linear time."""
