/** Bodies of `POST /v1/chat/completions`, and what our door makes of them. */
import type { ChatRequest, Message } from '../../src/chat/request.ts'
import {
  type ChatCompletionRequest,
  decodeChatCompletionRequest,
  type RequestPolicy,
} from '../../src/dialects/openai/chat-completion-request.ts'
import { Failed, type Failure } from '../../src/failure.ts'
import { parseJson } from '../../src/wire/json.ts'

export const LENIENT: RequestPolicy = { strict: false, allowLoadOptions: false }
export const STRICT: RequestPolicy = { strict: true, allowLoadOptions: false }
export const TRUSTING: RequestPolicy = { strict: false, allowLoadOptions: true }

/** The least a client can send, and `fields` over it; text stands for JSON as it is on the wire. */
const bodyWith = (fields: object | string): unknown => {
  const least = { model: 'native', messages: [{ role: 'user', content: 'Hello' }] }
  const text = typeof fields === 'string' ? fields : JSON.stringify(fields)
  const wire = parseJson(text)
  const isBody = typeof wire === 'object' && wire !== null && !Array.isArray(wire)
  return isBody ? { ...least, ...wire } : wire
}

export const accepted = (
  fields: object | string,
  policy: RequestPolicy = LENIENT,
): ChatCompletionRequest => decodeChatCompletionRequest(bodyWith(fields), policy)

export const requestOf = (fields: object | string, policy?: RequestPolicy): ChatRequest =>
  accepted(fields, policy).request

export const messagesOf = (...messages: readonly object[]): readonly Message[] =>
  requestOf({ messages }).messages

/** @throws when the body is accepted, or when it falls for another reason than a {@link Failed}. */
export const refused = (fields: object | string, policy?: RequestPolicy): Failure => {
  try {
    accepted(fields, policy)
  } catch (error) {
    if (error instanceof Failed) return error.failure
    throw error
  }
  throw new Error(`accepted: ${JSON.stringify(fields)}`)
}

/** What a client is told it got wrong: `[code, param]`, where a kind of its own stands for its code. */
export const faultOf = (
  fields: object | string,
  policy?: RequestPolicy,
): readonly [string | undefined, string | null] => {
  const failure = refused(fields, policy)
  if (failure.kind === 'invalid-request') return [failure.code, failure.param]
  if (failure.kind === 'unsupported-parameter') return [failure.kind, failure.param]
  throw new Error(`refused as ${failure.kind}`)
}
