"""Clicks, with the bias of positions taken out.

A click at rank k happens when the user looks there (probability p_k, the propensity) and finds the passage relevant.
A passage low in the list is clicked less because fewer look, not because it is worse. With n impressions of a passage
for a query, clicks c_i and ranks k_i, the estimate that is right on average is the inverse-propensity one

    relevance = 1/n * sum over i of c_i / p_{k_i}

(Joachims, Swaminathan, Schnabel: Unbiased Learning-to-Rank with Biased Feedback, WSDM 2017). Propensities are bounded
below, which trades a little bias for far less variance, as in the same paper.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass

from prepare.errors import DataError
from prepare.feedback.events import Event, Judged, query_key
from prepare.feedback.propensity import Impression, Propensity, propensity_of


@dataclass(frozen=True)
class ClickOptions:
    """`min_views`: expected looks (sum of propensities) below which "never clicked" says nothing and the label is null."""

    propensity: str = 'power:1'
    min_propensity: float = 0.05
    min_views: float = 1.0

    def __post_init__(self) -> None:
        if not 0 < self.min_propensity <= 1:
            raise DataError(f'--min-propensity is {self.min_propensity:g}; it is a probability, above 0 and at most 1')
        if not self.min_views >= 0:
            raise DataError(f'--min-views is {self.min_views:g}; it is a number of looks, 0 or more')


def read_clicks(events: Iterable[Event], options: ClickOptions) -> list[Judged]:
    """Events with "query", "shown" (passages in the order shown) and "clicked" (ids among them).

    The label is the relevance divided by the highest of the query: clicks tell which passage is better for a question,
    not how good it is (Joachims et al., SIGIR 2005). Queries without a click are left out.
    """
    judged: dict[str, Judged] = {}
    impressions: list[Impression] = []
    for event in events:
        shown = event.passages('shown')
        clicked = event.chosen('clicked', shown)
        one = judged.setdefault(query_key(event.query), Judged(event.query))
        for rank, (id, text) in enumerate(shown, 1):
            one.texts.setdefault(id, text)
            impressions.append(Impression(query_key(event.query), id, rank, id in clicked))
    relevance = _relevance(impressions, propensity_of(options.propensity, impressions), options)
    for key, one in judged.items():
        known = relevance[key]
        best = max(known.values(), default=0.0)
        one.labels = {id: known[id] / best if best and id in known else None for id in one.texts}
    return [one for one in judged.values() if one.has_positive()]


def _relevance(impressions: list[Impression], look: Propensity, options: ClickOptions) -> dict[str, dict[str, float]]:
    """Query -> passage -> estimate, of those that were clicked or looked at often enough."""
    seen: dict[tuple[str, str], list[Impression]] = defaultdict(list)
    for one in impressions:
        seen[one.query, one.passage].append(one)
    found: dict[str, dict[str, float]] = defaultdict(dict)
    for (query, passage), views in seen.items():
        looks = [max(look(view.rank), options.min_propensity) for view in views]
        estimate = sum(1 / chance for view, chance in zip(views, looks) if view.clicked) / len(views)
        if estimate or sum(looks) >= options.min_views:
            found[query][passage] = estimate
    return found
