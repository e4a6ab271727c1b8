/** A spec → what the upstream does on its socket, step by step. */
import { isCutShort } from './faults.ts'
import { seeded, type Random } from './random.ts'
import { saidIn, type Spec } from './spec.ts'
import { lastLine, lineFor } from './words.ts'

export type Step =
  /** Octets, in a write of their own. */
  | { readonly write: string }
  /** 0 is a turn of the event loop. */
  | { readonly waitMs: number }
  /**
   * The last: a FIN, an RST, nothing more though the connection stays open, or a FIN in a moment, which
   * may cross the next request.
   */
  | { readonly end: 'fin' | 'reset' | 'hold' | 'fin-soon' }

/** How long a head is late that is only late, ms. */
const DELAY_MS = 700
/** Between two octets that drip, ms. */
const DRIP_MS = 250
/** How much is gathered before it is cut anywhere, octets. */
const LOT = 8192

/**
 * Without a last step the connection is kept for the next request.
 *
 * @param nowUs the moment, in microseconds of the monotonic clock.
 */
export function* stepsOf(spec: Spec, nowUs: () => number): Generator<Step, void> {
  if (spec.firstMs > 0) yield { waitMs: spec.firstMs }
  const first = FIRST[spec.fault]
  if (first !== undefined) return yield* first
  if (spec.fault === 'delayed-head') yield { waitMs: DELAY_MS }
  yield { write: HEAD }
  yield* spoken(spec, seeded(spec.seed), nowUs)
  yield* isCutShort(spec.fault) ? cut(spec, nowUs()) : ended(spec, nowUs())
}

/** An answer with a length, whatever its status. */
const whole = (first: string, body: string, ...fields: readonly string[]): string =>
  [`HTTP/1.1 ${first}`, `Content-Length: ${body.length}`, ...fields, '', body].join('\r\n')

const HEAD =
  'HTTP/1.1 200 OK\r\nContent-Type: application/x-ndjson\r\nTransfer-Encoding: chunked\r\n\r\n'

/** What takes the place of a head. */
const FIRST: Readonly<Partial<Record<Spec['fault'], readonly Step[]>>> = {
  'reset-before-head': [{ end: 'reset' }],
  'fin-before-head': [{ end: 'fin' }],
  'stall-before-head': [{ end: 'hold' }],
  'status-500': [{ write: whole('500 Internal Server Error', '{"error":"no more tears"}') }],
  'status-503': [
    { write: whole('503 Service Unavailable', '{"error":"server busy"}', 'Retry-After: 7') },
  ],
  'web-page': [
    { write: whole('200 OK', '<html>Please sign in.</html>', 'Content-Type: text/html') },
  ],
  compressed: [{ write: whole('200 OK', '\u001F\u008B\u0008', 'Content-Encoding: gzip') }],
}

const chunk = (octets: string): string => `${octets.length.toString(16)}\r\n${octets}\r\n`

const LAST_CHUNK = '0\r\n\r\n'

/** All deltas that are said whole, chunked and written as the spec has it. */
function* spoken(spec: Spec, random: Random, nowUs: () => number): Generator<Step, void> {
  const perLot = spec.chunking === 'batch' ? 16 : 1
  let lot = ''
  for (let at = 0; at < saidIn(spec); at++) {
    lot += lineFor(spec, at, nowUs())
    const isLast = at === saidIn(spec) - 1
    const isFull = spec.chunking === 'cut' ? lot.length >= LOT : (at + 1) % perLot === 0
    if (!isFull && !isLast) continue
    yield* written(spec, lot, random)
    lot = ''
    if (spec.paceMs > 0) yield { waitMs: spec.paceMs }
  }
}

function* written({ chunking }: Spec, lot: string, random: Random): Generator<Step, void> {
  switch (chunking) {
    case 'line':
    case 'batch':
      return yield { write: chunk(lot) }
    case 'octets':
      return yield* apart(chunk(lot))
    case 'cut':
      for (let from = 0; from < lot.length;) {
        const length = random.between(1, random.chance(0.2) ? 9 : 900)
        yield* severed(chunk(lot.slice(from, from + length)), random)
        from += length
      }
  }
}

/** A chunk that may itself come in two writes, now and then read apart. */
function* severed(text: string, random: Random): Generator<Step, void> {
  const at = random.between(1, text.length)
  yield { write: text.slice(0, at) }
  if (random.chance(0.1)) yield { waitMs: 0 }
  if (at < text.length) yield { write: text.slice(at) }
}

function* apart(text: string): Generator<Step, void> {
  for (const [at, octet] of text.split('').entries()) {
    // Not behind the last: what is said is over, and the next request may come at once.
    if (at > 0) yield { waitMs: 0 }
    yield { write: octet }
  }
}

/** What comes after the deltas of an answer that is whole. */
function* ended(spec: Spec, us: number): Generator<Step, void> {
  const done = lastLine(spec)
  const last = LAST[spec.fault]
  if (last !== undefined) return yield* last(done, lineFor(spec, spec.deltas, us))
  const text = chunk(done) + LAST_CHUNK
  if (spec.chunking === 'octets') return yield* apart(text)
  yield { write: text }
}

type Ending = (line: string, next: string) => readonly Step[]

/** Ends that are not plain. `line` is the last one, and `next` would come behind it. */
const LAST: Readonly<Partial<Record<Spec['fault'], Ending>>> = {
  'said-after-done': (line, next) => [{ write: chunk(line) + chunk(next) + LAST_CHUNK }],
  'done-twice': (line) => [{ write: chunk(line + line) + LAST_CHUNK }],
  'done-then-open': (line) => [{ write: chunk(line) }, { end: 'hold' }],
  'done-then-fin': (line) => [{ write: chunk(line) + LAST_CHUNK }, { end: 'fin-soon' }],
}

/** What comes after the deltas of an answer that is cut short. */
function* cut(spec: Spec, us: number): Generator<Step, void> {
  const next = lineFor(spec, spec.at, us)
  const half = next.slice(0, Math.ceil(next.length / 2))
  yield* CUTS[spec.fault]?.(next, chunk(half)) ?? [{ end: 'hold' }]
}

/** Cuts by fault; `line` would come next, and `half` of it makes a chunk. Without one it is silence. */
const CUTS: Readonly<Partial<Record<Spec['fault'], Ending>>> = {
  'reset-mid-line': (_, half) => [{ write: half }, { end: 'reset' }],
  'reset-after-line': () => [{ end: 'reset' }],
  'fin-mid-line': (_, half) => [{ write: half }, { end: 'fin' }],
  'fin-after-line': () => [{ end: 'fin' }],
  'end-mid-line': (_, half) => [{ write: half + LAST_CHUNK }],
  'end-without-done': () => [{ write: LAST_CHUNK }],
  'error-line': (line) => [{ write: chunk(CRASHED + line) + LAST_CHUNK }],
  'garbage-line': (line) => [{ write: chunk(`{"message":{"content":}\n${line}`) + LAST_CHUNK }],
  'wrong-line': (line) => [{ write: chunk(`{"message":[],"done":5}\n${line}`) + LAST_CHUNK }],
  'bad-chunk': () => [{ write: 'zz\r\nno chunk\r\n' }, { end: 'hold' }],
  drip: (line) => [
    ...line
      .slice(0, -1)
      .split('')
      .flatMap((octet) => [{ write: chunk(octet) }, { waitMs: DRIP_MS }]),
    { end: 'hold' },
  ],
}

const CRASHED = '{"error":"an error was encountered while running the model"}\n'
