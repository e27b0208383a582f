"""Queries that look like users': rewriting by rule, from one to forty words, seeded."""
