/** The bench's processes: started, pinned to a core, listened to, and none of them left behind. */
import { type ChildProcess, execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { closeSync, openSync } from 'node:fs'
import { availableParallelism } from 'node:os'
import { fileURLToPath } from 'node:url'
import type { z } from 'zod'

/** The measured proxy has the first core for itself; who asks it and who answers it share the second. */
export type Core = 'proxy' | 'harness' | 'any'

export type Command = {
  readonly command: readonly [string, ...string[]]
  readonly core: Core
  readonly env?: Readonly<Record<string, string>>
  /** Whether it has a channel to us. */
  readonly hasChannel?: boolean
  /** A file for what it prints; without one it is dropped. */
  readonly output?: string
}

const works = (command: string, ...args: readonly string[]): boolean => {
  try {
    execFileSync(command, args, { stdio: 'ignore' })
    return true
  } catch {
    return false
  }
}

/** Whether processes can be held to a core of their own here. */
export const canPin = availableParallelism() > 1 && works('taskset', '--version')

const CORES = { proxy: '0', harness: '1' } as const

const living = new Set<ChildProcess>()

/** Its environment is only what is said here, and the path to programs. */
export const start = ({
  command,
  core,
  env = {},
  hasChannel = false,
  output,
}: Command): ChildProcess => {
  const [file, ...args] =
    canPin && core !== 'any' ? ['taskset', '-c', CORES[core], ...command] : command
  const fd = output === undefined ? ('ignore' as const) : openSync(output, 'a')
  const child = spawn(file ?? '', args, {
    env: {
      PATH: process.env['PATH'],
      HOME: process.env['HOME'],
      NODE_ENV: 'production',
      NO_COLOR: '1',
      ...env,
    },
    stdio: hasChannel ? ['ignore', fd, fd, 'ipc'] : ['ignore', fd, fd],
  })
  if (typeof fd === 'number') closeSync(fd)
  living.add(child)
  child.on('exit', () => living.delete(child))
  child.on('error', () => living.delete(child))
  return child
}

/** A script of this folder, run by the Node that runs the bench. */
export const startOwn = (script: string, core: Core, args: readonly string[] = []): ChildProcess =>
  start({
    command: [process.execPath, fileURLToPath(new URL(script, import.meta.url)), ...args],
    core,
    hasChannel: true,
  })

/** Ends it: politely, and after a second not. */
export const stop = async (child: ChildProcess): Promise<void> => {
  if (child.exitCode !== null || child.signalCode !== null || !living.has(child)) return
  const gone = once(child, 'exit')
  child.kill('SIGTERM')
  const impatience = setTimeout(() => child.kill('SIGKILL'), 1000)
  await gone
  clearTimeout(impatience)
}

/** However the bench ends, Ctrl-C among the ways, what it started ends with it. */
export const leaveNothingBehind = (): void => {
  process.on('exit', () => {
    for (const child of living) child.kill('SIGKILL')
  })
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
    process.on(signal, () => process.exit(130))
  }
}

/** What a process has to say next that `wanted` knows. @throws when it ends, or says nothing in time. */
export const hear = <T>(
  child: ChildProcess,
  what: string,
  wanted: (message: unknown) => T | undefined,
  ms: number,
): Promise<T> =>
  new Promise((resolve, reject) => {
    const done = (settle: () => void): void => {
      clearTimeout(late)
      child.off('message', onMessage)
      child.off('exit', onExit)
      settle()
    }
    const late = setTimeout(
      () => done(() => reject(new Error(`waited ${ms} ms in vain for ${what}`))),
      ms,
    )
    const onExit = (): void => done(() => reject(new Error(`it ended instead of ${what}`)))
    const onMessage = (message: unknown): void => {
      const found = wanted(message)
      if (found !== undefined) done(() => resolve(found))
    }
    child.on('message', onMessage)
    child.once('exit', onExit)
  })

/** Waits for one kind of news. */
export const hearNews = <T extends { readonly news: string }, K extends T['news']>(
  child: ChildProcess,
  schema: z.ZodType<T>,
  kind: K,
  ms: number,
): Promise<Extract<T, { news: K }>> =>
  hear(
    child,
    `"${kind}"`,
    (message) => {
      const news = schema.parse(message)
      return isKind(news, kind) ? news : undefined
    },
    ms,
  )

const isKind = <T extends { readonly news: string }, K extends T['news']>(
  news: T,
  kind: K,
): news is Extract<T, { news: K }> => news.news === kind
