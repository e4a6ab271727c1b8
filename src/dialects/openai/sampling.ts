/** Sampling and limits, under OpenAI's names and the three of Ollama's that are taken beside them. */
import { z } from 'zod'
import type { Sampling } from '../../chat/request.ts'
import { float, int32, integer, list } from './field.ts'

const limit = integer(1, Number.MAX_SAFE_INTEGER).nullish()

/**
 * Types alone are checked, and what no engine could take: OpenAI's own ranges are narrower than what
 * works here. At least one token, because Ollama's engine reads 0 as "no limit" (0.33).
 */
export const sampling = {
  max_completion_tokens: limit,
  max_tokens: limit,
  temperature: float.nullish(),
  top_p: float.nullish(),
  top_k: int32.nullish(),
  min_p: float.nullish(),
  repeat_penalty: float.nullish(),
  frequency_penalty: float.nullish(),
  presence_penalty: float.nullish(),
  // A seed beyond 2^53 would arrive as another one: Ollama reads options as doubles.
  seed: integer(Number.MIN_SAFE_INTEGER, Number.MAX_SAFE_INTEGER).nullish(),
  stop: z.union([z.string(), list(z.string())]).nullish(),
}

const fields = z.object(sampling)

/** What the client set, and nothing else. */
export const decodeSampling = (body: z.infer<typeof fields>): Sampling => {
  const maxTokens = body.max_completion_tokens ?? body.max_tokens
  const stop = decodeStop(body.stop)
  return {
    ...(maxTokens != null && { maxTokens }),
    ...(body.temperature != null && { temperature: body.temperature }),
    ...(body.top_p != null && { topP: body.top_p }),
    ...(body.top_k != null && { topK: body.top_k }),
    ...(body.min_p != null && { minP: body.min_p }),
    ...(body.repeat_penalty != null && { repeatPenalty: body.repeat_penalty }),
    ...(body.frequency_penalty != null && { frequencyPenalty: body.frequency_penalty }),
    ...(body.presence_penalty != null && { presencePenalty: body.presence_penalty }),
    ...(body.seed != null && { seed: body.seed }),
    ...(stop.length > 0 && { stop }),
  }
}

/** An empty stop string stops nothing, or everything at once, by engine: it is left out. */
export const decodeStop = (
  wire: string | readonly string[] | null | undefined,
): readonly string[] => [wire ?? []].flat().filter((text) => text !== '')
