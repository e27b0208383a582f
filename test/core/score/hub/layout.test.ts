import { homedir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { hubCacheFolder, isOffline, repoFolder } from '../../../../packages/core/src/score/hub/settings.ts'
import { hubOptions, revisionOption } from '../../../../packages/core/src/score/hub/settings.ts'
import { readModelName } from '../../../../packages/core/src/score/cross-encoder/model-source.ts'
import { checkSafeName } from '../../../../packages/core/src/score/hub/layout.ts'

describe('a model name', () => {
  it.each(['bundled', 'bundled-tiny'])('%s is one of ours, whatever folder may be called so', (name) => {
    expect(readModelName(name)).toEqual({ kind: 'bundled', name })
    expect(readModelName(`./${name}`)).toMatchObject({ kind: 'folder' })
  })

  it.each(['org/name', 'Xenova/ms-marco-MiniLM-L-6-v2', 'a/b', 'BAAI/bge-reranker-v2-m3', 'my_org/my.model'])(
    '%s is on the hub',
    (name) => {
      expect(readModelName(name)).toEqual({ kind: 'hub', repo: name })
    },
  )

  it.each([
    './org/name',
    '../../name',
    '/org/name',
    'name',
    'a/b/c',
    'org/',
    'org/na me',
    '.org/name',
    'org/name.',
    'org/a--b',
    'org/a..b',
    'C:\\models\\x',
  ])('%s is a path', (name) => expect(readModelName(name)).toMatchObject({ kind: 'folder' }))

  it('that is a folder in the working directory is that folder', () => {
    expect(readModelName('test/fixtures')).toEqual({ kind: 'folder', path: join(process.cwd(), 'test/fixtures') })
  })

  it.each([undefined, null, 7, '', ' ', 'a\0b'])('%j is refused', (name) => {
    expect(() => readModelName(name as string)).toThrow(expect.objectContaining({ code: 'invalid-argument' }))
  })
})

describe('the cache folder', () => {
  it.each([
    [{}, join(homedir(), '.cache/huggingface/hub')],
    [{ XDG_CACHE_HOME: '/x' }, '/x/huggingface/hub'],
    [{ XDG_CACHE_HOME: '/x', HF_HOME: '/h' }, '/h/hub'],
    [{ HF_HOME: '/h', HUGGINGFACE_HUB_CACHE: '/old' }, '/old'],
    [{ HF_HOME: '/h', HUGGINGFACE_HUB_CACHE: '/old', HF_HUB_CACHE: '/new' }, '/new'],
    [{ HF_HOME: '~/h' }, join(homedir(), 'h/hub')],
    [{ HF_HUB_CACHE: '$BASE/c', BASE: '/b' }, '/b/c'],
    [{ HF_HUB_CACHE: '${BASE}/c', BASE: '/b' }, '/b/c'],
    [{ HF_HOME: '', HF_HUB_CACHE: ' ' }, join(homedir(), '.cache/huggingface/hub')],
  ])('with %j is %s', (env, folder) => expect(hubCacheFolder(env)).toBe(folder))

  it('has a folder for each model', () => expect(repoFolder('/c', 'org/name')).toBe('/c/models--org--name'))

  it.each(['1', 'true', 'YES', 'on'])('HF_HUB_OFFLINE=%s means offline', (value) => {
    expect(isOffline({ HF_HUB_OFFLINE: value })).toBe(true)
    expect(isOffline({ TRANSFORMERS_OFFLINE: value })).toBe(true)
  })

  it.each(['0', 'false', '', undefined])('HF_HUB_OFFLINE=%s does not', (value) => {
    expect(isOffline({ HF_HUB_OFFLINE: value })).toBe(false)
  })
})

describe('a file name of a repository', () => {
  it.each(['model.onnx', 'onnx/model.onnx', 'a/b/c.json', '.hidden', 'a..b', '0'])('%s is taken', (name) => {
    expect(() => checkSafeName(name)).not.toThrow()
  })

  it('that is taken never leaves the folder it is joined to', () => {
    const part = fc.oneof(fc.constantFrom('..', '.', '', '/', '\\', 'C:', 'a', 'b.json', '~'), fc.string())
    fc.assert(
      fc.property(fc.array(part, { maxLength: 6 }), fc.constantFrom('/', '\\', ''), (parts, separator) => {
        const name = parts.join(separator)
        try {
          checkSafeName(name)
        } catch {
          return
        }
        expect(join('/cache/snapshot', name).startsWith('/cache/snapshot/')).toBe(true)
        expect(name).not.toMatch(/[\\\0]|^[a-zA-Z]:/)
      }),
      { numRuns: 2000 },
    )
  })
})

describe('options of the hub', () => {
  it.each([
    [{ endpoint: 'hub.example' }, 'hub.endpoint'],
    [{ endpoint: 'ftp://hub.example' }, 'hub.endpoint'],
    [{ token: 'two words' }, 'hub.token'],
    [{ cacheFolder: '' }, 'hub.cacheFolder'],
    [{ offline: 'yes' }, 'hub.offline'],
    [{ fetch: 7 }, 'hub.fetch'],
    [{ cacheDir: '/x' }, 'hub.cacheDir'],
  ])('%j are refused by name', (options, name) => {
    expect(() => hubOptions('hub', options)).toThrow(name)
  })

  it('never show a token', () => {
    expect(() => hubOptions('hub', { token: 'hf_secret with a space' })).not.toThrow('hf_secret')
    expect(() => hubOptions('hub', { token: 'hf_secret with a space' })).toThrow('hub.token')
  })

  it.each(['main', 'v1.0', 'refs/pr/1', '0'.repeat(40), 'feature/x'])('take the revision %s', (revision) => {
    expect(() => revisionOption('revision', revision)).not.toThrow()
  })

  it.each(['', '../../main', '/main', 'main/', 'a b', '-x', 'a..b', 'a//b', 7])(
    'refuse the revision %j',
    (revision) => {
      expect(() => revisionOption('revision', revision)).toThrow('revision')
    },
  )
})
