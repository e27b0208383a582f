import { afterAll, beforeAll, describe } from 'vitest'
import { cases } from '../core/score/remote/cases.ts'
import { type StubServer, stubServer } from '../core/score/remote/stub-server.ts'
import { scorerContract } from './scorer-contract.ts'

describe.each(cases)('over loopback: $name', ({ name, handler, make }) => {
  let stub: StubServer
  beforeAll(async () => {
    stub = await stubServer(handler)
  })
  afterAll(() => stub.die())

  scorerContract(name, () => make(stub.url))
  // Eleven texts in six requests, two at a time.
  if (!name.includes('together')) {
    scorerContract(`${name}, split`, () => make(stub.url, { maxTexts: 2, concurrency: 2 }))
  }
})
