"""How two rerankers on decoders put their prompts together, by the descriptions that their authors publish.

Qwen3-Reranker: https://huggingface.co/Qwen/Qwen3-Reranker-0.6B (model card)
mxbai-rerank-v2: https://github.com/mixedbread-ai/mxbai-rerank (mxbai_rerank_v2.py)
"""
from transformers import PreTrainedTokenizerFast


class Prompt:
    def __init__(self, tokenizer: PreTrainedTokenizerFast, yes: str, no: str):
        self.tokenizer = tokenizer
        self.yes, self.no = (self.ids(word)[0] for word in (yes, no))

    def ids(self, text: str, limit: int | None = None) -> list[int]:
        """`limit`: cut from the right, as `truncation=True, max_length=limit` does."""
        return self.tokenizer(text, add_special_tokens=False)['input_ids'][:limit]


class Qwen3(Prompt):
    """The query and the document are one string, cut at its end."""

    def __init__(self, tokenizer: PreTrainedTokenizerFast, instruction: str | None = None):
        super().__init__(tokenizer, 'yes', 'no')
        self.instruction = instruction or 'Given a web search query, retrieve relevant passages that answer the query'
        self.prefix = self.ids(
            '<|im_start|>system\nJudge whether the Document meets the requirements based on the Query and the Instruct provided. '
            'Note that the answer can only be "yes" or "no".<|im_end|>\n<|im_start|>user\n')
        self.suffix = self.ids('<|im_end|>\n<|im_start|>assistant\n<think>\n\n</think>\n\n')

    def encode(self, query: str, text: str, limit: int) -> tuple[list[int], int, bool]:
        middle = self.ids(f'<Instruct>: {self.instruction}\n<Query>: {query}\n<Document>: {text}')
        kept = middle[:limit - len(self.prefix) - len(self.suffix)]
        ids = self.prefix + kept + self.suffix
        return ids, len(ids), len(kept) < len(middle)


class Mxbai(Prompt):
    """The query gets at most three quarters; the document what is left. The limit is that of the whole prompt here."""

    def __init__(self, tokenizer: PreTrainedTokenizerFast):
        super().__init__(tokenizer, '1', '0')
        self.prefix = self.ids('<|im_start|>system\nYou are Qwen, created by Alibaba Cloud. You are a helpful assistant.<|im_end|>\n<|im_start|>user\n')
        self.separator = self.ids('\n')
        self.task = self.ids(
            'You are a search relevance expert who evaluates how well documents match search queries. For each query-document pair, '
            'carefully analyze the semantic relationship between them, then provide your binary relevance judgment '
            '(0 for not relevant, 1 for relevant).\nRelevance:')
        self.suffix = self.ids('<|im_end|>\n<|im_start|>assistant\n')

    def encode(self, query: str, text: str, limit: int) -> tuple[list[int], int, bool]:
        fixed = len(self.prefix) + len(self.separator) + len(self.task) + len(self.suffix)
        content = min(8192, limit - fixed)
        query_ids = self.ids(f'query: {query}')
        text_ids = self.separator + self.ids(f'document: {text}')
        kept_query = query_ids[:content * 3 // 4]
        kept_text = text_ids[:max(0, content - len(kept_query))]
        ids = self.prefix + kept_query + kept_text + self.separator + self.task + self.suffix
        return ids, len(ids), len(kept_query) < len(query_ids) or len(kept_text) < len(text_ids)


PROMPTS = {'qwen3-reranker': Qwen3, 'mxbai-rerank-v2': Mxbai}
