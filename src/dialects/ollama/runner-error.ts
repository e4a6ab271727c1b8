/** The error of llama-server inside Ollama's: JSON in a string, or Go's map syntax (contract § 2.4). */
import { jsonSlice } from '../../wire/json-slice.ts'
import { isModest } from '../../wire/json-size.ts'
import { isJsonObject } from '../../wire/json.ts'

/** An error is a sentence; what it quotes of a log or a prompt may be megabytes. UTF-16 code units. */
export const MAX_TEXT = 8192

/** What a runner says of itself. Counts are tokens, absent when it gave none. */
export type RunnerError = {
  readonly message: string
  readonly type: string
  readonly promptTokens?: number
  readonly window?: number
}

/** Reads it out of the string that Ollama passes on; `null` when the string is Ollama's own. */
export const runnerErrorIn = (text: string): RunnerError | null => {
  const go = /map\[code:\d+ message:(.*) type:(\S*?)\]/s.exec(text.slice(0, MAX_TEXT))
  if (go !== null) return { message: go[1] ?? '', type: go[2] ?? '' }
  // A hint about memory may follow the JSON on a line of its own.
  return text.startsWith('{') ? runnerErrorOf(parsed(jsonSlice(text, []) ?? '')) : null
}

/** Reads it out of an object, the error itself or one around it. */
export const runnerErrorOf = (body: unknown): RunnerError | null => {
  const error = isJsonObject(body) && isJsonObject(body['error']) ? body['error'] : body
  if (!isJsonObject(error) || typeof error['message'] !== 'string') return null
  const { message, n_prompt_tokens: prompt, n_ctx: window, type } = error
  return {
    message: message.slice(0, MAX_TEXT),
    type: typeof type === 'string' ? type : '',
    ...(typeof prompt === 'number' && { promptTokens: prompt }),
    ...(typeof window === 'number' && { window }),
  }
}

/** `null` for what is no JSON, or far too much of it. */
export const parsed = (text: string): unknown => {
  if (!isModest(text)) return null
  try {
    return JSON.parse(text)
  } catch {
    return null
  }
}
