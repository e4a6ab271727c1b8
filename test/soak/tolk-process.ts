/** tolk as a process of its own, everything on: its log in a file, its metrics on a port, a probe inside. */
import { once } from 'node:events'
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { inTime } from '../support/deadline.ts'
import { ask } from '../support/raw-client.ts'
import { readMetrics, type Figure } from '../support/read-metrics.ts'
import { LogTail } from './log-tail.ts'
import { inside, type Depth, type Inside } from './inside.ts'
import { endProcess, fileOf, hasEnded, LATE_MS, startProcess } from './processes.ts'
import { MODEL } from './spec.ts'

export type TolkProcess = {
  readonly pid: number
  readonly port: number
  /** How a client asks. */
  readonly headers: Readonly<Record<string, string>>
  inside(depth: Depth): Promise<Inside>
  metrics(): Promise<readonly Figure[]>
  readonly log: LogTail
  isAlive(): boolean
  signal(signal: NodeJS.Signals): void
  /** Waits for its end. @returns its exit code. */
  ended(ms?: number): Promise<number | null>
  stop(): Promise<void>
}

export type TolkOptions = {
  /** Its entry. */
  readonly program: string
  readonly upstreamUrl: string
  /** Where its files go; its own. */
  readonly folder: string
  readonly server?: object
  readonly upstream?: object
  readonly downstream?: object
  readonly shutdown?: object
  readonly limits?: object
  readonly queue?: object
  /** What is written before the command, such as `prlimit`. */
  readonly wrapper?: readonly string[]
  readonly nodeFlags?: readonly string[]
}

export const startTolkProcess = async (options: TolkOptions): Promise<TolkProcess> => {
  const { program, folder, wrapper = [], nodeFlags = [] } = options
  mkdirSync(folder, { recursive: true })
  const config = join(folder, 'tolk.json')
  const output = join(folder, 'tolk.log')
  writeFileSync(config, JSON.stringify(settingsFor(options)))
  const child = startProcess(
    [
      ...wrapper,
      process.execPath,
      '--expose-gc',
      // What the probe counts objects with is one.
      '--disable-warning=ExperimentalWarning',
      ...nodeFlags,
      '--import',
      fileOf('probe.ts'),
      program,
      '--config',
      config,
    ],
    { output, cwd: folder },
  )
  const text = (): string => readFileSync(output, 'utf8')
  const says = async (pattern: RegExp): Promise<string> => {
    const started = performance.now()
    for (;;) {
      const found = pattern.exec(text())?.[1]
      if (found !== undefined) return found
      if (hasEnded(child)) throw new Error(`tolk did not start: ${text()}`)
      if (performance.now() - started > LATE_MS) throw new Error(`tolk does not say ${pattern}`)
      await new Promise((resolve) => setTimeout(resolve, 10))
    }
  }
  const port = Number(await says(/listens on http:\/\/127\.0\.0\.1:(\d+)/))
  const metricsUrl = await says(/"url":"(http:[^"]+)\/metrics"/)
  return {
    pid: child.pid ?? 0,
    port,
    headers: { authorization: `Bearer ${KEY}` },
    inside: async (depth) => {
      const answered = once(child, 'message')
      child.send(depth)
      const [message]: unknown[] = await inTime("tolk's probe", answered, LATE_MS)
      return inside.parse(message)
    },
    metrics: async () => readMetrics((await ask(metricsUrl, { path: '/metrics' })).body),
    log: new LogTail(output),
    isAlive: () => !hasEnded(child),
    signal: (signal) => void child.kill(signal),
    ended: async (ms = LATE_MS) => {
      if (!hasEnded(child)) await inTime("tolk's end", once(child, 'exit'), ms)
      return child.exitCode
    },
    stop: async () => void (await endProcess(child, 'SIGTERM')),
  }
}

const KEY = 'sk-soak-0123456789abcdef0123456789abcdef'

/** Deadlines are short, so that what only they can end does end; each is still seconds. */
export const PATIENCE = {
  firstByteTimeoutMs: 5000,
  idleTimeoutMs: 4000,
  writeStallMs: 2000,
} as const

const settingsFor = ({
  upstreamUrl,
  server = {},
  upstream = {},
  downstream = {},
  shutdown = {},
  limits = {},
  queue = {},
}: TolkOptions): object => ({
  server: { port: 0, ...server },
  upstreams: {
    ollama: {
      baseUrl: upstreamUrl,
      models: [{ id: MODEL, reasoning: true }],
      firstByteTimeoutMs: PATIENCE.firstByteTimeoutMs,
      idleTimeoutMs: PATIENCE.idleTimeoutMs,
      keepAliveTimeoutMs: 1000,
      ...upstream,
    },
  },
  auth: { keys: [{ name: 'soak', key: KEY, requestsPerMinute: 100_000_000 }] },
  // One key asks for all, and every request has its line.
  limits: { perKeyInFlight: 0, ...limits },
  queue,
  downstream: {
    commitAfterMs: 500,
    heartbeatMs: 500,
    writeStallMs: PATIENCE.writeStallMs,
    ...downstream,
  },
  shutdown: { drainMs: 0, ...shutdown },
  metrics: { port: 0 },
  log: { level: 'info', maxAlike: 0 },
})
