"""Writes layouts/*.json.gz: tiny models in the layouts of sentence-transformers 5.4 and later (modules.json), their folders as
`CrossEncoder.save_pretrained` writes them, and what `CrossEncoder.predict` makes of pairs.

    .venv/bin/pip install -r test/parity/generate/requirements.txt -r test/parity/generate/requirements-families.txt
    .venv/bin/python test/parity/generate/generate_layouts.py [LAYOUT ...]

The graph of an encoder holds the encoder alone, as on the hub; the modules behind it are in the folder. `ids` and `logit`
(the score before the activation) are taken from the loaded folder, one pair a run. All text is invented; see texts.py.
"""
import base64
import json
import random
import sys
import tempfile
from dataclasses import dataclass, field
from pathlib import Path
from typing import Callable

import sentence_transformers
import torch
import transformers as hf
from sentence_transformers.base.modules import Dense, Normalize, Transformer
from sentence_transformers.cross_encoder.modules import LogitScore
from sentence_transformers.sentence_transformer.modules import Dropout, LayerNorm, Pooling
from transformers import PreTrainedTokenizerFast

import family_models as make
import family_tokenizers as train
from family_texts import SPECIAL
from generate_families import BERT_TOKENS, DECODER, PARITY, QWEN_TOKENS, VERSIONS
from golden_file import write
from texts import WORDS, any_characters, sentence

SIZE, PAIRS = make.SMALL['hidden_size'], 40
IDENTITY, SIGMOID = torch.nn.Identity(), torch.nn.Sigmoid()

FLAT = """\
<|im_start|>system
{{ messages | selectattr("role", "eq", "system") | map(attribute="content") | first }}<|im_end|>
<|im_start|>user
<Query>: {{ messages | selectattr("role", "eq", "query") | map(attribute="content") | first }}
<Document>: {{ messages | selectattr("role", "eq", "document") | map(attribute="content") | first }}<|im_end|>
<|im_start|>assistant
<think>

</think>

"""
STRUCTURED = """\
{%- set ns = namespace(found=false) -%}
{%- for message in messages %}
    {%- if message.role == 'system' %}
        {%- set ns.found = true %}
        {{- '<|im_start|>system\\n' + (message.content[0].text | trim) + '<|im_end|>\\n' }}
    {%- elif message['role'] == 'query' %}
        {{- '<|im_start|>query\\n' }}{%- for part in message.content %}{%- if part.type == 'text' %}{{- part.text.strip() }}{%- endif %}{%- endfor %}
        {{- '<|im_end|>\\n' }}
    {%- elif message['role'] == 'document' %}
        {{- '<|im_start|>document\\n' ~ message.content[0]['text'] ~ '<|im_end|>\\n' -}}
    {%- endif %}
    {# What follows stands behind the last message. #}
    {%- if loop.last and not ns.found %}
        {{- 'none\\n' }}
    {%- endif %}
{%- endfor %}
{%- if add_generation_prompt %}{{- eos_token }}<|im_start|>assistant
{% endif %}
"""


@dataclass
class Layout:
    tokenizer: Callable
    model: Callable
    behind: Callable[[PreTrainedTokenizerFast], list]
    inputs: tuple[str, ...] = make.ENCODER_INPUTS
    tokens: dict[str, str] = field(default_factory=dict)
    limit: int = 64
    task: str = 'feature-extraction'
    template: str | None = None
    processing: dict = field(default_factory=dict)
    # Of CrossEncoder: prompts, default_prompt_name, activation_fn.
    settings: dict = field(default_factory=dict)


def modernbert(size: int) -> torch.nn.Module:
    return hf.ModernBertModel(hf.ModernBertConfig(
        **make.SMALL, vocab_size=size, max_position_embeddings=64, local_attention=16, global_attn_every_n_layers=2,
        pad_token_id=0, cls_token_id=1, sep_token_id=2, bos_token_id=1, eos_token_id=2))


def bert(size: int) -> torch.nn.Module:
    return hf.BertModel(hf.BertConfig(**make.SMALL, vocab_size=size, max_position_embeddings=64), add_pooling_layer=False)


def scores(width: int, activation: torch.nn.Module = IDENTITY, **options) -> Dense:
    return Dense(width, 1, activation_function=activation, module_output_name='scores', **options)


def yes_no(tokenizer: PreTrainedTokenizerFast) -> list:
    return [LogitScore(tokenizer.convert_tokens_to_ids('yes'), tokenizer.convert_tokens_to_ids('no'))]


