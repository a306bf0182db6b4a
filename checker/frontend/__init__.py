"""From a model's source to the IR."""
