"""The stock export of the benchmarks is held against PyTorch too, and the check catches a wrong graph."""

from __future__ import annotations

import numpy as np
import onnx
import torch
from make_stock import export_stock, largest_difference
from onnx import numpy_helper


def batches() -> list[dict]:
    generator = torch.Generator().manual_seed(2)
    made = []
    for size, length, kept in ((1, 1, 1), (1, 9, 9), (3, 40, 22), (2, 17, 3)):
        ids = torch.randint(0, 50, (size, length), generator=generator)
        mask, types = torch.ones_like(ids), (torch.arange(length) > length // 3).long().expand(size, length)
        mask[-1, kept:] = 0
        made.append({'input_ids': ids, 'attention_mask': mask, 'token_type_ids': types})
    return made


def test_the_stock_graph_equals_pytorch_with_and_without_padding(source, tmp_path):
    made = source()
    made.model.set_attn_implementation('eager')
    export_stock(made.model, tmp_path / 'model.onnx', 50)
    assert not made.model.training, 'the exporter left dropout on: later PyTorch numbers would be random'
    assert largest_difference(made.model, tmp_path / 'model.onnx', batches()) < 1e-4


def test_a_silently_wrong_graph_is_caught(source, tmp_path):
    """The same graph with the positions shifted by one loads, runs and gives plausible logits."""
    made = source()
    made.model.set_attn_implementation('eager')
    export_stock(made.model, tmp_path / 'model.onnx', 50)
    model = onnx.load(tmp_path / 'model.onnx')
    table = next(c for c in model.graph.initializer if c.name.endswith('position_embeddings.weight'))
    table.CopyFrom(numpy_helper.from_array(np.roll(numpy_helper.to_array(table), 1, axis=0), table.name))
    onnx.save(model, tmp_path / 'wrong.onnx')
    assert largest_difference(made.model, tmp_path / 'wrong.onnx', batches()) > 0.01
