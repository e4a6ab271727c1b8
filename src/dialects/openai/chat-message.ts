/** `messages`: each of them becomes one of ours, and results find the calls they answer. */
import { z } from 'zod'
import type { Message } from '../../chat/request.ts'
import { CallHistory } from './call-history.ts'
import { list, oneOf } from './field.ts'
import { content, decodeContent, decodeText, paragraphs } from './message-content.ts'
import { invalid, missing } from './refusal.ts'
import { decodeFunctionCall, decodeToolCalls, functionCall, toolCalls } from './tool-call.ts'

const message = z.object({
  role: oneOf(['system', 'developer', 'user', 'assistant', 'tool', 'function']),
  content,
  name: z.string().nullish(),
  refusal: z.string().nullish(),
  reasoning_content: z.string().nullish(),
  reasoning: z.string().nullish(),
  thinking: z.string().nullish(),
  reasoning_details: list(z.object({ text: z.string().nullish() })).nullish(),
  tool_calls: toolCalls,
  function_call: functionCall,
  tool_call_id: z.string().nullish(),
})

type Wire = z.infer<typeof message>

export const messages = list(message)

export type Conversation = {
  readonly messages: readonly Message[]
  readonly usedCallIds: ReadonlySet<string>
}

/** @throws Failed naming the message, and the field in it. */
export const decodeMessages = (wires: readonly Wire[]): Conversation => {
  if (wires.length === 0) throw invalid('messages', 'expected at least one message.')
  const history = new CallHistory()
  return {
    messages: wires.map((wire, index) => decode(wire, `messages[${index}]`, history)),
    usedCallIds: history.ids,
  }
}

const decode = (wire: Wire, param: string, history: CallHistory): Message => {
  const at = `${param}.content`
  switch (wire.role) {
    case 'system':
    case 'developer':
      return { role: 'system', text: decodeText(required(wire.content, at), at) }
    case 'user':
      return { role: 'user', ...decodeContent(required(wire.content, at), at) }
    case 'assistant': {
      const calls = [
        ...decodeToolCalls(wire.tool_calls, `${param}.tool_calls`),
        ...decodeFunctionCall(wire.function_call, `${param}.function_call`),
      ]
      history.called(calls)
      const text = paragraphs([decodeText(wire.content, at), wire.refusal ?? ''])
      return { role: 'assistant', text, reasoning: reasoningOf(wire), calls }
    }
    case 'tool':
    case 'function': {
      const said = { callId: wire.tool_call_id ?? '', name: wire.name ?? '' }
      return { role: 'tool', ...decodeContent(wire.content, at), ...history.answered(said) }
    }
  }
}

/** `null` is a message that says nothing; a message without the field is a client's mistake. */
const required = (wire: Wire['content'], param: string): Wire['content'] => {
  if (wire === undefined) throw missing(param)
  return wire
}

/** Clients replay reasoning under the name they saw it; under several, it is one text all the same. */
const reasoningOf = (wire: Wire): string =>
  wire.reasoning_content ||
  wire.reasoning ||
  wire.thinking ||
  (wire.reasoning_details ?? []).map(({ text }) => text ?? '').join('')
