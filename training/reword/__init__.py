"""Questions in other words: a small instruct model asks for what a passage says, without saying it as the passage does."""
