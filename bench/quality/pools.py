"""First-stage pools: BM25 top 100 of every test question of a set in BEIR layout.

    bench/peers/.venv/bin/python bench/quality/pools.py SET_FOLDER OUT.json [--limit N]

BM25 is bm25s (k1 0.9, b 0.4) over title + text, English stop words and stemmer. With --limit, the first N questions of
a fixed shuffle. Only questions with at least one relevant passage in the collection are taken; that is the judged set
the metrics are averaged over.
"""

import argparse
import csv
import json
import random
from pathlib import Path

import bm25s
import Stemmer

DEPTH = 100


def read_lines(path: Path) -> list[dict]:
    return [json.loads(line) for line in path.open(encoding='utf-8')]


def full_text(passage: dict) -> str:
    """Title and text as one string; a title that the text repeats is not said twice."""
    title, text = (passage.get('title') or '').strip(), (passage.get('text') or '').strip()
    return f'{title}. {text}' if title and not text.startswith(title) else text


def read_judgements(folder: Path, corpus: dict[str, str]) -> dict[str, dict[str, int]]:
    """qrels/test.tsv: question -> passage -> grade, for passages that are in the collection."""
    judged: dict[str, dict[str, int]] = {}
    with (folder / 'qrels' / 'test.tsv').open(encoding='utf-8') as file:
        for row in csv.reader(file, delimiter='\t', quoting=csv.QUOTE_NONE):
            if len(row) >= 3 and row[0] != 'query-id' and row[1] in corpus:
                judged.setdefault(row[0], {})[row[1]] = int(float(row[2]))
    return {query: grades for query, grades in judged.items() if max(grades.values()) > 0}


def choose(queries: dict[str, str], judged: dict[str, dict[str, int]], limit: int | None) -> list[str]:
    chosen = [query for query in queries if query in judged]
    random.Random(1).shuffle(chosen)
    return chosen[:limit]


def search(corpus: dict[str, str], texts: list[str]) -> list[list[tuple[str, float]]]:
    stemmer, ids = Stemmer.Stemmer('english'), list(corpus)

    def tokens(of: list[str]):
        return bm25s.tokenize(of, stopwords='en', stemmer=stemmer, show_progress=False)

    index = bm25s.BM25(k1=0.9, b=0.4)
    index.index(tokens([corpus[one] for one in ids]), show_progress=False)
    found, scores = index.retrieve(tokens(texts), k=min(DEPTH, len(ids)), show_progress=False)
    return [[(ids[place], float(score)) for place, score in zip(*row)] for row in zip(found, scores)]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('folder', type=Path)
    parser.add_argument('out', type=Path)
    parser.add_argument('--limit', type=int)
    options = parser.parse_args()
    corpus = {str(one['_id']): full_text(one) for one in read_lines(options.folder / 'corpus.jsonl')}
    queries = {str(one['_id']): one['text'] for one in read_lines(options.folder / 'queries.jsonl')}
    judged = read_judgements(options.folder, corpus)
    chosen = choose(queries, judged, options.limit)
    ranked = search(corpus, [queries[one] for one in chosen])
    texts = {passage: corpus[passage] for row in ranked for passage, _ in row}
    pools = [{'id': one, 'query': queries[one], 'judged': judged[one], 'candidates': row} for one, row in zip(chosen, ranked)]
    options.out.parent.mkdir(parents=True, exist_ok=True)
    options.out.write_text(json.dumps({'set': options.folder.name, 'available': len(judged), 'pools': pools, 'texts': texts}))
    print(f'{options.folder.name}: {len(pools)} of {len(judged)} questions, {len(texts)} passages')


if __name__ == '__main__':
    main()
