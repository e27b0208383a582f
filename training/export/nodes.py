"""A small writer of ONNX graphs: every call adds one node or constant and returns the name of its output."""

from __future__ import annotations

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

MICROSOFT = 'com.microsoft'
ValueInfo = onnx.ValueInfoProto
#: Of a tensor; a name where it varies.
Sizes = list[int | str]
#: Name, type and sizes of an input or output.
value = helper.make_tensor_value_info


class Graph:
    """Nodes and constants in the order they were added; names are counted, so equal inputs give equal bytes."""

    def __init__(self, halve: bool = False, prefix: str = '') -> None:
        """With `halve`, matrices that lose nothing by it are stored as float16 and widened when the file is opened. `prefix`
        stands before all names: a graph inside another may not have the names of the outer one, whose values it reads."""
        self.halve, self.prefix = halve, prefix
        self.nodes: list[onnx.NodeProto] = []
        self.constants: list[onnx.TensorProto] = []

    def constant(self, array: np.ndarray) -> str:
        name = f'{self.prefix}c{len(self.constants)}'
        self.constants.append(numpy_helper.from_array(np.ascontiguousarray(array), name))
        return name

    def shape(self, *sizes: int) -> str:
        return self.constant(np.array(sizes, np.int64))

    def add(self, kind: str, *inputs: str, domain: str = '', outputs: int = 1, output: str | list[str] = '', **attributes):
        """`output`: the name of what comes out, or the names; made up where there is none."""
        base = f'{self.prefix}{kind}{len(self.nodes)}'
        names = [output or base] if outputs == 1 else [f'{base}_{i}' for i in range(outputs)]
        names = output if isinstance(output, list) else names
        self.nodes.append(helper.make_node(kind, inputs, names, name=base, domain=domain, **attributes))
        return names[0] if len(names) == 1 else names

    def matrix(self, weight: np.ndarray) -> str:
        """A float32 constant. Sources trained or saved in float16 fit into half the bytes with every bit kept."""
        with np.errstate(over='ignore'):
            half = weight.astype(np.float16)
        if not self.halve or not np.array_equal(half.astype(np.float32), weight):
            return self.constant(weight)
        return self.add('Cast', self.constant(half), to=TensorProto.FLOAT)

    def gemm(self, x: str, weight: np.ndarray, addend: np.ndarray | str) -> str:
        """x @ weight + addend in float32; the addend is a bias or the output of another node."""
        other = addend if isinstance(addend, str) else self.constant(addend)
        return self.add('Gemm', x, self.matrix(weight), other)

    def inner(self, prefix: str) -> Graph:
        """An empty graph to be put inside this one."""
        return Graph(self.halve, self.prefix + prefix)

    def body(self, inputs: list[ValueInfo], outputs: list[ValueInfo]) -> onnx.GraphProto:
        """This graph as an attribute of a node of another."""
        return helper.make_graph(self.nodes, self.prefix or 'main', inputs, outputs, self.constants)

    def model(
        self, name: str, taps: dict[str, Sizes], metadata: dict[str, str], known: list[ValueInfo] | None = None,
        states: list[ValueInfo] | None = None,
    ) -> onnx.ModelProto:
        """The finished model. `taps` are extra outputs, float32, for calibration; `known` are inputs more, `states` outputs."""
        sizes = ('L', 'P' if known else 'L')
        inputs = [value(i, TensorProto.INT32, [n]) for i, n in zip(('token_ids', 'position_type_ids'), sizes)]
        outputs = [value('logits', TensorProto.FLOAT, [1, 1])]
        outputs += [value(tap, TensorProto.FLOAT, sizes) for tap, sizes in taps.items()]
        graph = helper.make_graph(self.nodes, name, inputs + (known or []), outputs + (states or []), self.constants)
        opsets = [helper.make_opsetid('', 17), helper.make_opsetid(MICROSOFT, 1)]
        model = helper.make_model(graph, opset_imports=opsets, ir_version=9, producer_name='secondpass')
        helper.set_model_props(model, metadata)
        return model
