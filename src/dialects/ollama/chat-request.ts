/** ChatRequest → the body of `POST /api/chat` (`api/types.go: ChatRequest`, 0.33). */
import type { Serving } from '../../catalog/model-card.ts'
import type { ChatRequest } from '../../chat/request.ts'
import { Pace } from '../../wire/steps.ts'
import { encodeMessage, isLong, partsOf } from './message.ts'
import { encodeOptions } from './options.ts'
import { formatOf } from './forced-call.ts'
import { encodeTool, type EncodedTool } from './tool.ts'
import { createRoom } from './schema-room.ts'

/**
 * What nobody asked for is not there, so that the Modelfile's own word stands. Always streamed, so that
 * progress, a cut and a cancel can be seen; an overlong prompt is an error unless the operator chose
 * the silent cut. Never `shift`: a value other than the loaded model's reloads it.
 *
 * @param request fitted to its model: window and `keep_alive` are those that hold (`catalog/fit.ts`).
 * @param model the upstream's own name.
 * @throws Failed `invalid-request` for a tool's schema that unfolds to too much.
 */
export const encodeChatRequest = (
  request: ChatRequest,
  model: string,
  serving: Pick<Serving, 'overflow'>,
): string => [...encodeInPieces(request, model, serving)].join('')

/**
 * As {@link encodeChatRequest}, piece by piece: a long one is some hundred of 1 or 2 ms each (10 MB of
 * history take 30 ms, 10 MB of tools 250 ms), most are one.
 */
export function* encodeInPieces(
  request: ChatRequest,
  model: string,
  serving: Pick<Serving, 'overflow'>,
): Generator<string, void> {
  const pace = new Pace()
  const room = createRoom()
  let text = `{"model":${JSON.stringify(model)},"messages":[`
  for (const [index, message] of request.messages.entries()) {
    if (index > 0) text += ','
    for (const part of isLong(message)
      ? partsOf(message)
      : [JSON.stringify(encodeMessage(message))]) {
      text += part
      if (!pace.isDue(EFFORT + part.length)) continue
      yield text
      text = ''
    }
  }
  text += `],"stream":true,"truncate":${serving.overflow === 'truncate'}`
  const forced: EncodedTool[] = []
  for (const [index, tool] of request.tools.entries()) {
    const encoded = encodeTool(tool, index, room)
    if (request.mustCall === true) forced.push(encoded)
    const part = JSON.stringify(encoded)
    text += index === 0 ? `,"tools":[${part}` : `,${part}`
    // To read a schema takes a good deal more than to write it.
    if (!pace.isDue(EFFORT + 10 * part.length)) continue
    yield text
    text = ''
  }
  if (request.tools.length > 0) text += ']'
  const said = JSON.stringify({
    format: request.mustCall === true ? formatOf(forced) : request.format,
    // Our words are Ollama's own (`api/types.go: ThinkValue`); absent, a model that can think does.
    think: request.effort,
    options: encodeOptions(request),
    keep_alive: request.keepAlive,
    logprobs: request.logprobs && true,
    top_logprobs: request.logprobs?.top || undefined,
  })
  yield text + (said === '{}' ? '}' : `,${said.slice(1)}`)
}

/** Of anything, besides its characters. */
const EFFORT = 100
