"""README's pictures and outputs, all made by the program: `uv run python -m tests.readme` makes them anew."""
