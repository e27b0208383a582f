"""The architectures of the matrix: small, with random weights, each with its class of tokenizer."""
import torch
import transformers as hf

from family_models import DECODER, ENCODER_INPUTS, SMALL
from matrix_parts import VOCABULARY

WITH_TYPES = (*ENCODER_INPUTS, 'token_type_ids')
SIZE = SMALL | dict(vocab_size=VOCABULARY, num_labels=1)
ENCODER = SIZE | dict(max_position_embeddings=64, type_vocab_size=2)
BEHIND_PADDING = SIZE | dict(max_position_embeddings=66, type_vocab_size=1, pad_token_id=1)

# Name: (class of tokenizer, inputs of the graph, the model).
ARCHITECTURES = {
    'bert': ('BertTokenizer', WITH_TYPES, lambda: hf.BertForSequenceClassification(hf.BertConfig(**ENCODER))),
    'electra': ('ElectraTokenizer', WITH_TYPES, lambda: hf.ElectraForSequenceClassification(hf.ElectraConfig(**ENCODER, embedding_size=16))),
    'distilbert': ('DistilBertTokenizer', ENCODER_INPUTS, lambda: hf.DistilBertForSequenceClassification(hf.DistilBertConfig(
        vocab_size=VOCABULARY, num_labels=1, dim=16, n_layers=2, n_heads=2, hidden_dim=32, max_position_embeddings=64))),
    'mpnet': ('MPNetTokenizer', ENCODER_INPUTS, lambda: hf.MPNetForSequenceClassification(hf.MPNetConfig(
        **{key: value for key, value in BEHIND_PADDING.items() if key != 'type_vocab_size'}))),
    'roberta': ('RobertaTokenizer', ENCODER_INPUTS, lambda: hf.RobertaForSequenceClassification(hf.RobertaConfig(**BEHIND_PADDING))),
    'xlm-roberta': ('XLMRobertaTokenizer', ENCODER_INPUTS, lambda: hf.XLMRobertaForSequenceClassification(hf.XLMRobertaConfig(**BEHIND_PADDING))),
    'camembert': ('CamembertTokenizer', ENCODER_INPUTS, lambda: hf.CamembertForSequenceClassification(hf.CamembertConfig(**BEHIND_PADDING))),
    'albert': ('AlbertTokenizer', WITH_TYPES, lambda: hf.AlbertForSequenceClassification(hf.AlbertConfig(**ENCODER, embedding_size=8))),
    'deberta-v2': ('DebertaV2Tokenizer', ENCODER_INPUTS, lambda: hf.DebertaV2ForSequenceClassification(hf.DebertaV2Config(
        **(ENCODER | dict(type_vocab_size=0)), relative_attention=True, pos_att_type=['p2c', 'c2p'], position_buckets=16,
        norm_rel_ebd='layer_norm', share_att_key=True, position_biased_input=False, pooler_hidden_size=16))),
    'modernbert': ('PreTrainedTokenizerFast', ENCODER_INPUTS, lambda: hf.ModernBertForSequenceClassification(hf.ModernBertConfig(
        **SIZE, max_position_embeddings=64, local_attention=16, global_attn_every_n_layers=2,
        pad_token_id=0, cls_token_id=1, sep_token_id=2, bos_token_id=1, eos_token_id=2))),
    'qwen2': ('Qwen2Tokenizer', (*ENCODER_INPUTS, 'position_ids'), lambda: hf.Qwen2ForSequenceClassification(hf.Qwen2Config(
        **{key: value for key, value in DECODER.items() if key not in ('head_dim', 'max_position_embeddings')}, max_position_embeddings=64,
        vocab_size=VOCABULARY, num_labels=1, pad_token_id=VOCABULARY - 1))),
}


def fill(model: torch.nn.Module) -> torch.nn.Module:
    """Weights wide enough that every part of the graph moves the logit."""
    generator = torch.Generator().manual_seed(5)
    with torch.no_grad():
        for name, weight in sorted(model.named_parameters()):
            values = torch.randn(weight.shape, generator=generator) * 0.3
            weight.copy_(values + 1 if 'norm' in name.lower() and name.endswith('weight') else values)
    model.set_attn_implementation('eager')
    return model.eval()
