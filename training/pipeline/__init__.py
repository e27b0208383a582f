"""All stages in order, from public data to two models with their card."""
