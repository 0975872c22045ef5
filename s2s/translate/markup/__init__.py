"""HTML and XML: what is translated in a document, and where its tags go in the translation."""
