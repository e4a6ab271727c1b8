/** Everything that is measured side by side, and how each of it is started. */
import type { ChildProcess } from 'node:child_process'
import { execFileSync } from 'node:child_process'
import { existsSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { Speech } from './heard.ts'
import { upstreamNews } from './news.ts'
import { nginxConfiguration } from './nginx.ts'
import { type Core, hearNews, start, startOwn, stop } from './processes.ts'
import { untilOpen, untilReady } from './readiness.ts'
import { BENCH_KEY, tolkConfiguration } from './tolk-configuration.ts'

/** `direct` is no proxy: what a client and the upstream cost each other. */
export type VariantName = 'tolk' | 'A' | 'nginx' | 'Portkey' | 'direct'

/** A proxy that stands, and how a client speaks to it. */
export type Standing = {
  readonly name: VariantName
  readonly port: number
  readonly path: string
  readonly headers: Readonly<Record<string, string>>
  readonly speech: Speech
  readonly mayDropReasoning: boolean
  /** Null where there is no proxy. */
  readonly process: ChildProcess | null
  stop(): Promise<void>
}

export type Placing = {
  readonly upstreamPort: number
  /** For configurations and logs. */
  readonly folder: string
  readonly core?: Core
  /** Whether the process can be asked what only it knows (`inside.ts`). */
  readonly isAsked?: boolean
  /** Another tolk than the measured one. */
  readonly program?: string
  /** Further arguments of tolk. */
  readonly args?: readonly string[]
  /** Whether to wait until it serves; it is so unless the waiting is what is measured. */
  readonly waits?: boolean
}

export type Variants = {
  readonly names: readonly VariantName[]
  /** Why the others are not here. */
  readonly missing: { readonly [name in VariantName]?: string }
  start(name: VariantName, placing: Placing): Promise<Standing>
}

/**
 * @param program tolk's entry, such as `src/main.ts`.
 * @param portkey the `build/start-server.js` of @portkey-ai/gateway; looked for where it is not said.
 */
export const findVariants = (program: string, portkey = resolvedPortkey()): Variants => {
  const missing: { [name in VariantName]?: string } = {}
  if (portkey === undefined) missing.Portkey = '@portkey-ai/gateway is not installed'
  else if (!existsSync(portkey)) missing.Portkey = 'there is no such file'
  if (!hasNginx()) missing.nginx = 'nginx is not installed'
  const starters = {
    tolk: (placing: Placing) => startTolk(placing.program ?? program, placing),
    A: startPassThrough,
    nginx: startNginx,
    Portkey: (placing: Placing) => startPortkey(portkey ?? '', placing),
    direct: startNothing,
  }
  const all: readonly VariantName[] = ['tolk', 'A', 'nginx', 'Portkey', 'direct']
  return {
    names: all.filter((name) => missing[name] === undefined),
    missing,
    start: (name, placing) => starters[name](placing),
  }
}

const node = (isAsked: boolean): readonly [string, ...string[]] => [
  process.execPath,
  ...(isAsked ? ['--expose-gc', '--import', new URL('inside.ts', import.meta.url).href] : []),
]

const standing = (
  child: ChildProcess,
  rest: Pick<Standing, 'name' | 'port'> & Partial<Standing>,
): Standing => ({
  path: '/v1/chat/completions',
  headers: {},
  speech: 'openai',
  mayDropReasoning: false,
  process: child,
  stop: () => stop(child),
  ...rest,
})

const startTolk = async (program: string, placing: Placing): Promise<Standing> => {
  const { upstreamPort, folder, core = 'proxy', isAsked = false, args = [], waits = true } = placing
  const port = await freePort()
  const file = join(folder, `tolk-${port}.json5`)
  writeFileSync(file, JSON.stringify(tolkConfiguration(port, upstreamPort)))
  const child = start({
    command: [...node(isAsked), program, '--config', file, ...args],
    core,
    hasChannel: isAsked,
    output: join(folder, `tolk-${port}.log`),
  })
  if (waits) await untilReady(port, child)
  return standing(child, { name: 'tolk', port, headers: { Authorization: `Bearer ${BENCH_KEY}` } })
}

const startPassThrough = async ({
  upstreamPort,
  core = 'proxy',
  isAsked = false,
}: Placing): Promise<Standing> => {
  const script = fileURLToPath(new URL('pass-through.ts', import.meta.url))
  const child = start({
    command: [...node(isAsked), script, String(upstreamPort)],
    core,
    hasChannel: true,
  })
  const { port } = await hearNews(child, upstreamNews, 'ready', START_MS)
  return standing(child, { name: 'A', port, speech: 'native' })
}

const startNginx = async ({ upstreamPort, folder, core = 'proxy' }: Placing): Promise<Standing> => {
  const port = await freePort()
  const file = join(folder, `nginx-${port}.conf`)
  writeFileSync(file, nginxConfiguration(port, upstreamPort, folder))
  const log = join(folder, `nginx-${port}.log`)
  const child = start({
    command: ['nginx', '-p', folder, '-e', log, '-c', file],
    core,
    output: log,
  })
  await untilOpen(port, child)
  return standing(child, { name: 'nginx', port, speech: 'native' })
}

/**
 * Portkey 1.15.2 maps OpenAI's events to OpenAI's events: it asks Ollama's own `/v1` route. It leaves out the
 * reasoning and the usage of the last chunk, and needs @hono/node-server 1.13: with 1.19 it answers 500.
 */
const startPortkey = async (
  program: string,
  { upstreamPort, folder, core = 'proxy', isAsked = false }: Placing,
): Promise<Standing> => {
  const port = await freePort()
  const child = start({
    command: [...node(isAsked), program, '--headless', `--port=${port}`],
    core,
    hasChannel: isAsked,
    output: join(folder, `portkey-${port}.log`),
  })
  await untilOpen(port, child)
  return standing(child, {
    name: 'Portkey',
    port,
    headers: {
      'x-portkey-provider': 'ollama',
      'x-portkey-custom-host': `http://127.0.0.1:${upstreamPort}`,
    },
    mayDropReasoning: true,
  })
}

const startNothing = async ({ upstreamPort }: Placing): Promise<Standing> => ({
  name: 'direct',
  port: upstreamPort,
  path: '/api/chat',
  headers: {},
  speech: 'native',
  mayDropReasoning: false,
  process: null,
  stop: async () => {},
})

/** How long any process may take to serve, ms. */
const START_MS = 10_000

/** The fake Ollama of one situation. */
export type Upstream = {
  readonly port: number
  readonly pid: number
  readonly process: ChildProcess
}

export const startUpstream = async (core: Core = 'harness'): Promise<Upstream> => {
  const child = startOwn('fake-ollama.ts', core)
  const { port } = await hearNews(child, upstreamNews, 'ready', START_MS)
  return { port, pid: child.pid ?? 0, process: child }
}

const freePort = (): Promise<number> =>
  new Promise((resolve, reject) => {
    const server = createServer()
    server.on('error', reject)
    server.listen(0, '127.0.0.1', () => {
      const address = server.address()
      const port = address !== null && typeof address === 'object' ? address.port : 0
      server.close(() => resolve(port))
    })
  })

const resolvedPortkey = (): string | undefined => {
  try {
    return fileURLToPath(import.meta.resolve('@portkey-ai/gateway/build/start-server.js'))
  } catch {
    return undefined
  }
}

const hasNginx = (): boolean => {
  try {
    execFileSync('nginx', ['-v'], { stdio: 'ignore' })
    return true
  } catch {
    return false
  }
}
