"""From public sets and a user's own feedback to clean sets: licences, overlap with evaluation sets, query styles."""
