/** Ollama's errors: the status and the words of each (`ollama-contract`'s table, recordings under `errors/`). */
import type { Step } from './script.ts'

/** An answer that is an error and nothing else. */
export type NativeError = Extract<Step, { status: number }>

/** Ollama's own error: `{"error":"text"}`. */
export const refusal = (status: number, error: string): NativeError => ({ status, body: { error } })

/** An error of the runner's, whose whole JSON Ollama puts into the error text. */
export const runnerError = (status: number, error: object): NativeError => ({
  status,
  headers: { 'content-type': 'application/json' },
  body: { error: JSON.stringify({ error: { code: status, ...error } }) },
})

/** The prompt is longer than the window and may not be cut (`truncate: false`). */
export const overflow = (promptTokens: number, window: number): NativeError =>
  runnerError(400, {
    message: `request (${promptTokens} tokens) exceeds the available context size (${window} tokens), try increasing it`,
    type: 'exceed_context_size_error',
    n_prompt_tokens: promptTokens,
    n_ctx: window,
  })

/** The router's own answers are plain text. */
export const plainText = (status: number, text: string): NativeError => ({
  status,
  headers: { 'content-type': 'text/plain' },
  body: text,
})

/** What the Host and Origin checks say: nothing. */
export const emptyForbidden: NativeError = { status: 403, body: '' }
