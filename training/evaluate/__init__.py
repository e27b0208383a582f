"""Rerank BM25's top 100 of BEIR-layout sets by models alone, blended and in cascade, with intervals; Markdown and JSON."""
