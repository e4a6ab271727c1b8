/** `options` and `num_ctx`: Ollama's own, which a client may send as extra body. */
import { z } from 'zod'
import type { JsonObject } from '../../chat/request.ts'
import { float, int32, integer, jsonObject, list } from './field.ts'
import { assertReadable } from './json-value.ts'
import { decodeStop } from './sampling.ts'

const whole = int32.nullish()
const long = integer(Number.MIN_SAFE_INTEGER, Number.MAX_SAFE_INTEGER).nullish()
const number = float.nullish()
const flag = z.boolean().nullish()
const tokens = integer(1, 2 ** 31 - 1).nullish()

/** Read anew at every request (`api/types.go: Options`, 0.33): these a client may set. */
const running = {
  num_keep: whole,
  seed: long,
  num_predict: long,
  top_k: whole,
  top_p: number,
  min_p: number,
  typical_p: number,
  repeat_last_n: whole,
  repeat_penalty: number,
  presence_penalty: number,
  frequency_penalty: number,
  temperature: number,
  stop: z.union([z.string(), list(z.string())]).nullish(),
}

/**
 * The others whose type is known. Changing one of the first group makes Ollama load the model anew
 * (`api/types.go: Runner`); the second was given up by 0.33, and an older Ollama still insists on its types.
 */
const operators = {
  num_ctx: tokens,
  num_batch: whole,
  num_gpu: whole,
  main_gpu: whole,
  use_mmap: flag,
  num_thread: whole,
  draft_num_predict: whole,

  numa: flag,
  low_vram: flag,
  f16_kv: flag,
  logits_all: flag,
  vocab_only: flag,
  use_mlock: flag,
  num_gqa: whole,
  tfs_z: number,
  mirostat: whole,
  mirostat_tau: number,
  mirostat_eta: number,
  penalize_newline: flag,
}

/** Ollama answers a value of the wrong type with a 500, so those it knows are checked here. */
const known = z.looseObject({ ...running, ...operators })

export const ollamaOptions = { options: jsonObject.pipe(known).nullish(), num_ctx: tokens }

const fields = z.object(ollamaOptions)

export type DecodedOptions = {
  readonly options?: JsonObject
  readonly numCtx?: number
  /** Paths of what was left out because only the operator may set it. */
  readonly ignored: readonly string[]
}

/**
 * Takes the options apart. `num_ctx` at top level beats the one in `options`. An option that nobody here
 * knows is left out, for it may be a load-time option of a newer Ollama; where clients may set those, it
 * is passed on.
 *
 * @throws Failed `invalid-request` for what Ollama's JSON reader could not take.
 */
export const decodeOptions = (
  { options: wire, num_ctx: window }: z.infer<typeof fields>,
  allowLoadOptions: boolean,
): DecodedOptions => {
  if (wire == null && window == null) return NONE
  const { num_ctx: inner, stop, ...rest } = wire ?? {}
  const set = Object.entries(rest).filter(([, value]) => value != null)
  const [kept, left] = parted(set, ([name]) => allowLoadOptions || Object.hasOwn(running, name))
  for (const [name, value] of kept) assertReadable(value, `options.${name.slice(0, LONGEST_NAME)}`)
  const stops = decodeStop(stop)
  const options = Object.fromEntries([...kept, ...(stops.length > 0 ? [['stop', stops]] : [])])
  const numCtx = allowLoadOptions ? (window ?? inner) : null
  return {
    ...(Object.keys(options).length > 0 && { options }),
    ...(numCtx != null && { numCtx }),
    ignored: [
      ...(window == null || allowLoadOptions ? [] : ['num_ctx']),
      ...(inner == null || allowLoadOptions ? [] : ['options.num_ctx']),
      ...left.map(([name]) => `options.${name}`),
    ],
  }
}

/** Of a name that a refusal repeats. */
const LONGEST_NAME = 64

const NONE: DecodedOptions = { ignored: [] }

/** The field that names the window: the one at top level where both are there. */
export const windowField = ({ num_ctx: window }: z.infer<typeof fields>): string =>
  window == null ? 'options.num_ctx' : 'num_ctx'

const parted = <T>(
  items: readonly T[],
  isFirst: (item: T) => boolean,
): readonly [readonly T[], readonly T[]] => [
  items.filter((item) => isFirst(item)),
  items.filter((item) => !isFirst(item)),
]
