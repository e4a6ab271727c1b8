/** What Ollama's documents about models have in common: how they are read, and their loose fields. */
import { z } from 'zod'
import type { Capability } from '../../catalog/model-card.ts'
import { Failed } from '../../failure.ts'
import { isModest } from '../../wire/json-size.ts'

/**
 * Reads one whole JSON answer.
 *
 * @param endpoint what was asked, such as `/api/tags`, for the message.
 * @throws Failed `upstream-malformed` when it is not JSON, or not of this shape.
 */
export const decodeDocument = <T>(schema: z.ZodType<T>, body: string, endpoint: string): T => {
  const result = schema.safeParse(parsed(body, endpoint))
  if (result.success) return result.data
  throw malformed(endpoint, result.error)
}

// A field that is missing, null or nonsense is one that says nothing: old servers lack many of them,
// and one odd value must not cost the whole list.
const saysNothing = { family: '', parameter_size: '', quantization_level: '', context_length: 0 }

/** A string; empty when it says nothing. */
export const text = z.string().catch('')

/** A count above zero; 0 when it says nothing. */
export const count = z.int().positive().catch(0)

/** An RFC 3339 time as Unix seconds; 0 when it says nothing, Go's zero time (year 1) included. */
export const moment = z
  .string()
  .transform((time) => Math.floor(Date.parse(time) / 1000))
  .pipe(z.int().positive())
  .catch(0)

/** The `details` object (`api/types.go: ModelDetails`); `context_length` is of 2026 and later. */
export const details = z
  .object({
    family: text,
    parameter_size: text,
    quantization_level: text,
    context_length: count,
  })
  .catch(saysNothing)

/** Whether these two, as `text`, say that a model runs on another machine (`api/types.go: ListModelResponse`, 0.33). */
export const isRemote = (said: {
  readonly remote_host: string
  readonly remote_model: string
}): boolean => said.remote_host !== '' || said.remote_model !== ''

/** The words of `capabilities` we know; undefined when there is no such list, as on old servers. */
export const capabilities = z
  .array(z.unknown())
  .transform(
    (words): ReadonlySet<Capability> => new Set(KNOWN.filter((known) => words.includes(known))),
  )
  .or(z.undefined())
  .catch(undefined)

const KNOWN: readonly Capability[] = [
  'completion',
  'tools',
  'insert',
  'vision',
  'embedding',
  'thinking',
  'image',
  'audio',
]

/** Thousands of models are a few million tokens at most. */
const LIMITS = { maxJsonDepth: 64, maxJsonTokens: 5_000_000 }

const parsed = (body: string, endpoint: string): unknown => {
  if (!isModest(body, LIMITS)) throw malformed(endpoint, undefined)
  try {
    return JSON.parse(body)
  } catch (error) {
    throw malformed(endpoint, error)
  }
}

const malformed = (endpoint: string, cause: unknown): Failed =>
  new Failed(
    {
      kind: 'upstream-malformed',
      message: `The upstream's answer to ${endpoint} is not what Ollama answers; check that the upstream's address is that of an Ollama.`,
    },
    cause,
  )
