"""From an outcome to what a person or a program reads."""
