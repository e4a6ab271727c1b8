/** The soak's processes: started, listened to, and none of them left behind. */
import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { closeSync, openSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { inTime } from '../support/deadline.ts'

const living = new Set<ChildProcess>()

/** When also a machine that is busy has had time enough, ms. */
export const LATE_MS = 30_000

/** A program with a channel to us; what it prints goes to a file, or nowhere. */
export const startProcess = (
  command: readonly string[],
  { output, cwd }: { readonly output?: string; readonly cwd?: string } = {},
): ChildProcess => {
  const [file = '', ...args] = command
  const fd = output === undefined ? ('ignore' as const) : openSync(output, 'a')
  const child = spawn(file, args, {
    cwd,
    env: { PATH: process.env['PATH'], NO_COLOR: '1' },
    stdio: ['ignore', fd, fd, 'ipc'],
  })
  if (typeof fd === 'number') closeSync(fd)
  living.add(child)
  const forget = (): void => void living.delete(child)
  child.once('exit', forget).on('error', forget)
  return child
}

export const hasEnded = ({ exitCode, signalCode, pid }: ChildProcess): boolean =>
  exitCode !== null || signalCode !== null || pid === undefined

/** Sends a signal, and waits until the process has ended. @returns its exit code, null where a signal ended it. */
export const endProcess = async (
  child: ChildProcess,
  signal: NodeJS.Signals,
  ms = LATE_MS,
): Promise<number | null> => {
  if (!hasEnded(child)) {
    const gone = once(child, 'exit')
    child.kill(signal)
    await inTime('the end of a process', gone, ms).catch(() => child.kill('SIGKILL'))
  }
  return child.exitCode
}

/** However the soak ends, Ctrl-C among the ways, what it started ends with it. */
export const leaveNothingBehind = (): void => {
  process.on('exit', () => {
    for (const child of living) child.kill('SIGKILL')
  })
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
    process.on(signal, () => process.exit(130))
  }
}

/** A path beside this file. */
export const fileOf = (path: string): string => fileURLToPath(new URL(path, import.meta.url))
