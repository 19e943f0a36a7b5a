"""What the chat pane is made of, apart from its drawing: what is typed, what was said, and who is asked."""
