"""The reranker that reads query and passage apart first and together last."""
