/** Ollama's errors → Failure: a status and a body before the first line, an `error` line after it. */
import type { Failure } from '../../failure.ts'
import { isJsonObject } from '../../wire/json.ts'
import { decodeText, rejected, type Context } from './error-text.ts'
import type { Hide } from './private-text.ts'
import { MAX_TEXT, parsed, runnerErrorIn, runnerErrorOf, type RunnerError } from './runner-error.ts'

/** What an error answer brings: its status, its body text, and its `Retry-After` if any. */
export type ErrorReply = {
  readonly status: number
  readonly body: string
  readonly retryAfter?: string | undefined
}

/**
 * Reads an answer whose status is not 200. `model` is the name that was asked for: it takes the place
 * of the fully qualified one in Ollama's texts.
 *
 * @param hide takes out what only the caller knows to be secret: a gateway may repeat the credential.
 */
export const decodeError = (
  { status, body, retryAfter }: ErrorReply,
  model: string,
  hide: Hide = same,
): Failure => {
  if (status >= 300 && status < 400) return redirected
  const error = errorIn(parsed(body), hide)
  const context = { status: error?.status ?? status, model, retryAfter }
  return error === null ? decodeStatus(context, body !== '') : decodeSaid(error, context)
}

/**
 * Reads the failure out of one parsed NDJSON line; `null` when the line is no error. Such an error
 * comes with status 200 (contract § 1.7): its text alone says what happened, and where that says
 * nothing of a status, a broken answer is a bad gateway.
 */
export const decodeErrorLine = (line: unknown, hide: Hide = same): Failure | null => {
  const error = errorIn(line, hide)
  if (error === null) return null
  const status = error.status ?? 502
  // Work was done already: who is told to come back later would have it done again.
  if (status === 429 || status === 503) return rejected(status, error.text, {})
  return decodeSaid(error, { status, model: '' })
}

const same: Hide = (text) => text

/** An error that says nothing of its own: Ollama's empty 403, an error page of something in between. */
const decodeStatus = ({ status, retryAfter }: Context, hasPage: boolean): Failure => {
  switch (status) {
    case 401:
      return credentialRefused
    case 403:
      return hostRefused
    case 429:
    case 503:
      return overloaded(retryAfter)
    case 413:
      return bodyRefused
    default:
      return notOllama(status, hasPage)
  }
}

const decodeSaid = (error: OllamaError, context: Context): Failure => {
  const { status, retryAfter } = context
  if (error.signin) return notSignedIn
  if (status === 401) return credentialRefused
  if (status === 403) return rejected(403, error.text, { code: 'permission_denied' })
  if (status === 429 || status === 503) return overloaded(retryAfter)
  return decodeText(error.text, error.inner, context)
}

type OllamaError = {
  readonly text: string
  /** What llama-server said, where Ollama passes that on. */
  readonly inner: RunnerError | null
  readonly status?: number
  readonly signin: boolean
}

/** `{"error":"text"}`; the remote-stub route adds `StatusCode`, cloud models `signin_url` (§ 2.3). */
const errorIn = (value: unknown, hide: Hide): OllamaError | null => {
  if (!isJsonObject(value) || value['error'] == null) return null
  const { error, StatusCode: status, signin_url: signinUrl } = value
  const inner = typeof error === 'string' ? runnerErrorIn(error) : runnerErrorOf(error)
  const outer = typeof error === 'string' ? error.slice(0, MAX_TEXT) : ''
  return {
    text: hide(inner?.message ?? outer),
    inner,
    ...(typeof status === 'number' && status >= 400 && status <= 599 && { status }),
    signin: signinUrl !== undefined,
  }
}

const overloaded = (retryAfter: string | undefined): Failure => ({
  kind: 'overloaded',
  message: 'The upstream has too many requests waiting. Try again in a moment.',
  ...(retryAfter !== undefined && { retryAfterMs: seconds(retryAfter) * 1000 }),
})

/** `Retry-After` in whole seconds from 1 to 60, whatever was sent; a date is not worth a clock. */
const seconds = (retryAfter: string): number =>
  Math.min(60, Math.max(1, /^\d+$/.test(retryAfter.trim()) ? Number(retryAfter) : 1))

const notSignedIn: Failure = {
  kind: 'upstream-auth',
  message:
    'The upstream is not signed in to Ollama’s cloud, where this model runs. ' +
    'Its operator has to run `ollama signin` there.',
}
const credentialRefused: Failure = {
  kind: 'upstream-auth',
  message:
    'The upstream refused the credential that tolk is configured with. ' +
    "Its operator has to check the upstream's apiKey or auth in tolk's configuration.",
}
const hostRefused: Failure = {
  kind: 'upstream-auth',
  message:
    'The upstream refused the request without a word, as Ollama does for a Host or Origin that it ' +
    'does not know. Its operator has to set OLLAMA_HOST=0.0.0.0 there, or let tolk reach it by an ' +
    'address or a local name.',
}
const redirected: Failure = {
  kind: 'upstream-malformed',
  message:
    "The upstream answered with a redirect, which is not followed. Tolk's configuration has to name " +
    'the final base URL.',
}

const bodyRefused: Failure = {
  kind: 'upstream-rejected',
  status: 413,
  code: 'request_too_large',
  message:
    'The request is larger than the upstream, or a proxy before it, takes. Send less, or have its ' +
    'operator raise that limit.',
}

/**
 * An error page of something in between, or another server altogether: its body is not repeated. A 500
 * without a word is a panic of Ollama's; one with a page is a bad gateway's (reliability U-38).
 */
const notOllama = (status: number, hasPage: boolean): Failure =>
  status >= 500
    ? rejected(
        hasPage && status !== 504 ? 502 : status,
        `The upstream answered with status ${status} and no reason.`,
        {},
      )
    : {
        kind: 'upstream-malformed',
        message:
          `The upstream answered with status ${status} and no error that Ollama would send. ` +
          'Is its base URL that of an Ollama?',
      }
