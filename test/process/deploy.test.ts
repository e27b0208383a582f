import { readFileSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { Deployment } from 'kubernetes-models/apps/v1/Deployment'
import { HorizontalPodAutoscaler } from 'kubernetes-models/autoscaling/v2/HorizontalPodAutoscaler'
import { NetworkPolicy } from 'kubernetes-models/networking.k8s.io/v1/NetworkPolicy'
import { PodDisruptionBudget } from 'kubernetes-models/policy/v1/PodDisruptionBudget'
import { Service } from 'kubernetes-models/v1/Service'
import { describe, expect, it } from 'vitest'
import { parse, parseAllDocuments } from 'yaml'
import { startReplica } from './servers.ts'
import { runCli } from './run-cli.ts'

/** The recipes for more than one machine, checked against what their engines take and against the command line. */
const folder = join(import.meta.dirname, '../../examples/deploy')
const text = (name: string): string => readFileSync(join(folder, name), 'utf8')

type Manifest = Record<string, unknown> & { kind: string; metadata: { name: string }; spec: Record<string, unknown> }
const manifests = (name: string, from = text(`kubernetes/${name}`)): Manifest[] =>
  parseAllDocuments(from, { strict: true, uniqueKeys: true }).map((document) => {
    expect(document.errors).toEqual([])
    return document.toJS() as Manifest
  })

const kinds = { Deployment, HorizontalPodAutoscaler, NetworkPolicy, PodDisruptionBudget, Service }
const lint = (manifest: Manifest): void => new kinds[manifest.kind as keyof typeof kinds](manifest as never).validate()

const serve = manifests('serve.yaml')
const named = (kind: string, name: string, all = serve): Manifest =>
  all.find((one) => one.kind === kind && one.metadata.name === name) as Manifest

interface Container {
  readonly args: string[]
  readonly ports: { name: string; containerPort: number }[]
  readonly [probe: string]: unknown
}
const containerOf = (deployment: Manifest): Container => {
  const { template } = deployment.spec as { template: { spec: { containers: Container[] } } }
  return template.spec.containers[0] as Container
}

describe('the manifests for Kubernetes', () => {
  it.each(readdirSync(join(folder, 'kubernetes')).filter((name) => name !== 'prometheus-adapter.yaml'))(
    '%s is valid by the schema of Kubernetes',
    (name) => {
      const all = manifests(name)
      expect(all.length).toBeGreaterThan(0)
      for (const manifest of all) expect(() => lint(manifest), manifest.kind).not.toThrow()
    },
  )

  it.each([
    ['maxUnavailable: 0, maxSurge: 1', 'maxUnavailable: [0]'],
    ["averageValue: '100'", 'averageValue: {}'],
    ['containerPort: 8080', "containerPort: 'http'"],
    ['minReplicas: 2', 'minReplicas: two'],
    ['selector: { app: secondpass }', 'selector: secondpass'],
  ])('would not be with %j made %j', (right, wrong) => {
    expect(text('kubernetes/serve.yaml')).toContain(right)
    const all = manifests('', text('kubernetes/serve.yaml').replace(right, wrong))
    expect(() => all.forEach(lint)).toThrow()
  })

  it('fit each other: who is selected, scaled, guarded and asked', () => {
    const { args, ports, startupProbe, readinessProbe, livenessProbe } = containerOf(named('Deployment', 'secondpass'))
    expect(named('HorizontalPodAutoscaler', 'secondpass').spec['scaleTargetRef']).toMatchObject({ name: 'secondpass' })
    for (const kind of ['Service', 'PodDisruptionBudget']) {
      expect(JSON.stringify(named(kind, 'secondpass').spec['selector'])).toContain('"app":"secondpass"')
    }
    expect(ports).toEqual([{ name: 'http', containerPort: 8080 }])
    expect(args).toContain('--port=8080')
    expect(args).toContain(`--cache=redis://${named('Service', 'secondpass-cache').metadata.name}:6379`)
    const paths = [startupProbe, readinessProbe, livenessProbe].map((probe) => (probe as { httpGet: object }).httpGet)
    expect(paths).toEqual(['/ready', '/ready', '/health'].map((path) => ({ path, port: 'http' })))
  })

  it('scale by a metric that the server has and the adapter reads', () => {
    const [metric] = named('HorizontalPodAutoscaler', 'secondpass').spec['metrics'] as {
      pods: { metric: { name: string } }
    }[]
    const rules = parse(text('kubernetes/prometheus-adapter.yaml')) as { rules: { custom: { name: { as: string } }[] } }
    expect(rules.rules.custom[0]?.name.as).toBe(metric?.pods.metric.name)
  })

  it('give the pod more time to end than it takes', () => {
    const { template } = named('Deployment', 'secondpass').spec as {
      template: { spec: { terminationGracePeriodSeconds: number } }
    }
    const { lifecycle } = containerOf(named('Deployment', 'secondpass')) as unknown as {
      lifecycle: { preStop: { sleep: { seconds: number } } }
    }
    expect(template.spec.terminationGracePeriodSeconds).toBeGreaterThan(25 + lifecycle.preStop.sleep.seconds)
  })
})

describe('the compose file', () => {
  type Replica = { command: string[]; stop_grace_period: string; environment: object }
  const { services } = parse(text('compose/compose.yaml'), { strict: true, merge: true }) as {
    services: Record<string, Replica>
  }

  it('has the servers that nginx spreads requests over', () => {
    const upstreams = [...text('compose/nginx.conf').matchAll(/^ +server ([\w-]+):(\d+) /gm)].map(([, name, port]) => [
      name,
      port,
    ])
    expect(upstreams.map(([name]) => name)).toEqual(Object.keys(services).filter((name) => name.startsWith('replica')))
    for (const [name = '', port] of upstreams) {
      const { command } = services[name] as Replica
      expect(command[command.indexOf('--port') + 1]).toBe(port)
    }
  })

  it('lets a body pass that the server takes', () => {
    expect(text('compose/nginx.conf')).toContain('client_max_body_size 11m')
    expect(text('compose/nginx.conf')).toContain('non_idempotent')
  })
})

/** Arguments of a recipe as they are, but for where this test listens, and without a Redis that is not here. */
const here = (args: readonly string[]): string[] =>
  args.filter((arg) => !/^--(?:host|port|cache)=/.test(arg) && arg !== 'serve').concat('--cache=redis://127.0.0.1:1')

it('the server starts with the arguments of the recipes, ready within the time that the probe allows', async () => {
  const replica = await startReplica(here(containerOf(named('Deployment', 'secondpass')).args))
  expect((await fetch(`${replica.url}/ready`)).status).toBe(200)
  // Without its cache it only takes longer.
  expect(replica.stderr()).toContain('the cache cannot be reached, which costs time only (ECONNREFUSED)')
  const metric = 'secondpass_queued_documents'
  expect(await (await fetch(`${replica.url}/metrics`)).text()).toContain(`\n${metric} 0\n`)
  const answer = await fetch(`${replica.url}/v1/rerank`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ query: 'new password', documents: ['Invoices.', 'Choose a new password.'] }),
  })
  expect(((await answer.json()) as { results: { index: number }[] }).results.map(({ index }) => index)).toEqual([1, 0])
  await replica.end('SIGTERM')
  expect(replica.child.exitCode).toBe(143)
})

it('the worker takes the arguments of its recipe', async () => {
  const { args } = containerOf(named('Deployment', 'secondpass-work', manifests('work.yaml')))
  const own = args.map((arg) => arg.replace('$(QUEUE_URL)', 'http://no-redis'))
  // All that is wrong is what was put in for the URL.
  expect(await runCli(own)).toMatchObject({ exitCode: 2, stderr: expect.stringContaining('--redis is') as string })
})

describe('the Dockerfile', () => {
  const lines = text('Dockerfile').split('\n')

  it('runs without root and without a shell, and starts what the command line has', () => {
    expect(lines.filter((line) => line.startsWith('USER '))).toEqual(['USER 10001:10001'])
    const [entry, command] = ['ENTRYPOINT ', 'CMD '].map((word) => {
      const line = lines.find((one) => one.startsWith(word)) ?? ''
      return JSON.parse(line.slice(word.length)) as string[]
    })
    expect(entry?.at(-1)).toMatch(/@secondpass\/cli\/dist\/bin\.js$/)
    expect(command).toEqual(['serve', '--host', '0.0.0.0', '--port', '8080'])
  })
})
