import { spawnSync } from 'node:child_process'
import { chmodSync, cpSync, readFileSync } from 'node:fs'
import { delimiter, join } from 'node:path'
import { type IJob, Job } from 'kubernetes-models/batch/v1/Job'
import { beforeEach, describe, expect, it } from 'vitest'
import { parse } from 'yaml'
import { bin, folderOf, quote } from './run-cli.ts'

/** The examples of batch jobs, checked against what their engines take, and run as far as that goes without one. */
const folder = join(import.meta.dirname, '../../examples/batch')
const manifest = readFileSync(join(folder, 'indexed-job.yaml'), 'utf8')
const merge = /LC_ALL=C sort .*(?= > ranked\.jsonl)/

let at: (name: string) => string
beforeEach(() => {
  at = folderOf({ secondpass: `#!/bin/sh\nexec ${quote([process.execPath, bin])} "$@"\n` })
  chmodSync(at('secondpass'), 0o755)
  for (const file of ['queries.jsonl', 'slurm-array.sh']) cpSync(join(folder, file), at(file))
})

/** Runs a shell command in the folder, with `secondpass` on the path. */
function shell(command: string, env: Record<string, string> = {}): string {
  const path = `${at('.')}${delimiter}${process.env['PATH'] ?? ''}`
  const { status, stdout, stderr } = spawnSync('bash', ['-c', command], {
    cwd: at('.'),
    env: { ...process.env, ...env, PATH: path },
    encoding: 'utf8',
  })
  expect({ status, stderr: status === 0 ? '' : stderr }).toEqual({ status: 0, stderr: '' })
  return stdout
}

const readJob = (): IJob => parse(manifest, { strict: true, uniqueKeys: true }) as IJob
const lint = (job: unknown): void => new Job(job as IJob).validate()

describe('the Indexed Job for Kubernetes', () => {
  it('is valid by the schema of Kubernetes', () => {
    expect(() => lint(readJob())).not.toThrow()
  })

  it.each([
    ['completions: 4 ', 'completions: "4" '],
    ['restartPolicy: Never', 'restartPolicy: [Never]'],
    ['operator: In, values: [2]', 'operator: In, values: two'],
    ['name: rerank\n          image:', 'title: rerank\n          image:'],
  ])('would not be with %j made %j', (right, wrong) => {
    expect(manifest).toContain(right)
    expect(() => lint(parse(manifest.replace(right, wrong)))).toThrow()
  })

  it('has as many shards as completions, and asks for what an Indexed Job needs', () => {
    const { completions, parallelism, completionMode, template } = readJob().spec as NonNullable<IJob['spec']>
    const shard = template.spec?.containers[0]?.args?.find((argument) => argument.startsWith('--shard='))
    expect(shard).toBe(`--shard=$(JOB_COMPLETION_INDEX)/${completions}`)
    expect({ completionMode, parallelism }).toEqual({ completionMode: 'Indexed', parallelism: completions })
    // What the failure policy and the limit for each index are lawful with.
    expect(template.spec?.restartPolicy).toBe('Never')
  })

  it('gives, with the arguments it holds, the same as one process', () => {
    const { completions = 0, template } = readJob().spec as NonNullable<IJob['spec']>
    const { command = [], args = [] } = template.spec?.containers[0] ?? {}
    for (let index = 0; index < completions; index++) {
      const own = args.map((argument) =>
        argument.replaceAll('$(JOB_COMPLETION_INDEX)', String(index)).replace('=/data/', '='),
      )
      shell(quote([...command, ...own]))
    }
    const [sort = ''] = merge.exec(manifest) ?? []
    expect(shell(sort)).toBe(shell('secondpass rerank --input queries.jsonl --top-n 10'))
  })
})

describe('the array of Slurm', () => {
  const script = readFileSync(join(folder, 'slurm-array.sh'), 'utf8')
  const [, last = ''] = /^#SBATCH --array=0-(\d+)$/m.exec(script) ?? []

  it('has its directives before the first command, where Slurm reads them, and as many shards as tasks', () => {
    const lines = script.split('\n')
    const firstCommand = lines.findIndex((line) => line !== '' && !line.startsWith('#'))
    const directives = lines.flatMap((line, index) => (line.startsWith('#SBATCH') ? [index] : []))
    expect(directives.length).toBeGreaterThan(5)
    expect(Math.max(...directives)).toBeLessThan(firstCommand)
    expect(lines.filter((line) => line.startsWith('#SBATCH') && !/^#SBATCH --[a-z-]+(=\S+)?$/.test(line))).toEqual([])
    expect(script).toContain(`\nshards=${Number(last) + 1}\n`)
  })

  it('gives, task by task, the same as one process', () => {
    for (let task = 0; task <= Number(last); task++) {
      shell('./slurm-array.sh queries.jsonl', { SLURM_ARRAY_TASK_ID: String(task) })
    }
    const [sort = ''] = merge.exec(script) ?? []
    expect(shell(sort)).toBe(shell('secondpass rerank --input queries.jsonl --top-n 10'))
  })

  it('says what is missing', () => {
    const { status, stderr } = spawnSync('bash', [at('slurm-array.sh')], { encoding: 'utf8' })
    expect({ status, stderr }).toEqual({
      status: 1,
      stderr: expect.stringContaining('name the file of queries') as string,
    })
  })
})
