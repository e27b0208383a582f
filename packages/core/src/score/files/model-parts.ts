/** What a model cannot be read without. */
export const requiredFiles: readonly string[] = ['config.json', 'tokenizer.json']

/** What changes numbers where it is present. None of them is larger than a few hundred kilobytes. */
export const optionalFiles: readonly string[] = [
  'tokenizer_config.json',
  'special_tokens_map.json',
  'added_tokens.json',
  'calibration.json',
  'modules.json',
  'sentence_bert_config.json',
  'config_sentence_transformers.json',
  '1_LogitScore/config.json',
  // Of late-interaction models.
  'onnx_config.json',
  'artifact.metadata',
  'chat_template.jinja',
  'chat_template.json',
]
