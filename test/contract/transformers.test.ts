import { join } from 'node:path'
import { transformers } from '@secondpass/core'
import { scorerContract } from './scorer-contract.ts'

const tiny = join(import.meta.dirname, '../fixtures/tiny-bert')
const stock = join(import.meta.dirname, '../fixtures/tiny-bert-stock')

scorerContract('transformers, a folder', () => transformers({ model: tiny, device: 'cpu' }))
scorerContract('transformers, a stock graph', () => transformers({ model: stock }))
scorerContract('transformers, in windows', () => transformers({ model: tiny, longText: 'windows', maxLength: 40 }))
