import { join } from 'node:path'
import { colbert, crossEncoder } from '@secondpass/core'
import { scorerContract } from './scorer-contract.ts'

const tiny = join(import.meta.dirname, '../fixtures/tiny-bert')
const lateInteraction = join(import.meta.dirname, '../fixtures/tiny-colbert')
const stock = join(import.meta.dirname, '../fixtures/tiny-bert-stock')

scorerContract('crossEncoder, the bundled model', () => crossEncoder())
scorerContract('crossEncoder, the small model', () => crossEncoder({ model: 'bundled-tiny' }))
scorerContract('crossEncoder, a folder', () => crossEncoder({ model: tiny }))
scorerContract('crossEncoder, a stock graph', () => crossEncoder({ model: stock }))
scorerContract('crossEncoder, in workers', () => crossEncoder({ model: tiny, workers: 2 }))
scorerContract('crossEncoder, in windows', () => crossEncoder({ model: tiny, longText: 'windows', maxLength: 40 }))
scorerContract('colbert', () => colbert({ model: lateInteraction }))
scorerContract('colbert, with a store', () => colbert({ model: lateInteraction, store: new Map() }))
