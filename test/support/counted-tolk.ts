/** tolk's own program in a process of its own, every feature on, and a probe in it that counts. */
import { fork } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { z } from 'zod'
import { inTime } from './deadline.ts'
import type { Answers, Question } from './probe.ts'
import { kindsIn } from './snapshot.ts'
import type { TolkSettings } from './tolk.ts'

export type CountedTolk = {
  readonly url: string
  /** How a client asks: with its key, and in no hurry, for the machine may be busy. */
  readonly client: { readonly headers: Readonly<Record<string, string>>; readonly headMs: number }
  /** Asks the probe. */
  ask<Q extends Exclude<keyof Answers, 'arrived' | 'snapshot'>>(question: Q): Promise<Answers[Q]>
  /** Waits until so many bytes of the upstream, all told, have been read. */
  arrived(bytes: number): Promise<void>
  /** How many of each kind of object are reachable. */
  objects(): Promise<ReadonlyMap<string, number>>
  /** What it logged so far, its start line included. */
  printed(): string
  close(): Promise<void>
}

/** @param nodeFlags beside the one that lets garbage be collected when asked. */
export const startCountedTolk = async (
  upstreamUrl: string,
  { upstream = {}, server = {}, ...settings }: TolkSettings = {},
  nodeFlags: readonly string[] = [],
): Promise<CountedTolk> => {
  const folder = mkdtempSync(join(tmpdir(), 'tolk-counted-'))
  const config = join(folder, 'tolk.json')
  const file = {
    server: { port: 0, ...server },
    upstreams: { ollama: { baseUrl: upstreamUrl, ...upstream } },
    auth: { keys: [{ name: 'counted', key: KEY, requestsPerMinute: 1_000_000 }] },
    // All clients of a test show one key.
    limits: { perKeyInFlight: 0 },
    log: { level: 'info' },
    // Asks about models come when a test does not count.
    catalog: { refreshMs: 3_600_000 },
    shutdown: { drainMs: 0 },
    ...settings,
  }
  writeFileSync(config, JSON.stringify(file))
  const child = fork(fileOf('../../src/main.ts'), ['--config', config], {
    execArgv: ['--expose-gc', ...nodeFlags, '--import', fileOf('probe.ts')],
    env: { PATH: process.env['PATH'] },
    cwd: folder,
    silent: true,
  })
  let printed = ''
  let isStarted = false
  const ended = once(child, 'exit')
  const { promise: url, resolve } = Promise.withResolvers<string>()
  child.stderr?.setEncoding('utf8').on('data', (text: string) => (printed += text))
  child.stdout?.setEncoding('utf8').on('data', (text: string) => {
    printed += text
    if (isStarted) return
    const started = /listens on (\S+) → Ollama .*: 1 model/.exec(printed)
    if (started?.[1] === undefined) return
    isStarted = true
    resolve(started[1])
  })

  let asked = 0
  const open = new Map<number, (answer: unknown) => void>()
  child.on('message', (message) => {
    const { id, answer } = reply.parse(message)
    open.get(id)?.(answer)
    open.delete(id)
  })
  const ask = async <Q extends keyof Answers>(question: Q, detail = ''): Promise<Answers[Q]> => {
    const { promise, resolve: answered } = Promise.withResolvers<unknown>()
    const id = asked++
    open.set(id, answered)
    const sent: Question = { id, ask: question, detail }
    child.send(sent)
    return ANSWERS[question].parse(await inTime(`the probe's ${question}`, promise, LATE_MS))
  }

  const close = async (): Promise<void> => {
    if (child.exitCode === null) child.kill('SIGTERM')
    await inTime('the end of tolk', ended).catch(() => child.kill('SIGKILL'))
    rmSync(folder, { recursive: true })
  }
  try {
    const early = ended.then(() => {
      throw new Error(`tolk did not start: ${printed}`)
    })
    return {
      url: await inTime('the start of tolk', Promise.race([url, early]), LATE_MS),
      client: { headers: { authorization: `Bearer ${KEY}` }, headMs: LATE_MS },
      ask: (question) => ask(question),
      arrived: async (bytes) => void (await ask('arrived', String(bytes))),
      objects: async () => {
        const path = await ask('snapshot', join(folder, 'all.heapsnapshot'))
        return kindsIn(readFileSync(path, 'utf8'))
      },
      printed: () => printed,
      close,
    }
  } catch (error) {
    await close()
    throw error
  }
}

const KEY = 'sk-counted'

/** When also a machine that is busy has had time enough. */
export const LATE_MS = 15_000

const fileOf = (path: string): string => fileURLToPath(new URL(path, import.meta.url))

const reply = z.object({ id: z.number(), answer: z.unknown() })

const ANSWERS: { readonly [Q in keyof Answers]: z.ZodType<Answers[Q]> } = {
  counts: z.object({
    upstreamReads: z.number(),
    upstreamBytes: z.number(),
    upstreamWrites: z.number(),
    clientWrites: z.number(),
    logWrites: z.number(),
  }),
  held: z.array(z.object({ side: z.enum(['client', 'upstream']), bytes: z.number() })),
  reachable: z.number(),
  old: z.number(),
  used: z.number(),
  blocks: z.number(),
  begun: z.record(z.string(), z.number()),
  timers: z.number(),
  arrived: z.number(),
  snapshot: z.string(),
}
