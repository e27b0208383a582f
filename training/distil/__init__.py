"""Hand a large model's knowledge to a small one: its start by principal components, its lessons by the teachers' scores."""
