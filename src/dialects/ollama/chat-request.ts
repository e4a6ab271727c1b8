/** ChatRequest → the body of `POST /api/chat` (`api/types.go: ChatRequest`, 0.33). */
import type { Serving } from '../../catalog/model-card.ts'
import type { ChatRequest, Message, Tool } from '../../chat/request.ts'
import { allOf, Pace, type Steps } from '../../wire/steps.ts'
import { LONG, writeMessage } from './message.ts'
import { encodeOptions } from './options.ts'
import { encodeTool } from './tool.ts'
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
): string => allOf(encodeInSteps(request, model, serving))

/** As {@link encodeChatRequest}: 10 MB of history take 30 ms, 10 MB of tools 250 ms. */
export function* encodeInSteps(
  request: ChatRequest,
  model: string,
  serving: Pick<Serving, 'overflow'>,
): Steps<string> {
  const pace = new Pace()
  const tools = yield* writeTools(request.tools, pace)
  const messages = yield* writeMessages(request.messages, pace)
  const said = JSON.stringify({
    format: request.format,
    // Our words are Ollama's own (`api/types.go: ThinkValue`); absent, a model that can think does.
    think: request.effort,
    options: encodeOptions(request),
    keep_alive: request.keepAlive,
    logprobs: request.logprobs && true,
    top_logprobs: request.logprobs?.top || undefined,
  })
  return [
    `{"model":${JSON.stringify(model)},"messages":[${messages}],"stream":true`,
    `,"truncate":${serving.overflow === 'truncate'}`,
    tools === '' ? '' : `,"tools":[${tools}]`,
    said === '{}' ? '}' : `,${said.slice(1)}`,
  ].join('')
}

/** The elements of `messages`, between commas. */
function* writeMessages(messages: readonly Message[], pace: Pace): Steps<string> {
  let written = ''
  for (const message of messages) {
    const text = yield* writeMessage(message, pace)
    written += written === '' ? text : `,${text}`
    // What is longer has rested on its way.
    if (pace.isDue(EFFORT + (text.length < LONG ? text.length : 0))) yield
  }
  return written
}

/** Of anything, besides its characters. */
const EFFORT = 100

/** The elements of `tools`, between commas. */
function* writeTools(tools: readonly Tool[], pace: Pace): Steps<string> {
  const room = createRoom()
  let written = ''
  for (const [index, tool] of tools.entries()) {
    const text = JSON.stringify(encodeTool(tool, index, room))
    written += written === '' ? text : `,${text}`
    // To read a schema takes a good deal more than to write it.
    if (pace.isDue(EFFORT + 10 * text.length)) yield
  }
  return written
}
