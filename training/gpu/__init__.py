"""Training on a large GPU that is there for minutes: what has to travel, packed small; a plan by the clock; weights in pieces."""
