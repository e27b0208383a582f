"""Asks a local language model, by the HTTP interface that llama.cpp's server, Ollama and others share."""

from __future__ import annotations

import json
import urllib.error
import urllib.request
from dataclasses import dataclass

from prepare.errors import DataError

#: Characters of a passage that the model is shown: a question about more of it is seldom about one thing.
SHOWN = 900
LONGEST_QUESTION = 160

INSTRUCTIONS = (
    'You write what a person types into a search box who does not know the passage that answers it. '
    'Write one short question that the passage answers. Say it in everyday words: use synonyms, and none of the rare words '
    'of the passage but names that the question needs. Answer with the question alone, on one line.'
)


@dataclass(frozen=True)
class LanguageModel:
    """`endpoint`: the address of chat completions, such as http://127.0.0.1:8080/v1/chat/completions."""

    endpoint: str
    name: str = ''
    temperature: float = 0.7
    timeout_s: float = 300.0
    max_tokens: int = 40

    def question(self, passage: str, seed: int) -> str:
        """One question, or '' where what came back is none."""
        body = {
            'messages': [
                {'role': 'system', 'content': INSTRUCTIONS},
                {'role': 'user', 'content': f'Passage:\n{passage[:SHOWN]}\n\nQuestion:'},
            ],
            'temperature': self.temperature,
            'max_tokens': self.max_tokens,
            'seed': seed,
            **({'model': self.name} if self.name else {}),
        }
        return cleaned(self._posted(body))

    def _posted(self, body: dict) -> str:
        given = json.dumps(body).encode()
        request = urllib.request.Request(self.endpoint, given, {'Content-Type': 'application/json'})
        try:
            with urllib.request.urlopen(request, timeout=self.timeout_s) as answer:
                return json.load(answer)['choices'][0]['message']['content'] or ''
        except (OSError, urllib.error.URLError) as cause:
            raise DataError(f'--endpoint {self.endpoint}: {cause}; start the server, or name its chat completions') from cause
        except (KeyError, IndexError, TypeError, json.JSONDecodeError) as cause:
            raise DataError(f'--endpoint {self.endpoint}: the answer is no chat completion ({cause!r})') from cause


def cleaned(said: str) -> str:
    """The first line without quotes, labels and bullets; '' where it is too long or too short for a question."""
    line = next((one.strip() for one in said.splitlines() if one.strip()), '')
    for label in ('Question:', 'Q:', '-', '*'):
        line = line.removeprefix(label).strip()
    line = line.strip('"“”\'` ')
    return line if 8 <= len(line) <= LONGEST_QUESTION else ''
