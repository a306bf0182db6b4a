"""From a model's source to the IR."""

from .load import Loaded, built_in_models, load, load_class, parse_expression

__all__ = ["Loaded", "built_in_models", "load", "load_class", "parse_expression"]
