"""Questions in other words, from a server that answers as llama.cpp's does."""

from __future__ import annotations

import json
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer

import numpy as np
import pytest
from invented import write_invented
from small_sets import count_words

from prepare.beir import read_set
from prepare.errors import DataError
from prepare.text import full_text
from reword.__main__ import SHORTEST, chosen, set_of, write_questions
from reword.ask import LanguageModel, cleaned
from reword.keep import Written, kept, shared_share


@pytest.fixture
def server():
    """Answers with a question about the fourth word of the passage, and notes what it was asked."""
    asked: list[dict] = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self):
            asked.append(json.loads(self.rfile.read(int(self.headers['Content-Length']))))
            word = asked[-1]['messages'][1]['content'].split()[3]
            body = json.dumps({'choices': [{'message': {'content': f'Question: "who looks after the {word}?"\n(a reader)'}}]})
            self.send_response(200)
            self.end_headers()
            self.wfile.write(body.encode())

        def log_message(self, *_):
            pass

    found = HTTPServer(('127.0.0.1', 0), Handler)
    threading.Thread(target=found.serve_forever, daemon=True).start()
    yield LanguageModel(f'http://127.0.0.1:{found.server_port}/v1/chat/completions'), asked
    found.shutdown()
    found.server_close()


def test_a_question_is_written_for_each_passage_and_a_stopped_run_goes_on(tmp_path, server):
    model, asked = server
    passages = chosen(read_set(write_invented(tmp_path / 'set')).passages, 6, seed=1)
    file = tmp_path / 'written.jsonl'
    first = write_questions(passages[:4], model, file, seed=1)
    fourth = [f'Passage: {full_text(one.title, one.text)}'.split()[3] for one in passages[:4]]
    assert [one.question for one in first] == [f'who looks after the {word}?' for word in fourth]
    again = write_questions(passages, model, file, seed=1)
    assert again[:4] == first
    assert len(asked) == 6 and len({one['seed'] for one in asked}) == 6


def test_what_is_no_question_is_nothing():
    assert cleaned('  Q: "How do I stop it?" \nmore') == 'How do I stop it?'
    assert cleaned('') == cleaned('why') == cleaned('w' * 500) == ''


def test_a_question_is_kept_in_other_words_and_only_if_its_passage_is_found_again():
    texts = {
        'lamp': 'the lamp is cleaned with rain water and a cloth each morning',
        'boat': 'the boat lies in the shed until the supply ship has left',
        'garden': 'the garden behind the tower grows cabbage and leeks',
    }
    written = [
        Written('lamp', 'keepers polish lamp glass', 1.0),
        Written('lamp', 'is the lamp cleaned with rain water', 1.0),
        Written('boat', 'garden cabbage leeks tower', 1.0),
        Written('boat', '', 1.0),
        Written('garden', 'what can be picked', 1.0),
        Written('garden', 'What can be picked', 1.0),
    ]
    decided = [what for what, _ in kept(written, texts, count_words, best=1, most_shared=0.34)]
    assert decided == ['kept', 'the same words', 'not found again', 'no question', 'said twice', 'said twice']


def test_stop_words_do_not_count_as_shared():
    assert shared_share('what is the lamp for', 'a lamp') == 1.0
    assert shared_share('what is the light for', 'what is the lamp for') == 0.0
    assert shared_share('what is it', 'anything') == 1.0


def test_the_written_set_keeps_its_passages_and_can_be_read(tmp_path):
    source = read_set(write_invented(tmp_path / 'set'))
    id = next(iter(source.passages))
    found = set_of(source, [Written(id, 'what is done at dawn', 2.0)], 'reworded')
    assert found.passages == source.passages
    assert found.positives('train') == {f'reword-{id}': {id: 1.0}}
    assert all(len(one.text) >= SHORTEST for one in chosen(source.passages, 5, 1))


def test_a_server_that_is_not_there_ends_in_one_line():
    with pytest.raises(DataError, match='start the server'):
        LanguageModel('http://127.0.0.1:9/v1/chat/completions', timeout_s=2).question('text', 1)


def test_vectors_of_questions_are_asked_for_as_queries():
    kinds = []

    def embed(texts: list[str], kind: str = 'passage') -> np.ndarray:
        kinds.append(kind)
        return count_words(texts, kind)

    list(kept([Written('a', 'where is it kept', 1.0)], {'a': 'the lens'}, embed, 1, 0.5))
    assert kinds == ['passage', 'query']
