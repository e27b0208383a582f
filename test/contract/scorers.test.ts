import { bundledScorer } from '../../packages/core/src/default.ts'
import { lengthScorer } from './length-scorer.ts'
import { scorerContract } from './scorer-contract.ts'

scorerContract('the smallest one', lengthScorer)
scorerContract('the stand-in for the bundled model', () => bundledScorer(async () => lengthScorer()).scorer)
