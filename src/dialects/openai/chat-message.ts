/** `messages`: each of them becomes one of ours, and results find the calls they answer. */
import { z } from 'zod'
import type { Media, Message } from '../../chat/request.ts'
import { CallHistory } from './call-history.ts'
import { accept } from '../../wire/json.ts'
import { Pace, type Steps } from '../../wire/steps.ts'
import { anyList, compiled, list, oneOf } from './field.ts'
import { content, decodeContent, decodeText, paragraphs } from './message-content.ts'
import { InnerJson } from './json-value.ts'
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

const compiledMessage = compiled(message)

type Wire = z.infer<typeof message>

/** Each is held against its own schema by {@link decodeMessages}: there may be tens of thousands. */
export const messages = anyList

export type Conversation = {
  readonly messages: readonly Message[]
  readonly usedCallIds: ReadonlySet<string>
}

/** @throws Failed naming the message, and the field in it; nothing behind it is read. */
export function* decodeMessages(wires: readonly unknown[]): Steps<Conversation> {
  if (wires.length === 0) throw invalid('messages', 'expected at least one message.')
  const history = new CallHistory()
  const inner = new InnerJson()
  const pace = new Pace()
  const decoded: Message[] = []
  for (const [index, wire] of wires.entries()) {
    const read = accept(compiledMessage(), wire, ['messages', index])
    const ours = decode(read, `messages[${index}]`, history, inner)
    decoded.push(ours)
    if (pace.isDue(effortOf(read, 'media' in ours ? ours.media : []))) yield
  }
  return { messages: decoded, usedCallIds: history.ids }
}

/** Text is taken as it is, but a call's arguments are parsed, and a picture is looked through. */
const effortOf = ({ content: parts, tool_calls: calls }: Wire, media: readonly Media[]): number => {
  let effort = 200
  for (const { function: call } of calls ?? []) {
    effort += 400 + (typeof call?.arguments === 'string' ? call.arguments.length : 0)
  }
  if (Array.isArray(parts)) effort += 400 * parts.length
  for (const { base64 } of media) effort += base64.length
  return effort
}

const decode = (wire: Wire, param: string, history: CallHistory, inner: InnerJson): Message => {
  const at = `${param}.content`
  switch (wire.role) {
    case 'system':
    case 'developer':
      return { role: 'system', text: decodeText(required(wire.content, at), at) }
    case 'user':
      return { role: 'user', ...decodeContent(required(wire.content, at), at) }
    case 'assistant': {
      const calls = [
        ...decodeToolCalls(wire.tool_calls, `${param}.tool_calls`, inner),
        ...decodeFunctionCall(wire.function_call, `${param}.function_call`, inner),
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
