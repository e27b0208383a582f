"""One encoder layer of a graph, in full or for [CLS] alone."""

from __future__ import annotations

import numpy as np

from split.shape import SplitShape

from .linear import Linear, Parameters
from .nodes import MICROSOFT, Graph
from .recipe import Recipe
from .shape import BertShape
from .weights import Weights

Shape = BertShape | SplitShape


class Encoder:
    """Adds encoder layers to a graph. Attention, softmax, GELU and norms are float32; only matrices are quantised."""

    def __init__(self, graph: Graph, shape: Shape, weights: Weights, recipe: Recipe, tap: bool = False):
        self.graph, self.shape, self.weights, self.recipe = graph, shape, weights, recipe
        self.linear = Linear(graph, recipe, tap)

    def norm(self, x: str, name: str) -> str:
        scale, bias = (self.graph.constant(self.weights[name + part]) for part in ('.weight', '.bias'))
        return self.graph.add('LayerNormalization', x, scale, bias, epsilon=self.shape.layer_norm_epsilon, axis=-1)

    def full_layer(self, x: str, prefix: str, apart: str = '') -> str:
        """The layer of that name. With `apart`, the sizes of two texts (int64 [2]), rows see their own text only."""
        graph, projected = self.graph, self._project(x, prefix, 'qkv')
        if apart:
            texts = graph.add('Split', projected, apart, outputs=2, axis=0)
            context = graph.add('Concat', *(self._context(text) for text in texts), axis=0)
        else:
            context = self._context(projected)
        name = prefix + 'attention.output.dense'
        attended = self.linear.add(context, self.weights.linear(name), name, self.recipe.context_outliers)
        x = self.norm(graph.add('Add', attended, x), prefix + 'attention.output.LayerNorm')
        return self.norm(graph.add('Add', self._feed_forward(x, prefix), x), prefix + 'output.LayerNorm')

    def cls_layer(self, x: str, prefix: str) -> str:
        """Everything for [CLS] only: exact, since nothing later reads the rest.

        Keys and values of the other tokens are not made at all. A head's score of a row is q · (row @ K) = (K @ q) · row, and what
        it gathers is the sum of p · (row @ V) = (the sum of p · row) @ V: a row a head instead of one a token. What a key's bias adds
        is the same for all rows, and softmax takes it out again."""
        graph, weights = self.graph, self.weights
        heads, width = self.shape.heads, self.shape.hidden_size
        own = graph.constant(np.repeat(np.eye(heads, dtype=np.float32), self.shape.head_size, axis=1))
        cls = graph.add('Slice', x, graph.shape(0), graph.shape(1), graph.shape(0))
        query = self._one_row(cls, *self._attention_weights(prefix, 'q'))
        key, _ = self._attention_weights(prefix, 'k')
        wanted = self._one_row(graph.add('Mul', query, own), key.T, np.zeros(width, np.float32))
        gathered = graph.add('MatMul', self._shares(wanted, x), x)
        values = self._project(gathered, prefix, 'v')
        context = graph.add('ReduceSum', graph.add('Mul', values, own), graph.shape(0), keepdims=1)
        attended = self._one_row(context, *weights.linear(prefix + 'attention.output.dense'))
        cls = self.norm(graph.add('Add', attended, cls), prefix + 'attention.output.LayerNorm')
        inner = self._gelu(self._one_row(cls, *weights.linear(prefix + 'intermediate.dense')))
        outer = self._one_row(inner, *weights.linear(prefix + 'output.dense'))
        return self.norm(graph.add('Add', outer, cls), prefix + 'output.LayerNorm')

    def _one_row(self, row: str, weight: np.ndarray, bias: np.ndarray) -> str:
        """One row, or one a head, does little with a matrix: reading it is what takes the time, so it is in bytes. No channels are
        kept apart, since the scale is not that of the widest of many rows."""
        return self.linear.quantised(row, (weight, bias)) if self.recipe.int8 else self.graph.gemm(row, weight, bias)

    def _project(self, x: str, prefix: str, parts: str) -> str:
        parameters = self._attention_weights(prefix, parts)
        return self.linear.add(x, parameters, prefix + 'attention.self', self.recipe.hidden_outliers)

    def _attention_weights(self, prefix: str, parts: str) -> Parameters:
        """Query, key and value side by side."""
        names = {'q': 'query', 'k': 'key', 'v': 'value'}
        pairs = [self.weights.linear(f'{prefix}attention.self.{names[part]}') for part in parts]
        return np.concatenate([w for w, _ in pairs], axis=1), np.concatenate([b for _, b in pairs])

    def _by_head(self, x: str, count: int) -> str:
        split = self.graph.add('Reshape', x, self.graph.shape(-1, count, self.shape.head_size))
        return self.graph.add('Transpose', split, perm=[1, 0, 2])

    def _context(self, projected: str) -> str:
        """What the rows gather from each other."""
        graph, by_head = self.graph, self._by_head(projected, 3 * self.shape.heads)
        query, key, value = graph.add('Split', by_head, outputs=3, axis=0)
        context = graph.add('Transpose', self._attend(query, key, value), perm=[1, 0, 2])
        return graph.add('Reshape', context, graph.shape(-1, self.shape.hidden_size))

    def _attend(self, query: str, key: str, value: str) -> str:
        return self.graph.add('MatMul', self._shares(query, key), value)

    def _shares(self, query: str, key: str) -> str:
        """How much of each row a query takes."""
        scale = float(1 / np.sqrt(self.shape.head_size))
        scores = self.graph.add('FusedMatMul', query, key, domain=MICROSOFT, transB=1, alpha=scale)
        return self.graph.add('Softmax', scores, axis=-1)

    def _gelu(self, x: str) -> str:
        return self.graph.add('Gelu', x, domain=MICROSOFT)

    def _feed_forward(self, x: str, prefix: str) -> str:
        """The widest hidden units are computed apart in float32: a split of both matrices, exact in itself."""
        names = (prefix + 'intermediate.dense', prefix + 'output.dense')
        inner, outer = (self.weights.linear(name) for name in names)
        wide = self.recipe.outliers(names[1], self.recipe.intermediate_outliers)
        if not len(wide):
            hidden = self._gelu(self.linear.add(x, inner, names[0], self.recipe.hidden_outliers))
            return self.linear.add(hidden, outer, names[1])
        rest = np.setdiff1d(np.arange(self.shape.intermediate_size), wide)
        narrow = (inner[0][:, rest], inner[1][rest])
        hidden = self._gelu(self.linear.add(x, narrow, names[0], self.recipe.hidden_outliers))
        wide_hidden = self._gelu(self.graph.gemm(x, inner[0][:, wide], inner[1][wide]))
        return self.graph.gemm(wide_hidden, outer[0][wide], self.linear.quantised(hidden, (outer[0][rest], outer[1])))
