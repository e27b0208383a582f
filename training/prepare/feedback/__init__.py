"""What users and language models said about passages, turned into labels from 0 to 1."""
