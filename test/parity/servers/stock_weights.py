"""The weights of a plain BERT graph under the names of the PyTorch model they were exported from."""

import numpy as np
import onnx
from onnx import numpy_helper


def stock_weights(model: onnx.ModelProto) -> dict[str, np.ndarray]:
    """Named initializers as they are, and the transposed factors of the MatMuls named after their nodes."""
    arrays = {one.name: numpy_helper.to_array(one).copy() for one in model.graph.initializer}
    found = {name.removeprefix('model.'): value for name, value in arrays.items() if name.startswith('model.')}
    for node in model.graph.node:
        if node.op_type == 'MatMul' and node.input[1] in arrays:
            module = node.name.removeprefix('/model/').removesuffix('/MatMul').replace('/', '.')
            found[f'{module}.weight'] = np.ascontiguousarray(arrays[node.input[1]].T)
    return found
