/** A name's addresses: one question at a time, not asked again within a second, the last answer kept for when there is none. */
import dns, { type LookupAddress } from 'node:dns'
import type { LookupFunction } from 'node:net'
import { now } from '../ticker.ts'
import { socketError } from './accident.ts'

/** Asks the machine's resolver for all addresses of a name. */
export type Resolve = (host: string, done: Resolved) => void

type Resolved = (error: Error | null, found: readonly LookupAddress[]) => void

/** How long an answer is not asked for again, ms: an upstream that moved is found this soon. */
const FRESH_MS = 1000
/** How long the last answer stands in for one that cannot be had, ms. */
const KEPT_MS = 300_000
/** How long an answer is waited for, ms: where the last one can stand in for it, and where there is none. */
const PATIENCE_MS = { known: 1000, unknown: 5000 }

/**
 * For the sockets to one host. The machine's resolver holds one of the four threads that files and
 * hashes need too until it gives up, half a minute later: however many connections wait for a name, one
 * thread does (reliability R-20).
 */
export const createLookup = (resolve: Resolve = system): LookupFunction => {
  let known: { readonly found: readonly LookupAddress[]; readonly at: number } | null = null
  let waiting: Resolved[] = []
  let timer: NodeJS.Timeout | undefined
  /** Whether the resolver has been asked, and whether it has been waited for long enough. */
  let state: 'idle' | 'asking' | 'late' = 'idle'

  const settle = (error: Error | null): void => {
    clearTimeout(timer)
    const told = waiting
    waiting = []
    const isKept = known !== null && now() - known.at < KEPT_MS
    const found = known === null || (error !== null && !isKept) ? [] : known.found
    for (const done of told) done(found.length > 0 ? null : (error ?? NOT_FOUND()), found)
  }

  const ask = (host: string): void => {
    state = 'asking'
    timer = setTimeout(
      () => {
        state = 'late'
        settle(TRY_AGAIN())
      },
      known === null ? PATIENCE_MS.unknown : PATIENCE_MS.known,
    ).unref()
    resolve(host, (error, found) => {
      state = 'idle'
      if (error === null && found.length > 0) known = { found, at: now() }
      settle(error)
    })
  }

  return (host, { all }, done) => {
    waiting.push((error, found) => {
      const [first] = found
      if (error !== null || first === undefined) done(error, '')
      else if (all === true) done(null, [...found])
      else done(null, first.address, first.family)
    })
    if (known !== null && now() - known.at < FRESH_MS) return process.nextTick(settle, null)
    if (state === 'late') return process.nextTick(settle, TRY_AGAIN())
    if (state === 'idle') ask(host)
  }
}

/** Taken from the module at each call, as `net` itself does. */
const system: Resolve = (host, done) => dns.lookup(host, { all: true }, done)

const NOT_FOUND = (): Error => socketError('ENOTFOUND', 'the name has no address')
const TRY_AGAIN = (): Error => socketError('EAI_AGAIN', 'the resolver does not answer')
