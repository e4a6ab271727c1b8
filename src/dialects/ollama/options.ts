/** Sampling → `options` (`api/types.go: Options`, 0.33). */
import type { ChatRequest, JsonObject, Sampling } from '../../chat/request.ts'

const NAMES: { readonly [Name in keyof Sampling]-?: string } = {
  maxTokens: 'num_predict',
  temperature: 'temperature',
  topP: 'top_p',
  topK: 'top_k',
  minP: 'min_p',
  repeatPenalty: 'repeat_penalty',
  frequencyPenalty: 'frequency_penalty',
  presencePenalty: 'presence_penalty',
  seed: 'seed',
  stop: 'stop',
}

const NAME_PAIRS = Object.entries(NAMES)

/**
 * Ollama's own options as the client sent them, sampling over them, and the window over both. Undefined
 * when there is nothing to say.
 */
export const encodeOptions = ({
  options,
  sampling,
  numCtx,
}: Pick<ChatRequest, 'options' | 'sampling' | 'numCtx'>): JsonObject | undefined => {
  const values: JsonObject = sampling
  const all: Record<string, unknown> = { ...options }
  for (const [ours, theirs] of NAME_PAIRS) {
    if (values[ours] !== undefined) all[theirs] = values[ours]
  }
  if (numCtx !== undefined) all['num_ctx'] = numCtx
  return Object.keys(all).length === 0 ? undefined : all
}
