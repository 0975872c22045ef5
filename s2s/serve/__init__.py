"""A server of translations: LibreTranslate's API, DeepL's for texts, and KServe's, over batches."""
