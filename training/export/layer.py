"""One encoder layer of the lean graph, in full or for [CLS] alone."""

from __future__ import annotations

import numpy as np

from .nodes import MICROSOFT, Graph
from .quantise import quantise_columns
from .recipe import Recipe
from .shape import BertShape
from .weights import Weights


class Encoder:
    """Adds encoder layers to a graph. Attention, softmax, GELU and norms are float32; only matrices are quantised."""

    def __init__(self, graph: Graph, shape: BertShape, weights: Weights, recipe: Recipe, tap: bool = False):
        self.graph, self.shape, self.weights, self.recipe, self.tap = graph, shape, weights, recipe, tap
        self.taps: dict[str, int] = {}

    def norm(self, x: str, name: str) -> str:
        scale, bias = (self.graph.constant(self.weights[name + part]) for part in ('.weight', '.bias'))
        return self.graph.add('LayerNormalization', x, scale, bias, epsilon=self.shape.layer_norm_epsilon, axis=-1)

    def full_layer(self, x: str, layer: int) -> str:
        graph, heads, prefix = self.graph, self.shape.heads, f'bert.encoder.layer.{layer}.'
        exact = layer in self.recipe.fp32_layers
        projected = self._linear(x, self._attention_weights(prefix, 'qkv'), prefix + 'attention.self', exact)
        query, key, value = graph.add('Split', self._by_head(projected, 3 * heads), outputs=3, axis=0)
        context = graph.add('Transpose', self._attend(query, key, value), perm=[1, 0, 2])
        context = graph.add('Reshape', context, graph.shape(-1, self.shape.hidden_size))
        attended = self._linear(context, self.weights.linear(prefix + 'attention.output.dense'), prefix + 'attention.output.dense', exact)
        x = self.norm(graph.add('Add', attended, x), prefix + 'attention.output.LayerNorm')
        return self.norm(graph.add('Add', self._feed_forward(x, prefix, exact), x), prefix + 'output.LayerNorm')

    def cls_layer(self, x: str, layer: int) -> str:
        """Keys and values of every token, everything else for [CLS] only: exact, since nothing later reads the rest."""
        graph, heads, prefix = self.graph, self.shape.heads, f'bert.encoder.layer.{layer}.'
        cls = graph.add('Slice', x, graph.shape(0), graph.shape(1), graph.shape(0))
        exact = layer in self.recipe.fp32_layers
        projected = self._linear(x, self._attention_weights(prefix, 'kv'), prefix + 'attention.self', exact)
        key, value = graph.add('Split', self._by_head(projected, 2 * heads), outputs=2, axis=0)
        query = graph.gemm(cls, *self._attention_weights(prefix, 'q'))
        query = graph.add('Reshape', query, graph.shape(heads, 1, self.shape.head_size))
        context = graph.add('Reshape', self._attend(query, key, value), graph.shape(1, self.shape.hidden_size))
        attended = graph.gemm(context, *self.weights.linear(prefix + 'attention.output.dense'))
        cls = self.norm(graph.add('Add', attended, cls), prefix + 'attention.output.LayerNorm')
        inner = self._gelu(graph.gemm(cls, *self.weights.linear(prefix + 'intermediate.dense')))
        outer = graph.gemm(inner, *self.weights.linear(prefix + 'output.dense'))
        return self.norm(graph.add('Add', outer, cls), prefix + 'output.LayerNorm')

    def _attention_weights(self, prefix: str, parts: str) -> tuple[np.ndarray, np.ndarray]:
        """Query, key and value side by side; the query carries 1/sqrt(head size), so attention needs no scaling."""
        names = {'q': 'query', 'k': 'key', 'v': 'value'}
        pairs = [self.weights.linear(f'{prefix}attention.self.{names[part]}') for part in parts]
        scale = np.float32(1 / np.sqrt(self.shape.head_size))
        pairs = [(w * scale, b * scale) if part == 'q' else (w, b) for part, (w, b) in zip(parts, pairs)]
        return np.concatenate([w for w, _ in pairs], axis=1), np.concatenate([b for _, b in pairs])

    def _by_head(self, x: str, count: int) -> str:
        split = self.graph.add('Reshape', x, self.graph.shape(-1, count, self.shape.head_size))
        return self.graph.add('Transpose', split, perm=[1, 0, 2])

    def _attend(self, query: str, key: str, value: str) -> str:
        scores = self.graph.add('FusedMatMul', query, key, domain=MICROSOFT, transB=1, alpha=1.0)
        return self.graph.add('MatMul', self.graph.add('Softmax', scores, axis=-1), value)

    def _gelu(self, x: str) -> str:
        return self.graph.add('Gelu', x, domain=MICROSOFT)

    def _feed_forward(self, x: str, prefix: str, exact: bool) -> str:
        """The widest hidden units are computed apart in float32: a split of both matrices, exact in itself."""
        inner, outer = self.weights.linear(prefix + 'intermediate.dense'), self.weights.linear(prefix + 'output.dense')
        wide = np.array([], np.int64) if exact else self.recipe.outliers(prefix + 'output.dense', self.recipe.intermediate_outliers)
        if not self.recipe.int8 or not len(wide):
            hidden = self._gelu(self._linear(x, inner, prefix + 'intermediate.dense', exact))
            return self._linear(hidden, outer, prefix + 'output.dense', exact, split=False)
        rest = np.setdiff1d(np.arange(self.shape.intermediate_size), wide)
        hidden = self._gelu(self._linear(x, (inner[0][:, rest], inner[1][rest]), prefix + 'intermediate.dense', exact))
        wide_hidden = self._gelu(self.graph.gemm(x, inner[0][:, wide], inner[1][wide]))
        return self.graph.gemm(wide_hidden, outer[0][wide], self._quantised(hidden, outer[0][rest], outer[1]))

    def _linear(self, x: str, parameters: tuple[np.ndarray, np.ndarray], name: str, exact: bool, split: bool = True) -> str:
        """x @ weight + bias, quantised if the recipe says so, with the widest input channels apart in float32."""
        weight, bias = parameters
        if self.tap:
            self.taps[name] = weight.shape[0]
            self.graph.add('ReduceMax', self.graph.add('Abs', x), output=name, axes=[0], keepdims=0)
        if exact or not self.recipe.int8:
            return self.graph.gemm(x, weight, bias)
        count = self.recipe.context_outliers if name.endswith('attention.output.dense') else self.recipe.hidden_outliers
        wide = self.recipe.outliers(name, count) if split else np.array([], np.int64)
        if not len(wide):
            return self._quantised(x, weight, bias)
        rest, keep = weight.copy(), np.ones(weight.shape[0], np.float32)
        rest[wide], keep[wide] = 0, 0
        quantised = self._quantised(self.graph.add('Mul', x, self.graph.constant(keep)), rest, bias)
        picked = self.graph.add('Gather', x, self.graph.constant(wide.astype(np.int32)), axis=1)
        return self.graph.gemm(picked, weight[wide], quantised)

    def _quantised(self, x: str, weight: np.ndarray, bias: np.ndarray) -> str:
        """Activations to uint8 with one scale for the whole pair, found at run time; weights int8 per output."""
        matrix, scale = quantise_columns(weight, self.recipe.limit)
        constants = [self.graph.constant(a) for a in (matrix, scale)]
        return self.graph.add('DynamicQuantizeMatMul', x, *constants, '', self.graph.constant(bias), domain=MICROSOFT)
