"""The steps of `prepare`, one set after the other. A set that is done is not done again."""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from dataclasses import asdict
from pathlib import Path

from prepare.beir import RelevanceSet, files_of, is_archive, read_set, write_set
from prepare.clean import (
    cut_long_queries,
    drop_unanswered,
    keep_only,
    merge_equal,
    remove_overlap,
    split_held_out,
    take_splits,
)
from prepare.config import PrepareConfig, SetConfig
from prepare.errors import DataError
from prepare.licences import decide
from prepare.log import Log
from prepare.overlap import PassageOverlap, QueryOverlap
from prepare.styles.choose import restyle
from prepare.styles.cloze import add_sentences
from prepare.styles.rewrite import base_forms
from prepare.text import full_text, words


def prepare(config: PrepareConfig, log: Log) -> dict:
    """Writes `sets/NAME/` for each set that may be used, and `manifest.json`; returns the manifest."""
    config.out.mkdir(parents=True, exist_ok=True)
    evaluation = [read_set(folder) for folder in config.evaluation]
    log(f'{len(evaluation)} evaluation sets: {", ".join(one.name for one in evaluation) or "none"}')
    preparation = _Preparation(config, evaluation, log)
    entries = [preparation.entry(one) for one in config.sets]
    for done in (config.out / 'sets').glob('*/done.json'):
        if done.parent.name not in {one.name for one in config.sets}:
            _forget(done.parent)
    compared = {one.name: {'passages': len(one.passages), 'queries': len(one.queries)} for one in evaluation}
    manifest = {'seed': config.seed, 'evaluation sets compared with': compared, 'sets': entries}
    text = json.dumps(manifest, indent=2, ensure_ascii=False) + '\n'
    (config.out / 'manifest.json').write_text(text, encoding='utf-8')
    used = [one['name'] for one in entries if one['decision']['used']]
    log(f'used: {", ".join(used)}; left out: {", ".join(one["name"] for one in entries if one["name"] not in used)}')
    return manifest


class _Preparation:
    """What all sets are held against: the configuration and the evaluation sets."""

    def __init__(self, config: PrepareConfig, evaluation: list[RelevanceSet], log: Log):
        self._config, self._log = config, log
        passages = (full_text(p.title, p.text) for one in evaluation for p in one.passages.values())
        questions = (query.text for one in evaluation for query in one.queries.values())
        self._passages = PassageOverlap(passages, config.near_duplicate_share, config.near_duplicate_words)
        self._questions = QueryOverlap(questions, config.query_jaccard)

    def entry(self, one: SetConfig) -> dict:
        """Prepares one set and returns its part of the manifest; what was done before is read."""
        done = self._config.out / 'sets' / one.name / 'done.json'
        fingerprint = _fingerprint(one, self._config)
        if done.is_file() and (before := json.loads(done.read_text(encoding='utf-8')))['fingerprint'] == fingerprint:
            self._log(f'{one.name}: done before')
            return before['entry']
        entry = self._prepare(one, done.parent)
        done.parent.mkdir(parents=True, exist_ok=True)
        done.write_text(json.dumps({'fingerprint': fingerprint, 'entry': entry}, ensure_ascii=False), encoding='utf-8')
        return entry

    def _prepare(self, one: SetConfig, folder: Path) -> dict:
        found = read_set(one.path, one.name)
        _forget(folder)
        decision = decide(found.readme, licence=one.licence, reviewed=one.reviewed, leave_out=one.leave_out)
        self._log(f'{one.name}: {"used" if decision.used else "left out"}: {decision.reason}')
        licence = one.licence or ', '.join(decision.found)
        entry = {'name': one.name, 'decision': asdict(decision), 'licence': licence, 'remark': one.remark}
        if decision.used:
            removed = {what: count for what, count in self._clean(found, one).items() if count}
            entry |= {'removed': removed, 'kept': _counts(found)}
            write_set(found, folder)
            self._log(f'{one.name}: {len(found.passages)} passages, {len(found.queries)} queries; removed {removed}')
        return entry

    def _clean(self, found: RelevanceSet, one: SetConfig) -> Counter:
        config, removed = self._config, Counter()
        removed['queries without a relevant passage in the splits used'] = take_splits(found, one.splits)
        if one.keep_queries:
            removed['queries of sources that may not be used'] = keep_only(found, one.keep_queries)
        removed += remove_overlap(found, self._passages, self._questions)
        removed += merge_equal(found)
        removed['queries left without a relevant passage'] += drop_unanswered(found)
        removed += split_held_out(found, config.held_out_share, config.seed)
        if one.restyle:
            forms = base_forms(Counter(word for p in found.passages.values() for word in words(p.text)))
            found.queries = {id: restyle(query, config.seed, forms) for id, query in found.queries.items()}
        if one.sentences:
            add_sentences(found, one.sentences, config.seed)
        removed['queries cut to their first words'] = cut_long_queries(found, config.max_query_words)
        return removed


def _forget(folder: Path) -> None:
    """Takes away what an earlier run wrote: `mine` takes every set that it finds, whatever was decided since."""
    for file in [folder / 'done.json', *files_of(folder)]:
        file.unlink(missing_ok=True)


def _counts(found: RelevanceSet) -> dict:
    return {
        'passages': len(found.passages),
        'queries': len(found.queries),
        'judged pairs': {split: sum(map(len, judged.values())) for split, judged in found.judged.items()},
        'styles': dict(sorted(Counter(query.style for query in found.queries.values()).items())),
    }


def _fingerprint(one: SetConfig, config: PrepareConfig) -> str:
    """Changes when the set, its settings or what it is compared with change."""
    stat = [(str(path), path.stat().st_size, path.stat().st_mtime_ns) for path in _files(one.path, config.evaluation)]
    settings = {key: value for key, value in asdict(config).items() if key not in ('sets', 'out', 'evaluation')}
    return hashlib.sha256(json.dumps([asdict(one), settings, stat], default=str).encode()).hexdigest()


def _files(path: Path, evaluation: tuple[Path, ...]) -> list[Path]:
    if not path.exists():
        raise DataError(f'{path}: there is no such set')
    compared = ('corpus.jsonl', 'queries.jsonl')
    return files_of(path) + [
        file for one in evaluation for file in files_of(one) if is_archive(one) or file.name in compared
    ]
