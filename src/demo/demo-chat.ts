/** The demo's one chat: a question, a tool call, its answer, the reply. */
import type OpenAI from 'openai'
import { openChunkSource, type ChunkSource } from './chunk-source.ts'
import type { Lanes } from './lanes.ts'

type Message = OpenAI.ChatCompletionMessageParam
type Call = OpenAI.ChatCompletionMessageFunctionToolCall

export type DemoChat = {
  /** With `/v1`. */
  readonly baseUrl: string
  readonly model: string
  readonly key: string
  readonly lanes: Lanes
  readonly signal?: AbortSignal
}

/**
 * Chats, and prints each lane as it arrives.
 *
 * @throws what the chunk source throws when the chat goes wrong.
 */
export const showChat = async (chat: DemoChat): Promise<void> => {
  const source = await openChunkSource(chat.baseUrl, chat.key)
  const messages: Message[] = [{ role: 'user', content: QUESTION }]
  chat.lanes.say('prompt', QUESTION)
  for (;;) {
    const turn = await streamTurn(source, messages, chat)
    messages.push(turn.message)
    if (turn.calls.length === 0) return
    for (const call of turn.calls) {
      const result = weatherIn(call.function.arguments)
      chat.lanes.say('result', result)
      chat.lanes.end()
      messages.push({ role: 'tool', tool_call_id: call.id, content: result })
    }
  }
}

const QUESTION = 'What is the weather like in Lisbon right now?'

const TOOL: OpenAI.ChatCompletionTool = {
  type: 'function',
  function: {
    name: 'get_weather',
    description: 'Current weather for a city',
    parameters: {
      type: 'object',
      properties: { city: { type: 'string', description: 'City name' } },
      required: ['city'],
    },
  },
}

/** The tool: it runs here, on the client's side, as tools do. */
const weatherIn = (json: string): string => {
  const parsed: unknown = JSON.parse(json)
  const isPlace = typeof parsed === 'object' && parsed !== null && 'city' in parsed
  const city = isPlace ? String(parsed.city) : 'town'
  return `22 °C and clear in ${city}, with a light wind from the sea; no rain before tomorrow.`
}

type Turn = { readonly message: Message; readonly calls: readonly Call[] }

const streamTurn = async (
  source: ChunkSource,
  messages: readonly Message[],
  { model, lanes, signal }: DemoChat,
): Promise<Turn> => {
  const request = { model, messages: [...messages], tools: [TOOL], stream: true as const }
  const stream = await source(request, signal)
  const calls: Call[] = []
  let content = ''
  for await (const { choices } of stream) {
    const [choice] = choices
    if (choice === undefined) continue
    const { delta } = choice
    const reasoning = reasoningIn(delta)
    if (reasoning !== '') lanes.say('reasoning', reasoning)
    if (typeof delta.content === 'string' && delta.content !== '') {
      content += delta.content
      lanes.say('content', delta.content)
    }
    for (const { index, id = '', function: part } of delta.tool_calls ?? []) {
      const call = calls[index] ?? { id, type: 'function', function: { name: '', arguments: '' } }
      call.function.name += part?.name ?? ''
      call.function.arguments += part?.arguments ?? ''
      calls[index] = call
      lanes.say('tool call', `${part?.name ?? ''}(${part?.arguments ?? ''})`)
    }
    if (choice.finish_reason !== null) lanes.say('finish', choice.finish_reason)
  }
  lanes.end()
  const message = {
    role: 'assistant',
    content,
    ...(calls.length === 0 ? {} : { tool_calls: calls }),
  } as const
  return { message, calls }
}

/** OpenAI's types do not know the field; OpenAI's clients read it all the same. */
const reasoningIn = (delta: object): string =>
  'reasoning_content' in delta && typeof delta.reasoning_content === 'string'
    ? delta.reasoning_content
    : ''
