"""The tasks, one a file or close family; each says its side effect in its first sentence."""
