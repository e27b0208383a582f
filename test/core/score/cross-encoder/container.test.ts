import { describe, expect, it } from 'vitest'
import {
  type ReadFile,
  usableCores,
  usableMemory,
} from '../../../../packages/core/src/score/cross-encoder/session/container.ts'

/** A machine with these files. */
function files(content: Readonly<Record<string, string>>): ReadFile {
  return (path) => {
    if (content[path] === undefined) throw new Error(`ENOENT ${path}`)
    return content[path]
  }
}

describe('the cores of a container', () => {
  it.each([
    ['no limit', {}, 64],
    ['a quota of two cores, version 2', { '/sys/fs/cgroup/cpu.max': '200000 100000\n' }, 2],
    ['two and a half', { '/sys/fs/cgroup/cpu.max': '250000 100000\n' }, 2],
    ['half a core', { '/sys/fs/cgroup/cpu.max': '50000 100000\n' }, 1],
    ['a group without a quota', { '/sys/fs/cgroup/cpu.max': 'max 100000\n' }, 64],
    ['more than there is', { '/sys/fs/cgroup/cpu.max': '9900000 100000\n' }, 64],
    [
      'a group inside another, whose quota is the smaller one',
      {
        '/proc/self/cgroup': '0::/a.slice/b.scope\n',
        '/sys/fs/cgroup/a.slice/cpu.max': '300000 100000\n',
        '/sys/fs/cgroup/a.slice/b.scope/cpu.max': '800000 100000\n',
      },
      3,
    ],
    [
      'version 1',
      { '/sys/fs/cgroup/cpu/cpu.cfs_quota_us': '400000\n', '/sys/fs/cgroup/cpu/cpu.cfs_period_us': '100000\n' },
      4,
    ],
    [
      'version 1 without a quota',
      { '/sys/fs/cgroup/cpu/cpu.cfs_quota_us': '-1\n', '/sys/fs/cgroup/cpu/cpu.cfs_period_us': '100000\n' },
      64,
    ],
    [
      'version 1 in a group',
      {
        '/proc/self/cgroup': '4:cpu,cpuacct:/docker/abc\n3:memory:/docker/abc\n',
        '/sys/fs/cgroup/cpu/docker/abc/cpu.cfs_quota_us': '100000\n',
        '/sys/fs/cgroup/cpu/docker/abc/cpu.cfs_period_us': '100000\n',
      },
      1,
    ],
  ])('are read from %s', (_, content, cores) => expect(usableCores(files(content), 64)).toBe(cores))
})

describe('the memory of a container', () => {
  it.each([
    ['no limit', {}, 8e9],
    ['version 2', { '/sys/fs/cgroup/memory.max': '536870912\n' }, 536870912],
    ['version 2 without a limit', { '/sys/fs/cgroup/memory.max': 'max\n' }, 8e9],
    ['version 1', { '/sys/fs/cgroup/memory/memory.limit_in_bytes': '1073741824\n' }, 1073741824],
    ['version 1 without a limit', { '/sys/fs/cgroup/memory/memory.limit_in_bytes': '9223372036854771712\n' }, 8e9],
  ])('is read from %s', (_, content, bytes) => expect(usableMemory(files(content), 8e9)).toBe(bytes))
})
