"""Turn a cross-encoder into a lean ONNX graph that secondpass runs: one pair a run, no padding, no mask."""
