"""python -m reword SET_DIR OUT_DIR --endpoint URL --encoder FOLDER [--passages 2000] [--best 3] [--most-shared 0.34]

Writes a set in BEIR's layout: the passages of SET_DIR, and for some of them a question in other words that a local language
model wrote. `python -m mine` then finds its distractors as it does for any set. What was written is kept in OUT_DIR/written.jsonl
after each question, so that a stopped run goes on.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections import Counter
from pathlib import Path

from mine.config import MineConfig
from mine.encoder import BiEncoder
from prepare.beir import Passage, Query, RelevanceSet, read_set, write_set
from prepare.errors import ends_in_one_line
from prepare.text import full_text, rng

from .ask import LanguageModel
from .keep import Written, kept

#: Characters: shorter passages hold too little to ask for.
SHORTEST = 80


def chosen(passages: dict[str, Passage], count: int, seed: int) -> list[Passage]:
    """The same for the same seed, and the first of them for a smaller count."""
    long = [one for one in passages.values() if len(one.text) >= SHORTEST]
    rng(seed, 'reword').shuffle(long)
    return long[:count]


def write_questions(passages: list[Passage], model: LanguageModel, file: Path, seed: int) -> list[Written]:
    """Goes on where an earlier run stopped."""
    lines = file.read_text(encoding='utf-8').splitlines() if file.is_file() else []
    known = {one.passage: one for one in (Written(**json.loads(line)) for line in lines)}
    with file.open('a', encoding='utf-8') as out:
        for number, passage in enumerate(passages):
            if passage.id in known:
                continue
            began = time.monotonic()
            question = model.question(full_text(passage.title, passage.text), seed + number)
            known[passage.id] = Written(passage.id, question, round(time.monotonic() - began, 3))
            out.write(json.dumps(known[passage.id].__dict__, ensure_ascii=False) + '\n')
            out.flush()
    return [known[one.id] for one in passages]


def set_of(source: RelevanceSet, questions: list[Written], name: str) -> RelevanceSet:
    found = RelevanceSet(name, source.readme, source.passages)
    for one in questions:
        id = f'reword-{one.passage}'
        found.queries[id] = Query(id, one.question, 'reworded')
        found.judged.setdefault('train', {})[id] = {one.passage: 1.0}
    return found


@ends_in_one_line
def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog='python -m reword', description='Questions in other words, by a local language model.')
    parser.add_argument('source', type=Path)
    parser.add_argument('out', type=Path)
    parser.add_argument('--endpoint', required=True, help='chat completions of a local server')
    parser.add_argument('--model', default='', help='its name there, if the server has several')
    parser.add_argument('--encoder', required=True, help='the teacher that has to find the passage again')
    parser.add_argument('--passages', type=int, default=2000)
    parser.add_argument('--best', type=int, default=3, help='its place among all passages of the set')
    parser.add_argument('--most-shared', type=float, default=0.34, help='share of content words that the passage may have')
    parser.add_argument('--seed', type=int, default=1)
    options = parser.parse_args(arguments)
    source = read_set(options.source)
    options.out.mkdir(parents=True, exist_ok=True)
    model = LanguageModel(options.endpoint, options.model)
    written = write_questions(chosen(source.passages, options.passages, options.seed), model, options.out / 'written.jsonl', options.seed)
    texts = {one.id: full_text(one.title, one.text) for one in source.passages.values()}
    embed = BiEncoder(MineConfig(options.source, options.out, encoder=options.encoder))
    decided = list(kept(written, texts, embed, options.best, options.most_shared))
    write_set(set_of(source, [one for what, one in decided if what == 'kept'], options.out.name), options.out)
    counts, seconds = Counter(what for what, _ in decided), sum(one.seconds for one in written)
    print(f'{dict(counts)} of {len(written)}, {seconds / max(len(written), 1):.1f} s a question')
    return 0


if __name__ == '__main__':
    sys.exit(main())
