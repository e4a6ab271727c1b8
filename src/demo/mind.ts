/** What a demo model thinks, says and calls: decided from the request alone, the same each time. */
import { answerTo, shortened } from './answers.ts'
import { hintsIn } from './hints.ts'
import type { ChatBody, ChatBodyMessage } from './native-chat-body.ts'
import type { NativeChat } from './native-chat.ts'
import { readPicture } from '../picture.ts'
import { instanceOf, type Hints } from './schema-instance.ts'
import type { StandInModel } from './stand-in-model.ts'
import { callsFor, type DemoCall } from './tool-use.ts'

/** A turn of a demo model, before any limit cuts it. Empty means: none of that. */
export type DemoTurn = {
  readonly thinking: string
  readonly text: string
  readonly calls: readonly DemoCall[]
}

export const decide = ({ body, model }: NativeChat): DemoTurn => {
  const messages = body.messages ?? []
  const asked = messages.findLast(({ role }) => role === 'user')
  const turn = turnFor(body, model, asked)
  const doesThink = model.abilities.includes('thinking') && body.think !== false
  if (!doesThink) return { ...turn, thinking: '' }
  const opening = `The user asks: “${shortened(asked?.content ?? '')}” `
  const system = messages.find(({ role }) => role === 'system')?.content ?? ''
  const rules = system === '' ? '' : `I was told: “${shortened(system)}” `
  const doubt = ['high', 'max'].includes(String(body.think)) ? ' Let me check that again. Yes.' : ''
  const thinking =
    body.think === 'low' ? turn.thinking : `${opening}${rules}${turn.thinking}${doubt}`
  return { ...turn, thinking }
}

const turnFor = (
  body: ChatBody,
  model: StandInModel,
  asked: ChatBodyMessage | undefined,
): DemoTurn => {
  const messages = body.messages ?? []
  const question = asked?.content ?? ''
  const hints = hintsIn(question)
  const results = messages.slice(messages.findLastIndex(({ role }) => role !== 'tool') + 1)
  if (results.length === 0) {
    const calls = callsFor(body.tools ?? [], hints)
    if (calls.length > 0) return calling(calls, hints, model)
  }
  if (isFormat(body.format)) {
    const value =
      body.format === 'json'
        ? { model: model.name, question, answer: answerTo(question, model.name) }
        : instanceOf(body.format, hints, 'all')
    return { thinking: 'I have to answer in JSON.', text: JSON.stringify(value), calls: [] }
  }
  if (results.length > 0) {
    const text = results.map((result) => told(result, messages)).join('\n')
    return { thinking: 'The answer has come back, so I can pass it on.', text, calls: [] }
  }
  const images = asked?.images ?? []
  if (images.length > 0) {
    return { thinking: 'There is a picture; I look at it.', text: seen(images), calls: [] }
  }
  return {
    thinking: 'That needs nothing but words.',
    text: answerTo(question, model.name),
    calls: [],
  }
}

/** A model that thinks says a word before it calls; others call without one. */
const calling = (calls: readonly DemoCall[], hints: Hints, model: StandInModel): DemoTurn => {
  const [first] = calls
  const subject = hints.places.length === 0 ? '' : ` for ${hints.places.join(' and ')}`
  return {
    thinking: `I do not know that, but ${first?.name} does. I call it${subject}.`,
    text: model.abilities.includes('thinking') ? `Let me look that up${subject}.` : '',
    calls,
  }
}

/** A tool's answer in a sentence: an object's fields one by one, anything else as it is. */
const told = (result: ChatBodyMessage, messages: readonly ChatBodyMessage[]): string => {
  const call = messages
    .flatMap(({ tool_calls: calls }) => calls ?? [])
    .findLast(({ id }) => id === result.tool_call_id)
  const name = result.tool_name ?? call?.function.name ?? 'the tool'
  return `Here is what ${name} says: ${spoken(result.content ?? '')}`
}

const spoken = (content: string): string => {
  try {
    const value: unknown = JSON.parse(content)
    if (typeof value !== 'object' || value === null) return content
    return `${Object.entries(value)
      .map(([key, field]) => `${key} ${typeof field === 'string' ? field : JSON.stringify(field)}`)
      .join(', ')}.`
  } catch {
    return content
  }
}

const seen = (images: readonly string[]): string =>
  images
    .map((base64) => {
      const bytes = Buffer.from(base64, 'base64')
      const picture = readPicture(bytes)
      return picture === null
        ? `I see ${bytes.length} bytes that are no picture I know.`
        : `I see a ${picture.type} picture, ${picture.width} by ${picture.height} pixels.`
    })
    .join(' ')

const isFormat = (format: unknown): boolean =>
  format === 'json' || (typeof format === 'object' && format !== null)
