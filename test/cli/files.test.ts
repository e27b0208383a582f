import {
  appendFileSync,
  chmodSync,
  existsSync,
  linkSync,
  mkdirSync,
  readFileSync,
  readdirSync,
  statSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs'
import { spawnSync } from 'node:child_process'
import { hostname } from 'node:os'
import { describe, expect, it } from 'vitest'
import { checkFiles } from '../../packages/cli/src/files/identity.ts'
import { LineFile } from '../../packages/cli/src/files/line-file.ts'
import { Lock } from '../../packages/cli/src/files/lock.ts'
import { replaceFile } from '../../packages/cli/src/files/replace.ts'
import { targetOf } from '../../packages/cli/src/files/target.ts'
import { fakeIo, folderWith } from './support.ts'

function open(path: string, begins = ['{']): LineFile & { end(): void } {
  const lock = Lock.take(path, path)
  try {
    const file = new LineFile(path, { lock, title: `--output ${path}`, begins })
    return Object.assign(file, { end: () => (file.close(), lock.release()) })
  } catch (error) {
    lock.release()
    throw error
  }
}

describe('a file of lines', () => {
  it('goes on behind the last whole line, and cuts a torn one off only when it adds one', () => {
    const path = folderWith()('out.jsonl')
    const first = open(path)
    first.add('{1}')
    first.add('{2}')
    first.end()
    appendFileSync(path, '{"torn')
    const second = open(path)
    expect(second.lastLine()).toBe('{2}')
    expect(readFileSync(path, 'utf8')).toBe('{1}\n{2}\n{"torn')
    second.add('{3}')
    second.end()
    expect(readFileSync(path, 'utf8')).toBe('{1}\n{2}\n{3}\n')
  })

  it('finds its first and last line when they are longer than what is read at once', () => {
    const [short, long] = ['{short}', `{${'ä'.repeat(100_000)}}`]
    const at = folderWith({ one: `${short}\n${long}\n`, two: `${long}\n${short}\n` })
    const [one, two] = [open(at('one')), open(at('two'))]
    expect([one.firstLine(), one.lastLine()]).toEqual([short, long])
    expect([two.firstLine(), two.lastLine()]).toEqual([long, short])
    two.dropLastLine()
    expect(two.lastLine()).toBe(long)
    one.end()
    two.end()
    expect(readFileSync(at('two'), 'utf8')).toBe(`${long}\n`)
  })

  it('that holds nothing but a torn line is empty', () => {
    const file = open(folderWith({ out: `{${'x'.repeat(200_000)}` })('out'))
    expect([file.isEmpty, file.firstLine(), file.lastLine()]).toEqual([true, undefined, undefined])
    file.end()
  })

  it('is not made before its first line', () => {
    const path = folderWith()('out')
    open(path).end()
    expect(existsSync(path)).toBe(false)
  })

  it('is refused where it is not ours to change: another text, another name, a link, a folder', () => {
    const at = folderWith({ diary: 'Dear diary', twice: '{1}\n', real: '{1}\n' })
    linkSync(at('twice'), at('second-name'))
    symlinkSync(at('real'), at('link'))
    mkdirSync(at('folder'))
    expect(() => open(at('diary'))).toThrow('it ends in something that this command did not write')
    expect(() => open(at('twice'))).toThrow('it has 2 names (hard links), and the others would change with it')
    expect(() => open(at('link'))).toThrow('link cannot be written: it is a symbolic link')
    expect(() => open(at('folder'))).toThrow('folder cannot be written: it is a folder')
    expect(() => open(at('no/such/folder'))).toThrow('there is no such folder; make it first')
    expect(readdirSync(at('.')).filter((name) => name.includes('.lock'))).toEqual([])
  })
})

describe('a lock', () => {
  it('is held by one at a time, is gone when it is given back, and leaves nothing', () => {
    const at = folderWith()
    const lock = Lock.take(at('out'), 'OUT')
    expect(() => Lock.take(at('out'), 'OUT')).toThrow(`OUT is being written by process ${process.pid}: wait for it`)
    lock.release()
    Lock.take(at('out'), 'OUT').release()
    expect(readdirSync(at('.'))).toEqual([])
  })

  /** A lock as another process would have left it. */
  const leave = (path: string, holder: object): void => {
    const lock = Lock.take(path, 'OUT')
    const own = JSON.parse(readFileSync(`${path}.lock`, 'utf8')) as object
    lock.release()
    writeFileSync(`${path}.lock`, JSON.stringify({ ...own, key: 'other', ...holder }))
  }

  it('of a process that is gone is taken over at once, also when its number was given to another', () => {
    const path = folderWith()('out')
    const { pid } = spawnSync(process.execPath, ['-e', ''])
    leave(path, { pid })
    Lock.take(path, 'OUT').release()
    if (process.platform !== 'linux') return
    // Process 1 lives on every machine.
    leave(path, { pid: 1, startedAt: 'earlier' })
    Lock.take(path, 'OUT').release()
  })

  it('leaves nothing of processes that were killed while they made one', () => {
    const at = folderWith({ 'out.lock.0b2f0d1c-6c1e-4b57-9d6c-5a4f3d2e1c0b': '{', 'out.lock.mine': 'mine' })
    Lock.take(at('out'), 'OUT').release()
    expect(readdirSync(at('.'))).toEqual(['out.lock.mine'])
  })

  it('of another machine is held while it is touched, and abandoned after a minute', () => {
    const path = folderWith()('out')
    leave(path, { host: 'elsewhere 7', pid: 7 })
    expect(() => Lock.take(path, 'OUT')).toThrow('OUT is being written by process 7 on elsewhere: wait for it')
    const earlier = new Date(Date.now() - 61_000)
    utimesSync(`${path}.lock`, earlier, earlier)
    Lock.take(path, 'OUT').release()
  })

  it('of a machine that was started again is that of another one', () => {
    const path = folderWith()('out')
    leave(path, { host: `${hostname()} an-earlier-boot`, pid: process.pid })
    expect(() => Lock.take(path, 'OUT')).toThrow(`on ${hostname()}`)
  })

  it('that was taken over is noticed before the next line', () => {
    const path = folderWith()('out')
    const file = open(path)
    file.add('{1}')
    writeFileSync(`${path}.lock`, readFileSync(`${path}.lock`, 'utf8').replace(/"key":"[^"]*"/, '"key":"other"'))
    expect(() => file.add('{2}')).toThrow('was taken over by another process, or its lock was removed')
    file.end()
    expect(readFileSync(path, 'utf8')).toBe('{1}\n')
    expect(existsSync(`${path}.lock`)).toBe(true)
  })

  it('does not remove a file of that name that is something else', () => {
    const at = folderWith({ 'yarn.lock': '# yarn lockfile v1' })
    expect(() => Lock.take(at('yarn'), 'OUT')).toThrow('yarn.lock is in the way of OUT, and is no lock')
    expect(readFileSync(at('yarn.lock'), 'utf8')).toBe('# yarn lockfile v1')
  })
})

describe('replacing a file', () => {
  it('keeps its permissions and the link to it, leaves its other names alone, and leaves nothing behind', () => {
    const at = folderWith({ real: 'old' })
    chmodSync(at('real'), 0o640)
    linkSync(at('real'), at('second-name'))
    symlinkSync('real', at('link'))
    symlinkSync('not-yet', at('dangling'))
    replaceFile(at('link'), 'new')
    replaceFile(at('dangling'), 'made')
    expect(readFileSync(at('real'), 'utf8')).toBe('new')
    expect(readFileSync(at('second-name'), 'utf8')).toBe('old')
    expect(readFileSync(at('not-yet'), 'utf8')).toBe('made')
    expect(statSync(at('real')).mode & 0o777).toBe(0o640)
    expect(readdirSync(at('.')).sort()).toEqual(['dangling', 'link', 'not-yet', 'real', 'second-name'])
  })

  it('follows links to the end, and not in a circle', () => {
    const at = folderWith()
    symlinkSync('b', at('a'))
    symlinkSync('a', at('b'))
    expect(() => targetOf(at('a'))).toThrow('links lead in a circle')
    expect(() => replaceFile(at('no/such/file'), '')).toThrow('there is no such folder; make it first')
  })
})

describe('the files of a command', () => {
  const input = (path: string): { option: string; path: string } => ({ option: '--input', path })
  const output = (path: string): { option: string; path: string } => ({ option: '--output', path })

  it('are told apart by what they are', () => {
    const at = folderWith({ in: '', other: '' })
    linkSync(at('in'), at('hard'))
    symlinkSync(at('in'), at('soft'))
    mkdirSync(at('folder'))
    symlinkSync(at('.'), at('folder/up'))
    for (const path of ['in', './in', 'hard', 'soft', 'folder/../in', 'folder/up/in']) {
      const faulty = (): void => checkFiles([input(at('in'))], [output(`${at('.')}/${path}`)], fakeIo())
      expect(faulty).toThrow(`${path}: it is the input (--input ${at('in')}), which must stay as it is`)
    }
    expect(() => checkFiles([input(at('in'))], [output(at('other')), output(at('new'))], fakeIo())).not.toThrow()
  })

  it('are not written twice under two names', () => {
    const at = folderWith({ old: '' })
    linkSync(at('old'), at('hard'))
    for (const [one = '', two = ''] of [
      ['old', 'hard'],
      ['new', './new'],
      ['new', 'NEW'],
    ]) {
      const html = { option: '--html', path: at(one) }
      expect(() => checkFiles([], [html, output(at(two))], fakeIo())).toThrow(`--html ${at(one)} is the same file`)
    }
  })

  it('do not stand in a folder that is read whole', () => {
    const at = folderWith()
    mkdirSync(at('model/onnx'), { recursive: true })
    const model = { option: '--model', path: at('model'), folder: true }
    expect(() => checkFiles([model], [output(at('model/onnx/new'))], fakeIo())).toThrow('it is the input (--model')
    expect(() => checkFiles([model], [output(at('new'))], fakeIo())).not.toThrow()
  })

  it.each([
    [[input('no-such')], [], 'no-such cannot be read: there is no such file'],
    [[input('folder')], [], 'folder cannot be read: it is a folder'],
    [[{ ...input('/dev/null'), again: true }], [], '/dev/null: it is a pipe or a device, and is read more than once'],
    [[{ ...input('-'), again: true }], [], 'it is read more than once here, so name a file'],
    [[input('packed')], [], 'packed.gz: name that, or unpack it'],
    [[], [output('folder')], 'folder cannot be written: it is a folder; name a file'],
    [[], [output('new/')], 'new/ cannot be written: it is a folder'],
    [[], [output('no/such')], 'no/such cannot be written: there is no such folder; make it first'],
    [[], [output('file/new')], 'file/new cannot be written: a part of the path is a file'],
    [[], [output('')], '--output is ""'],
  ])('%j %j are refused in a sentence', (inputs, outputs, message) => {
    const at = folderWith({ file: '', 'packed.gz': '' })
    mkdirSync(at('folder'))
    const before = process.cwd()
    process.chdir(at('.'))
    try {
      expect(() => checkFiles(inputs, outputs, fakeIo())).toThrow(message)
    } finally {
      process.chdir(before)
    }
  })
})
