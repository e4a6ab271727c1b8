/** ChatRequest → the body of `POST /api/chat` (`api/types.go: ChatRequest`, 0.33). */
import type { Serving } from '../../catalog/model-card.ts'
import type { ChatRequest } from '../../chat/request.ts'
import { encodeMessage } from './message.ts'
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
): string => {
  const room = createRoom()
  const tools = request.tools.map((tool, index) => encodeTool(tool, index, room))
  return JSON.stringify({
    model,
    messages: request.messages.map(encodeMessage),
    stream: true,
    truncate: serving.overflow === 'truncate',
    tools: tools.length === 0 ? undefined : tools,
    format: request.format,
    // Our words are Ollama's own (`api/types.go: ThinkValue`); absent, a model that can think does.
    think: request.effort,
    options: encodeOptions(request),
    keep_alive: request.keepAlive,
    logprobs: request.logprobs && true,
    top_logprobs: request.logprobs?.top || undefined,
  })
}
