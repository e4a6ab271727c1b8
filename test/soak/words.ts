/** The words of an answer: each delta is known by its number, so that one that is lost, doubled or altered is seen. */
import { createHash } from 'node:crypto'
import { seedOf } from './random.ts'
import { saidIn, type Spec } from './spec.ts'

/** What text is made of: every width of UTF-8, every escape of JSON, and what would end an SSE stream. */
const PIECES: readonly string[] = [
  'plain words ',
  'a',
  'Käse, naïveté, ŵ ',
  '東京は夜 ',
  '🦉 🇩🇪 👩‍🔬 ',
  '"quoted" \\ and / ',
  'one\nline\r\nmore\n\n',
  'data: [DONE]\n\n',
  'event: error\ndata: {"error":1}\n\n',
  '\u2028\u2029\uFEFF',
  '\u0000\u001B[31m\b\f\t',
  '</script><!-- ',
  '{"done":true}\n',
  'x'.repeat(300),
].map((piece) => Buffer.from(piece).toString('latin1'))

const ESCAPED = PIECES.map((piece) => JSON.stringify(piece).slice(1, -1))

const pieceOf = ({ seed }: Spec, at: number): number => seedOf(seed, at) % PIECES.length

const padded = ({ padding }: Spec): string => (padding === 0 ? '' : '.'.repeat(padding))

/** One delta's text as the client gets it, in octets of UTF-8; without its moment, where it carries one. */
export const deltaText = (spec: Spec, at: number): string =>
  `[${at}]${PIECES[pieceOf(spec, at)] ?? ''}${padded(spec)}`

/** The number that a delta carries; NaN where it carries none. */
export const numberIn = (text: string): number => Number(/^\[(\d+)\]/.exec(text)?.[1] ?? Number.NaN)

/** The upstream's line for it, in octets, its newline included. @param us the moment, where it carries one. */
export const lineFor = (spec: Spec, at: number, us: number): string => {
  const moment = spec.isStamped ? `@${us}@` : ''
  const said = `[${at}]${moment}${ESCAPED[pieceOf(spec, at)] ?? ''}${padded(spec)}`
  return at < spec.thinking
    ? `${BEFORE}"content":"","thinking":"${said}"},"done":false}\n`
    : `${BEFORE}"content":"${said}"},"done":false}\n`
}

const BEFORE =
  '{"model":"soak","created_at":"2026-11-21T10:00:00.000000001Z","message":{"role":"assistant",'

/** The last line. */
export const lastLine = ({ deltas }: Spec): string =>
  `${BEFORE}"content":""},"done":true,"done_reason":"stop","prompt_eval_count":3,"eval_count":${deltas}}\n`

/** A delta's text without its moment, and that moment in microseconds of the monotonic clock. */
export const withoutMoment = (text: string): { readonly text: string; readonly us: number } => {
  const found = /^\[\d+\](@(\d+)@)/.exec(text)
  if (found === null) return { text, us: Number.NaN }
  return { text: text.replace(found[1] ?? '', ''), us: Number(found[2]) }
}

/** SHA-256 of all that the upstream says whole, in hexadecimal: what a client's own must be. */
export const digestOf = (spec: Spec): string => {
  const key = `${spec.seed} ${saidIn(spec)} ${spec.padding}`
  const known = digests.get(key)
  if (known !== undefined) return known
  const hash = createHash('sha256')
  for (let at = 0; at < saidIn(spec); at++) hash.update(deltaText(spec, at), 'latin1')
  const digest = hash.digest('hex')
  if (digests.size >= MOST_DIGESTS) digests.clear()
  digests.set(key, digest)
  return digest
}

const digests = new Map<string, string>()
const MOST_DIGESTS = 256
