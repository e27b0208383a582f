/** Process start to first score with the snippet that people copy: `node cold-snippet.mjs STOCK_FOLDER q8|fp32`. */
import { basename, dirname } from 'node:path'
import { finish, mark, query, text } from '../cold/mark.mjs'

const [folder, dtype] = process.argv.slice(2)
const { AutoModelForSequenceClassification, AutoTokenizer, env } = await import('@huggingface/transformers')
mark('imported')
env.localModelPath = dirname(folder)
env.allowRemoteModels = false
const tokenizer = await AutoTokenizer.from_pretrained(basename(folder))
const session_options = { intraOpNumThreads: 1, interOpNumThreads: 1 }
const model = await AutoModelForSequenceClassification.from_pretrained(basename(folder), { dtype, session_options })
mark('loaded')
const { logits } = await model(tokenizer([query], { text_pair: [text], padding: true, truncation: true }))
finish(logits.sigmoid().tolist()[0][0])
process.exit(0)
