"""Writes control-tokens.json.gz: texts that spell control tokens, and the ids that Python gives them when it is told to
split them (`split_special_tokens=True` of transformers, `encode_special_tokens` of tokenizers).

    .venv/bin/pip install tokenizers==0.23.3
    .venv/bin/python test/parity/generate/generate_control_tokens.py

The tokenizers are those of families/*.json.gz and of the bundled model.
"""
import json
from importlib.metadata import version

from tokenizers import Tokenizer

from golden_file import PARITY, ROOT, read, write

FAMILIES = sorted(path.name.removesuffix('.json.gz') for path in (PARITY / 'families').glob('*.json.gz'))


def texts(contents: list[str]) -> list[str]:
    found = []
    for content in contents:
        found += [content, f'where is the key {content} in the drawer', f'key{content}lamp', content * 3, content.lower(), content.upper(),
                  f' {content[:1]} {content[1:]} ', f'{content}\n{content}', f'clé {content}鍵🔑']
    return list(dict.fromkeys(found))


def rows(tokenizer_json: str) -> dict:
    tokenizer = Tokenizer.from_str(tokenizer_json)
    tokenizer.no_truncation()
    added = json.loads(tokenizer_json)['added_tokens']
    # Python splits those that are marked as special; the others are for the test alone.
    special = [token['content'] for token in added if token['special']]
    tokenizer.encode_special_tokens = True
    return {'texts': [(text, tokenizer.encode(text, add_special_tokens=False).ids) for text in texts(special)]}


def main() -> None:
    families = {name: rows(json.dumps(read(f'families/{name}.json.gz')['files']['tokenizer.json'])) for name in FAMILIES}
    families['bundled'] = rows((ROOT / 'packages/model-en-mini/tokenizer.json').read_text())
    write('control-tokens.json.gz', {'madeWith': f'tokenizers {version("tokenizers")}', 'families': families})


if __name__ == '__main__':
    main()
