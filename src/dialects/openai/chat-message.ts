/** `messages`: each of them becomes one of ours, and results find the calls they answer. */
import { z } from 'zod'
import type { Message } from '../../chat/request.ts'
import { CallHistory } from './call-history.ts'
import { accept } from '../../wire/json.ts'
import { Pace, type Steps } from '../../wire/steps.ts'
import { anyList, compiled, list, oneOf } from './field.ts'
import {
  type Body,
  content,
  decodeParts,
  paragraphs,
  plainBody,
  textOf,
} from './message-content.ts'
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

/** No window holds as many: of each, a template makes several tokens. */
const MOST_MESSAGES = 20_000

/** Each is held against its own schema by {@link decodeMessages}: there may be tens of thousands. */
export const messages = anyList

export type Conversation = {
  readonly messages: readonly Message[]
  readonly usedCallIds: ReadonlySet<string>
}

/**
 * @param mayFetch whether pictures may be somewhere else.
 * @throws Failed naming the message, and the field in it; nothing behind it is read.
 */
export function* decodeMessages(wires: readonly unknown[], mayFetch = false): Steps<Conversation> {
  if (wires.length === 0) throw invalid('messages', 'expected at least one message.')
  if (wires.length > MOST_MESSAGES) {
    throw invalid('messages', `expected at most ${MOST_MESSAGES} messages.`)
  }
  const history = new CallHistory()
  const inner = new InnerJson()
  const pace = new Pace()
  const decoded: Message[] = []
  for (const [index, wire] of wires.entries()) {
    const read = accept(compiledMessage(), wire, ['messages', index])
    const param = `messages[${index}]`
    const { content: said } = read
    const body =
      typeof said === 'string' || said == null
        ? plainBody(said ?? '')
        : yield* decodeParts(said, `${param}.content`, pace, mayFetch)
    decoded.push(decode(read, body, param, history, inner))
    if (pace.isDue(effortOf(read))) yield
  }
  return { messages: decoded, usedCallIds: history.ids }
}

/** Beside what its parts take: text is taken as it is, but a call's arguments are parsed. */
const effortOf = ({ tool_calls: calls }: Wire): number => {
  let effort = 200
  for (const { function: call } of calls ?? []) {
    effort += 400 + (typeof call?.arguments === 'string' ? call.arguments.length : 0)
  }
  return effort
}

const decode = (
  wire: Wire,
  body: Body,
  param: string,
  history: CallHistory,
  inner: InnerJson,
): Message => {
  const at = `${param}.content`
  switch (wire.role) {
    case 'system':
    case 'developer':
      assertSaid(wire.content, at)
      return { role: 'system', text: textOf(body, at) }
    case 'user':
      assertSaid(wire.content, at)
      return { role: 'user', ...body }
    case 'assistant': {
      const calls = [
        ...decodeToolCalls(wire.tool_calls, `${param}.tool_calls`, inner),
        ...decodeFunctionCall(wire.function_call, `${param}.function_call`, inner),
      ]
      history.called(calls)
      const text = paragraphs([textOf(body, at), wire.refusal ?? ''])
      return { role: 'assistant', text, reasoning: reasoningOf(wire), calls }
    }
    case 'tool':
    case 'function': {
      const said = { callId: wire.tool_call_id ?? '', name: wire.name ?? '' }
      return { role: 'tool', ...body, ...history.answered(said) }
    }
  }
}

/** `null` is a message that says nothing; a message without the field is a client's mistake. */
const assertSaid = (wire: Wire['content'], param: string): void => {
  if (wire === undefined) throw missing(param)
}

/** Clients replay reasoning under the name they saw it; under several, it is one text all the same. */
const reasoningOf = (wire: Wire): string =>
  wire.reasoning_content ||
  wire.reasoning ||
  wire.thinking ||
  (wire.reasoning_details ?? []).map(({ text }) => text ?? '').join('')
