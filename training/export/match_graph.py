"""What split/matches.py counts about a pair, as a graph. Centre and spread are folded into the weights of the sum."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from onnx import TensorProto

from split.shape import (
    AVERAGE_LENGTH,
    CONTEXT_KERNELS,
    LENGTH_SHARE,
    OPENING,
    SATURATION,
    STRETCHES,
    TOKEN_OFFSET,
    WORD_KERNELS,
    Kernels,
)

from .nodes import MICROSOFT, Graph
from .texts import Texts
from .weights import Weights

SMALL = 1e-6


class Matching:
    """Adds the number that the matches of a pair are worth. All of it is float32: it costs next to nothing."""

    def __init__(
        self, graph: Graph, weights: Weights, texts: Texts, stretches: bool = False, turning: np.ndarray | None = None
    ):
        """`turning`: what the rows of the last layer were multiplied by, [channels, channels]; orthogonal."""
        self.graph, self.weights, self.texts, self.stretches, self.turning = graph, weights, texts, stretches, turning

    def add(self, words: Sequence[str], late: Sequence[str]) -> str:
        """[1, 1], the classifier's bias with it. `words`, `late`: rows of the query and of the passage, as words and after the last
        layer. Of words their directions count alone, not their lengths."""
        graph = self.graph
        rarity = graph.add('Gather', graph.constant(self.weights['matches.rarity']), self.texts.query.ids)
        share = self._share(rarity, late[0])
        alike, near = (self._cosines(*rows) for rows in (words, late))
        columns = [self._cosine_of_means(late)]
        columns += [self._counted(alike, share, WORD_KERNELS), self._counted(near, share, CONTEXT_KERNELS)]
        columns += self._exact(rarity)
        if self.stretches:
            columns += self._together(near, share)
        found = graph.add('Concat', *columns, axis=0)
        return self._number(graph.add('Unsqueeze', found, graph.shape(0)))

    def _number(self, found: str) -> str:
        """The weighted sum of (found - centre) / spread, as one matrix."""
        centre, spread = (self.weights['matches.' + part].astype(np.float64) for part in ('centre', 'spread'))
        weight, bias = self.weights.linear('matches.linear')
        weight = weight / spread[:, None]
        bias = bias + self.weights['classifier.bias'] - centre @ weight
        return self.graph.gemm(found, weight.astype(np.float32), bias.astype(np.float32))

    def _share(self, rarity: str, late: str) -> str:
        """How much each token of the query counts, [tokens], 1 together."""
        graph = self.graph
        weight, bias = self.weights.linear('matches.token_weight')
        weight = weight if self.turning is None else self.turning.T @ weight
        learned = graph.gemm(late, weight, bias + np.float32(TOKEN_OFFSET))
        learned = graph.add('Squeeze', learned, graph.shape(1))
        weighed = graph.add('Mul', rarity, graph.constant(self.weights['matches.rarity_weight']))
        wanted = graph.add('Softplus', graph.add('Add', weighed, learned))
        wanted = graph.add('Mul', wanted, self.texts.query.inside)
        return graph.add('Div', wanted, self._plus(graph.add('ReduceSum', wanted, keepdims=1), SMALL))

    def _counted(self, cosines: str, share: str, kernels: Kernels) -> str:
        """log(1 + soft count) for each kernel and the best match, over the tokens of the query, [kernels + 1]."""
        graph, inside = self.graph, self.texts.passage.inside
        means, widths = (np.array(part, np.float64)[:, None, None] for part in (kernels.means, kernels.widths))
        away = graph.add('Sub', cosines, graph.constant(means.astype(np.float32)))
        factor = graph.constant((-1 / (2 * widths * widths)).astype(np.float32))
        near = graph.add('Exp', graph.add('Mul', graph.add('Mul', away, away), factor))
        counts = graph.add('Log', self._plus(graph.add('MatMul', near, inside), 1))
        there = graph.add('Cast', inside, to=TensorProto.BOOL)
        best = graph.add('Where', there, cosines, graph.constant(np.array(-1, np.float32)))
        best = graph.add('ReduceMax', best, axes=[1], keepdims=0)
        best = graph.add('Unsqueeze', best, graph.shape(0))
        return graph.add('MatMul', graph.add('Concat', counts, best, axis=0), share)

    def _together(self, cosines: str, share: str) -> list[str]:
        """How much of the query the best stretch of each size has, and the opening of the passage: [1] each."""
        graph = self.graph
        near = graph.add('Mul', graph.add('Relu', cosines), self.texts.passage.inside)
        rows = graph.add('Unsqueeze', near, graph.shape(0))
        found = []
        for size in STRETCHES:
            best = graph.add('MaxPool', rows, kernel_shape=[size], strides=[size // 2], pads=[0, size - 1])
            covered = graph.add('MatMul', share, graph.add('Squeeze', best, graph.shape(0)))
            found.append(graph.add('ReduceMax', covered, axes=[0], keepdims=1))
        opening = graph.add('Slice', near, graph.shape(0), graph.shape(OPENING), graph.shape(1))
        best = graph.add('Mul', graph.add('ReduceMax', opening, axes=[1], keepdims=0), share)
        return [*found, graph.add('ReduceSum', best, keepdims=1)]

    def _exact(self, rarity: str) -> list[str]:
        """BM25's sum over equal tokens, absolute and as a share of what the query could get; and the lengths."""
        graph, query, passage = self.graph, self.texts.query, self.texts.passage
        rarity = graph.add('Mul', rarity, query.inside)
        equal = graph.add('Equal', graph.add('Unsqueeze', query.ids, graph.shape(1)), passage.ids)
        times = graph.add('MatMul', graph.add('Cast', equal, to=TensorProto.FLOAT), passage.inside)
        slope = graph.constant(np.array(SATURATION * LENGTH_SHARE / AVERAGE_LENGTH, np.float32))
        norm = self._plus(graph.add('Mul', passage.length, slope), SATURATION * (1 - LENGTH_SHARE))
        filled = graph.add('Div', times, graph.add('Add', times, norm))
        found = graph.add('ReduceSum', graph.add('Mul', rarity, filled), keepdims=1)
        total = graph.add('ReduceSum', rarity, keepdims=1)
        sizes = graph.add('Concat', passage.length, query.length, total, axis=0)
        part = graph.add('Div', found, self._plus(total, SMALL))
        return [found, part, graph.add('Log', self._plus(sizes, 1))]

    def _cosine_of_means(self, parts: Sequence[str]) -> str:
        means = [self.graph.add('ReduceMean', part, axes=[0], keepdims=1) for part in parts]
        return self.graph.add('Reshape', self._cosines(*means), self.graph.shape(1))

    def _cosines(self, query: str, passage: str) -> str:
        """[query tokens, passage tokens]. Lengths are divided by after the product, which has far fewer numbers than the rows."""
        graph = self.graph
        products = graph.add('FusedMatMul', query, passage, domain=MICROSOFT, transB=1)
        products = graph.add('Div', products, self._lengths(query))
        return graph.add('Div', products, graph.add('Reshape', self._lengths(passage), graph.shape(1, -1)))

    def _lengths(self, rows: str) -> str:
        """[rows, 1]. A sum of products takes a third of the time of ReduceL2."""
        squares = self.graph.add('ReduceSum', self.graph.add('Mul', rows, rows), self.graph.shape(1), keepdims=1)
        return self.graph.add('Max', self.graph.add('Sqrt', squares), self.graph.constant(np.array(1e-12, np.float32)))

    def _plus(self, x: str, number: float) -> str:
        return self.graph.add('Add', x, self.graph.constant(np.array(number, np.float32)))
