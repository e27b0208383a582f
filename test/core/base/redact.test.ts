import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { redact, safeCause } from '../../../packages/core/src/base/redact.ts'

const key = 'sk-Live_9f8e7d6c5b4a3210ZZ'
const utf8 = (text: string): Buffer => Buffer.from(text, 'utf8')
const escaped = (text: string): string =>
  Array.from(text, (one) => `\\u${one.charCodeAt(0).toString(16).padStart(4, '0')}`).join('')
const percent = (text: string): string =>
  Array.from(text, (one) => `%${one.charCodeAt(0).toString(16).toUpperCase().padStart(2, '0')}`).join('')

/** How a service may write a key that it was sent. */
const forms: readonly [string, string][] = [
  ['as it is', key],
  ['in capitals', key.toUpperCase()],
  ['with a blank after each character', Array.from(key).join(' ')],
  ['over two lines', `${key.slice(0, 9)}\n  ${key.slice(9)}`],
  ['with invisible characters in between', Array.from(key).join('\u200b')],
  ['URL-encoded', percent(key)],
  ['URL-encoded twice', percent(key).replaceAll('%', '%25')],
  ['JSON-escaped', escaped(key)],
  ['JSON inside JSON', JSON.stringify(escaped(key)).slice(1, -1)],
  ['HTML-escaped', Array.from(key, (one) => `&#${one.charCodeAt(0)};`).join('')],
  ['in base64', utf8(key).toString('base64')],
  ['in base64 for URLs', utf8(key).toString('base64url')],
  ['as the user of basic authorisation', utf8(`${key}:`).toString('base64')],
  ['as the password of basic authorisation', utf8(`me:${key}`).toString('base64')],
  ['in base64 behind Bearer', utf8(`Bearer ${key}`).toString('base64')],
  ['in hexadecimal', utf8(key).toString('hex')],
  ['cut behind its first half', key.slice(0, 16)],
  ['cut before its last half', key.slice(-15)],
]

describe('redact', () => {
  it.each(forms)('hides a key %s', (_name, form) => {
    const shown = redact(`before ${form} after`, [key])
    expect(shown).toContain('before ')
    expect(shown).toContain('[secret]')
    expect(shown).toContain(' after')
    for (const part of form.match(/.{12}/gs) ?? []) expect(shown).not.toContain(part)
  })

  it('leaves alone what is no secret', () => {
    const text = 'The key sk-Live was refused (100 %, \\n, a/b, &amp;): see https://example.com/a%20b'
    expect(redact(text, [key])).toBe(text)
    expect(redact(text, ['100 %'])).toBe(text)
    expect(redact(text, [])).toBe(text)
  })

  it('hides every copy, and copies that overlap', () => {
    expect(redact('ababababab and ababab', ['ababab'])).toBe('[secret] and [secret]')
  })

  it('finds any secret in any text, whatever stands around it', () => {
    const secret = fc.stringMatching(/^[\x21-\x7e]{8,60}$/)
    fc.assert(
      fc.property(secret, fc.string(), fc.string(), fc.integer({ min: 0, max: 5 }), (given, before, after, form) => {
        const written = [given, given.toUpperCase(), percent(given), escaped(given), utf8(given).toString('hex')]
        const text = `${before} ${written[form] ?? utf8(given).toString('base64')} ${after}`
        expect(redact(text, [given])).toContain('[secret]')
        expect(redact(text, [given])).not.toContain(given)
      }),
    )
  })

  it('keeps of an error names, codes and messages without secrets', () => {
    const cause = Object.assign(new Error(`sent ${key}`), { code: 'EPIPE', headers: { authorization: key } })
    const safe = safeCause(new TypeError(`failed with ${percent(key)}`, { cause }), [key])
    expect(safe).toMatchObject({ name: 'TypeError', message: 'failed with [secret]' })
    expect(safe?.cause).toMatchObject({ message: 'sent [secret]', code: 'EPIPE' })
    expect(safe?.cause).not.toHaveProperty('headers')
  })
})
