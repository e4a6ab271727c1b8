/** A network of their own for a second soak, in which the kernel holds packets back and loses some. */
import { execFileSync } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { inTime } from '../support/deadline.ts'
import type { Soak, Verdict } from './phase.ts'
import { endProcess, fileOf, hasEnded, LATE_MS, startProcess } from './processes.ts'

/** On the way between any two of them: late by 200 ms give or take 50, and two of a hundred lost. */
const NETWORK =
  'ip link set lo up && tc qdisc add dev lo root netem delay 200ms 50ms distribution normal loss 2%'
const OWN_NETWORK = ['unshare', '--map-root-user', '--net', 'sh', '-c']
/** A soak that is shorter has seen next to nothing, s. */
const LEAST_SECONDS = 60

/** @param seconds how long the second soak is to take, about. */
export const roughNetwork = async (soak: Soak, seconds: number): Promise<Verdict> => {
  const verdict = { id: 'L12', what: 'packets late and lost' } as const
  const missing = seconds < LEAST_SECONDS ? 'a longer soak has the time' : missingHere()
  if (missing !== null) return { ...verdict, outcome: 'not here', figures: missing }
  const output = join(soak.folder, 'rough-network')
  const flags = ['--rough', '--only', 'L3', '--program', soak.program]
  const numbers = ['--seconds', String(Math.round(seconds)), '--seed', String(soak.seed)]
  const child = startProcess(
    [
      ...OWN_NETWORK,
      `${NETWORK} && exec "$@"`,
      'sh',
      process.execPath,
      fileOf('soak.ts'),
      ...flags,
      ...numbers,
    ],
    { output },
  )
  try {
    if (!hasEnded(child)) await inTime('a soak', once(child, 'exit'), seconds * 2000 + LATE_MS)
  } finally {
    await endProcess(child, 'SIGKILL')
  }
  const said = readFileSync(output, 'utf8')
  soak.tally.expect('broken', `a soak in a rough network: ${said}`, child.exitCode, 0)
  const [figures = ''] = /\d+ streams and .*/.exec(said) ?? []
  return { ...verdict, outcome: 'pass', figures }
}

/** Why there can be no such network; null where there can. */
const missingHere = (): string | null => {
  const [file = '', ...args] = OWN_NETWORK
  try {
    execFileSync(file, [...args, NETWORK], { stdio: ['ignore', 'ignore', 'pipe'] })
    return null
  } catch (error) {
    const said = error instanceof Error && 'stderr' in error ? String(error.stderr).trim() : ''
    return `no network of one's own that loses packets: ${said === '' ? 'no unshare, ip or tc' : said}`
  }
}
