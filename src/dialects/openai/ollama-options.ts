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

/** Changing one of these makes Ollama load the model anew (`api/types.go: Runner`, 0.33 and before). */
const loading = {
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
}

/** Ollama answers a value of the wrong type with a 500, so those it knows are checked here. */
const known = z.looseObject({
  ...loading,
  num_keep: whole,
  seed: long,
  num_predict: long,
  top_k: whole,
  top_p: number,
  min_p: number,
  typical_p: number,
  tfs_z: number,
  repeat_last_n: whole,
  repeat_penalty: number,
  presence_penalty: number,
  frequency_penalty: number,
  temperature: number,
  mirostat: whole,
  mirostat_tau: number,
  mirostat_eta: number,
  penalize_newline: flag,
  stop: z.union([z.string(), list(z.string())]).nullish(),
})

export const ollamaOptions = { options: jsonObject.pipe(known).nullish(), num_ctx: tokens }

const fields = z.object(ollamaOptions)

export type DecodedOptions = {
  readonly options?: JsonObject
  readonly numCtx?: number
  /** What was left out because only the operator may set it. */
  readonly ignored: readonly string[]
}

/**
 * Takes the options apart. `num_ctx` at top level beats the one in `options`; options Ollama does not
 * know are passed on, for it to judge.
 *
 * @throws Failed `invalid-request` for what its JSON reader could not take.
 */
export const decodeOptions = (
  { options: wire, num_ctx: window }: z.infer<typeof fields>,
  allowLoadOptions: boolean,
): DecodedOptions => {
  const { num_ctx: inner, stop, ...rest } = wire ?? {}
  const set = Object.entries(rest).filter(([, value]) => value != null)
  const kept = set.filter(([name]) => allowLoadOptions || !Object.hasOwn(loading, name))
  for (const [name, value] of kept) assertReadable(value, `options.${name}`)
  const stops = decodeStop(stop)
  const options = Object.fromEntries([...kept, ...(stops.length > 0 ? [['stop', stops]] : [])])
  const numCtx = allowLoadOptions ? (window ?? inner) : null
  return {
    ...(Object.keys(options).length > 0 && { options }),
    ...(numCtx != null && { numCtx }),
    ignored: allowLoadOptions ? [] : leftOut(window, inner, set),
  }
}

const leftOut = (
  window: unknown,
  inner: unknown,
  set: readonly (readonly [string, unknown])[],
): readonly string[] => [
  ...(window == null ? [] : ['num_ctx']),
  ...(inner == null ? [] : ['options.num_ctx']),
  ...set.filter(([name]) => Object.hasOwn(loading, name)).map(([name]) => `options.${name}`),
]
