"""Turn a BERT cross-encoder into the lean ONNX graph that secondpass runs: one pair a run, no padding, no mask."""
