"""Pairs that words do not decide: a passage that answers, and one that has the question's words and does not."""
