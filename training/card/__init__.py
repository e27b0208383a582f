"""The model card, written from what the stages left behind: nothing in it is typed by hand but the limits."""
