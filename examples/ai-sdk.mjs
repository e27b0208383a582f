import { rerank } from 'ai'
import { secondpass } from '@secondpass/ai-sdk'

const { ranking } = await rerank({
  model: secondpass.reranking('bundled'),
  query: 'How do I change my password?',
  documents: ['Passwords are stored as salted hashes.', 'To set a new password, open Settings, then Security.'],
  topN: 1,
})
console.log(ranking)
