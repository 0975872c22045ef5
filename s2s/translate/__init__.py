"""From sentences to translations."""
