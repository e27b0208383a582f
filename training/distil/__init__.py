"""Hand a large model's knowledge to a small one: a small bi-encoder taught by a large one, and a teacher's scores for any run."""
