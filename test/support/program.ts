/** Runs tolk as a process of its own, as an operator does. */
import { spawn, type ChildProcessByStdio } from 'node:child_process'
import { once } from 'node:events'
import { tmpdir } from 'node:os'
import type { Readable } from 'node:stream'
import { fileURLToPath } from 'node:url'

/** tolk's own source. */
export const MAIN = fileURLToPath(new URL('../../src/main.ts', import.meta.url))

export type Program = {
  readonly process: ChildProcessByStdio<null, Readable, Readable>
  /** What it printed so far. */
  stdout(): string
  stderr(): string
  /** Waits until its standard output matches. @throws when it ends or the deadline passes first. */
  says(pattern: RegExp): Promise<RegExpExecArray>
  /** Its exit code and signal, once it has ended. */
  readonly ended: Promise<{ code: number | null; signal: NodeJS.Signals | null }>
  /** Sends a signal to it and to what it started, as a terminal does. */
  signal(signal: NodeJS.Signals): void
  /** Ends them all if they have not ended by themselves. */
  kill(): void
}

export type ProgramOptions = {
  readonly args?: readonly string[]
  readonly env?: Readonly<Record<string, string>>
  readonly cwd?: string
  /** What is run; tolk's own source unless said. */
  readonly command?: readonly [string, ...string[]]
  readonly deadlineMs?: number
}

/** Its environment is only what is said here, and the path to programs. */
export const runProgram = ({
  args = [],
  env = {},
  cwd = tmpdir(),
  command = [process.execPath, MAIN],
  deadlineMs = 15_000,
}: ProgramOptions = {}): Program => {
  const [file, ...first] = command
  const child = spawn(file, [...first, ...args], {
    cwd,
    env: { PATH: process.env['PATH'], HOME: process.env['HOME'], NO_COLOR: '1', ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
    // A process group of its own, so that nothing it starts outlives the test.
    detached: true,
  })
  let stdout = ''
  let stderr = ''
  child.stdout.setEncoding('utf8').on('data', (text: string) => (stdout += text))
  child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text))
  const send = (signal: NodeJS.Signals): void => {
    if (child.pid === undefined) return
    try {
      process.kill(-child.pid, signal)
    } catch (error) {
      // The whole group has ended already.
      if (!(error instanceof Error && 'code' in error && error.code === 'ESRCH')) throw error
    }
  }
  const deadline = setTimeout(() => send('SIGKILL'), deadlineMs)
  const ended = (async () => {
    const [code, signal]: (number | NodeJS.Signals | null)[] = await once(child, 'close')
    clearTimeout(deadline)
    return {
      code: typeof code === 'number' ? code : null,
      signal: typeof signal === 'string' ? signal : null,
    }
  })()
  const says = (pattern: RegExp): Promise<RegExpExecArray> =>
    new Promise((resolve, reject) => {
      const look = (): void => {
        const match = pattern.exec(stdout)
        if (match !== null) resolve(match)
      }
      child.stdout.on('data', look)
      void ended.then(() =>
        reject(new Error(`ended without saying ${pattern}: ${stdout}${stderr}`)),
      )
      look()
    })
  return {
    process: child,
    stdout: () => stdout,
    stderr: () => stderr,
    says,
    ended,
    signal: send,
    kill: () => send('SIGKILL'),
  }
}
