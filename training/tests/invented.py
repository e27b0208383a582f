"""A small invented set in BEIR's layout: a lighthouse keeper's handbook."""

from __future__ import annotations

import json
import tarfile
from pathlib import Path

TOPICS = ['lamp', 'lens', 'foghorn', 'stairs', 'boat', 'garden', 'logbook', 'radio', 'tide gauge', 'flagpole']
ACTIONS = ['cleaning', 'painting', 'checking', 'repairing', 'storing']
DETAILS = {
    'cleaning': 'Use rain water and a soft cloth, and never wipe against the grain.',
    'painting': 'Two thin coats of grey dry overnight when the wind comes from the land.',
    'checking': 'A bell rings twice at dusk to remind whoever is on watch of it.',
    'repairing': 'Spare screws lie in the third drawer under the workshop window.',
    'storing': 'Wrap every part in oilcloth before the winter supply ship leaves.',
}


def passage(topic: str, action: str) -> str:
    return (
        f'{action.capitalize()} the {topic} is the task of the early watch on most days. {DETAILS[action]} '
        f'The keeper notes the state of the {topic} in the book. Afterwards the second keeper looks at it again.'
    )


def write_invented(folder: Path, readme: str = 'Source: written for the tests (CC BY 4.0).', repeats: int = 1) -> Path:
    """50 passages times `repeats`, half of them with a question and a heading."""
    (folder / 'qrels').mkdir(parents=True)
    (folder / 'README.md').write_text(readme)
    corpus, queries, qrels = [], [], ['query-id\tcorpus-id\tscore']
    for number, (topic, action) in enumerate((t, a) for _ in range(repeats) for t in TOPICS for a in ACTIONS):
        house = f' This holds for house {number} of the coast.' if repeats > 1 else ''
        corpus.append({'_id': f'p{number}', 'title': f'The {topic}', 'text': passage(topic, action) + house})
        if number % 2 == 0:
            queries.append({'_id': f'q{number}a', 'text': f'Who is responsible for {action} the {topic}?'})
            queries.append({'_id': f'q{number}b', 'text': f'{action.capitalize()} the {topic} {number}'})
            qrels += [f'q{number}a\tp{number}\t1', f'q{number}b\tp{number}\t1']
    (folder / 'corpus.jsonl').write_text(''.join(json.dumps(row) + '\n' for row in corpus))
    (folder / 'queries.jsonl').write_text(''.join(json.dumps(row) + '\n' for row in queries))
    (folder / 'qrels' / 'train.tsv').write_text('\n'.join(qrels) + '\n')
    return folder


def pack(folder: Path) -> Path:
    archive = folder.with_name(folder.name + '.tar.gz')
    with tarfile.open(archive, 'w:gz') as file:
        file.add(folder, arcname=folder.name)
    return archive
