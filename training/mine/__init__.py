"""From clean sets to training pools: candidates of BM25 and of a bi-encoder, without likely false negatives."""
