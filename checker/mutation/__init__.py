"""Small changes to a model, and which of its properties notice them."""
