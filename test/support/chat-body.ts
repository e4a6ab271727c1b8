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
/** Of an operator who lets clients have four choices. */
export const GENEROUS: RequestPolicy = { strict: false, allowLoadOptions: false, maxChoices: 4 }

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

/**
 * What a coding agent sends in the middle of its work, the body of a request of some 250 KB: so many
 * messages (text, calls, results) and tools. Tests and benches share it.
 */
export const agentBody = (messages = 200, tools = 40) => ({
  model: 'native',
  stream: true,
  temperature: 0.2,
  messages: [
    { role: 'system', content: sentence(80) },
    ...Array.from({ length: messages - 1 }, (_, index) => agentMessage(index)),
  ],
  tools: Array.from({ length: tools }, (_, index) => agentTool(index)),
})

const agentMessage = (index: number): object => {
  const id = `call_${Math.floor(index / 4)}`
  switch (index % 4) {
    case 0:
      return { role: 'user', content: sentence(30) }
    case 1:
      return { role: 'assistant', content: null, tool_calls: [agentCall(id, index)] }
    case 2:
      return { role: 'tool', tool_call_id: id, content: sentence(200) }
    default:
      return { role: 'assistant', content: sentence(60) }
  }
}

const agentCall = (id: string, line: number): object => {
  const args = { path: 'src/main.ts', line, text: sentence(40), flags: { dry: true, ratio: 0.25 } }
  return { id, type: 'function', function: { name: 'tool_0', arguments: JSON.stringify(args) } }
}

const agentTool = (index: number): object => ({
  type: 'function',
  function: {
    name: `tool_${index}`,
    description: sentence(40),
    parameters: {
      type: 'object',
      additionalProperties: false,
      required: ['path'],
      properties: {
        path: { type: 'string', minLength: 1, description: sentence(8) },
        line: { type: 'integer', minimum: 0, description: sentence(6) },
        mode: { type: 'string', enum: ['read', 'write'], default: 'read' },
        edits: {
          type: 'array',
          items: {
            type: 'object',
            properties: { from: { type: 'string' }, to: { type: 'string' } },
          },
        },
      },
    },
  },
})

/** So many words, with a line end and a quote among them, as code and prose have them. */
const sentence = (words: number): string =>
  Array.from({ length: words }, (_, index) => WORDS[index % WORDS.length]).join(' ')

const WORDS = ['the', 'quick', '"brown"', 'fox', 'jumps', 'over\n', 'the', 'größte', 'lazy', 'dog']
