"""Lists made by the thousand whose distractors only reading refuses: blocks of our own (groups.txt) and glosses of WordNet."""
