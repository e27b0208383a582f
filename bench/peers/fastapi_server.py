"""The server one writes in an afternoon: python fastapi_server.py WEIGHTS_FOLDER PORT"""

import sys

import uvicorn
from fastapi import FastAPI
from pydantic import BaseModel
from sentence_transformers import CrossEncoder

folder, port = sys.argv[1], int(sys.argv[2])
model = CrossEncoder(folder, device='cpu', model_kwargs={'torch_dtype': 'float32'})
app = FastAPI()


class Body(BaseModel):
    query: str
    documents: list[str]


@app.post('/rerank')
def rerank(body: Body) -> dict:
    """Without `async`, as the documentation of FastAPI advises for work that blocks: in a pool of threads."""
    ranked = model.rank(body.query, body.documents, show_progress_bar=False)
    return {'results': [{'index': row['corpus_id'], 'relevance_score': float(row['score'])} for row in ranked]}


uvicorn.run(app, host='127.0.0.1', port=port, log_level='warning')
