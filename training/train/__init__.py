"""Train a cross-encoder on candidate pools: token caches, listwise and distillation losses, runs that stop and resume."""