TYPED = (*make.ENCODER_INPUTS, 'token_type_ids')
MODES = ('cls', 'max', 'mean', 'mean_sqrt_len_tokens', 'weightedmean', 'lasttoken')
JUDGE = 'Judge whether the document answers the query.'
LAYOUTS = {
    'ettin': Layout(train.modernbert, modernbert, lambda _: [
        Pooling(SIZE, 'cls'), Dense(SIZE, SIZE, bias=False, activation_function=torch.nn.GELU()), LayerNorm(SIZE), scores(SIZE)],
        tokens=BERT_TOKENS, settings=dict(activation_fn=IDENTITY)),
    'prompted-mean': Layout(train.bert, bert, lambda _: [
        Pooling(SIZE, 'mean'), Dense(SIZE, 8), Normalize(), scores(8)],
        inputs=TYPED, tokens=BERT_TOKENS, settings=dict(prompts={'search': 'find: ', 'other': 'x'}, default_prompt_name='search')),
    'every-pooling': Layout(train.bert, bert, lambda _: [
        Dense(SIZE, SIZE, activation_function=torch.nn.ReLU(), module_input_name='token_embeddings'), Pooling(SIZE, MODES), Dropout(0.1),
        Dense(6 * SIZE, 12, activation_function=torch.nn.SiLU(), use_residual=True),
        Dense(12, 12, activation_function=torch.nn.Sigmoid(), use_residual=True), scores(12, bias=False)],
        inputs=TYPED, tokens=BERT_TOKENS, settings=dict(activation_fn=SIGMOID)),
    'yes-no': Layout(train.qwen, make.qwen3, yes_no, DECODER, QWEN_TOKENS, 160, 'text-generation', FLAT,
                     settings=dict(prompts={'query': JUDGE}, default_prompt_name='query', activation_fn=SIGMOID)),
    'yes-alone': Layout(train.qwen, make.qwen2, lambda tokenizer: [LogitScore(tokenizer.convert_tokens_to_ids('1'))],
                        DECODER, QWEN_TOKENS, 96, 'text-generation', STRUCTURED, {'chat_template': {'add_generation_prompt': True}},
                        settings=dict(activation_fn=IDENTITY)),
}


def build(layout: Layout, folder: Path) -> None:
    """A model folder, as its authors would save it."""
    inner = layout.tokenizer()
    tokenizer = PreTrainedTokenizerFast(
        tokenizer_object=inner, model_max_length=layout.limit, chat_template=layout.template,
        model_input_names=[name for name in layout.inputs if name != 'position_ids'], **layout.tokens)
    torch.manual_seed(3)
    model = make.fill(layout.model(inner.get_vocab_size()))
    with tempfile.TemporaryDirectory() as place:
        model.save_pretrained(place)
        tokenizer.save_pretrained(place)
        transformer = Transformer(place, transformer_task=layout.task, processing_kwargs=layout.processing)
    modules = [transformer, *layout.behind(tokenizer)]
    generator = torch.Generator().manual_seed(9)
    with torch.no_grad():
        for module in modules[1:]:
            for name, weight in sorted(module.named_parameters()):
                weight.copy_(torch.randn(weight.shape, generator=generator) * 1.5 / weight.shape[-1] ** 0.5 + (name == 'norm.weight'))
    sentence_transformers.CrossEncoder(modules=modules, device='cpu', **layout.settings).save_pretrained(str(folder), create_model_card=False)
    output = 'logits' if layout.task == 'text-generation' else 'last_hidden_state'
    make.export(model, layout.inputs, str(folder / 'model.onnx'), output)


def pairs(layout: Layout) -> list[tuple[str, str]]:
    source = random.Random(23)
    found = [('', ''), ('what is water', ''), ('', 'under the bridge'), (' \n', '\u0085\ufeff a \x1c'), ('a 😀 b', 'c 👩‍👩‍👧 d'), (SPECIAL, SPECIAL),
             ('what is water', 'a ' * 400), ('b ' * 400, 'what is water'), ('b ' * 400, 'a ' * 400), ('{{ 1 }}', '{% raw %}</s>')]
    found += [('what is water', 'a' + ' a' * count) for count in range(layout.limit - 40, layout.limit, 4)][:10]
    scripts = list(WORDS)
    while len(found) < PAIRS:
        script = scripts[len(found) % len(scripts)]
        found.append((sentence(source, script, source.randint(1, 6)), sentence(source, source.choice((script, 'latin')), source.randint(1, 30))))
    return found[:PAIRS - 5] + [(any_characters(source, 10), any_characters(source, 50)) for _ in range(5)]


def write_layout(name: str) -> None:
    layout = LAYOUTS[name]
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place) / name
        build(layout, folder)
        model = sentence_transformers.CrossEncoder(str(folder), device='cpu')
        rows = []
        for query, text in pairs(layout):
            features = model.preprocess([(query, text)], prompt=model._resolve_prompt(None, None))
            logit = model.predict([(query, text)], activation_fn=IDENTITY)[0]
            rows.append({'query': query, 'text': text, 'ids': features['input_ids'][0].tolist(), 'logit': round(float(logit), 7),
                         'score': round(float(model.predict([(query, text)])[0]), 7)})
        # The weights of the transformer itself are in the graph. Of one model they are kept apart as well, to make a graph of.
        weights = {'weights': base64.b64encode((folder / 'model.safetensors').read_bytes()).decode()} if name == 'ettin' else {}
        files = {str(path.relative_to(folder)): base64.b64encode(path.read_bytes()).decode()
                 for path in sorted(folder.rglob('*')) if path.is_file() and path != folder / 'model.safetensors'}
    write(f'layouts/{name}.json.gz', {'madeWith': VERSIONS, 'files': files, 'rows': rows} | weights)
    print(name, len(rows), 'pairs,', sorted(files))


if __name__ == '__main__':
    for chosen in sys.argv[1:] or LAYOUTS:
        write_layout(chosen)
