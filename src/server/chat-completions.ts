/** POST /v1/chat/completions. */
import { RESPONSE_ALREADY_SENT } from '@hono/node-server/utils/response'
import { fit } from '../catalog/fit.ts'
import { retold } from '../chat/completion.ts'
import { Turn } from '../chat/turn.ts'
import { ChunkEncoder } from '../dialects/openai/chat-completion-chunk.ts'
import { decodeChatCompletionRequest } from '../dialects/openai/chat-completion-request.ts'
import { encodeChatCompletion } from '../dialects/openai/chat-completion.ts'
import { decodeReasoningHeader } from '../dialects/openai/reasoning-field.ts'
import type { Stamp } from '../dialects/openai/stamp.ts'
import { Failed, type Failure } from '../failure.ts'
import type { Listener } from '../upstream/upstream.ts'
import type { AppContext } from './context.ts'
import { EventStream } from './event-stream.ts'
import { explain, resolveFor } from './model-access.ts'
import { atOnce, OneShot } from './one-shot.ts'
import { ordered } from './ordered.ts'
import { randomHex } from './random-hex.ts'
import { readJsonBody } from './request-body.ts'
import type { Rooms } from './rooms.ts'

/** Answers one chat, streamed or whole. */
export const chatCompletions =
  ({ upstream, catalog, turns, config, log }: Rooms) =>
  async (c: AppContext): Promise<Response> => {
    const { outgoing } = c.env
    const key = c.get('key')
    const record = c.get('record')
    const body = await readJsonBody(c.env, config.limits)
    const wanted = decodeChatCompletionRequest(body, config.openai)
    record.model = wanted.request.model.slice(0, 200)
    record.stream = wanted.stream
    const card = await resolveFor(key, catalog, wanted.request.model)
    const { request, ignored } = fit(wanted.request, card, config.openai.strict)
    tell(outgoing, [...wanted.ignored, ...ignored], card.serving.overflow)
    // Reading the body and finding the model took their time.
    if (outgoing.destroyed) throw new Failed({ kind: 'client-closed' })
    if (turns.draining) throw new Failed({ kind: 'draining' })

    const stamp = newStamp(wanted.request.model)
    const reasoningField =
      wanted.reasoningField ??
      decodeReasoningHeader(c.req.header('x-tolk-reasoning-field')) ??
      config.openai.reasoningField
    const turn = new Turn({
      maxCalls: request.maxCalls,
      usedCallIds: wanted.usedCallIds,
      mintCallId: () => `call_${randomHex()}`,
    })
    const ask = (listener: Listener) =>
      upstream.chat(request, { card, requestId: record.id }, ordered(turn, record, log, listener))

    if (wanted.stream) {
      const { includeUsage } = wanted
      const encoder = new ChunkEncoder({ stamp, reasoningField, includeUsage })
      const stream = new EventStream(outgoing, encoder, config.downstream)
      const fail = (failure: Failure): void => {
        record.failure = failure.kind
        stream.fail(failure)
      }
      turns.hold({ fail }, outgoing)
      stream.carry(ask(card.serving.streaming ? stream : atOnce(stream, retold)))
      await stream.opened.catch(explain(key, catalog, card))
      return RESPONSE_ALREADY_SENT
    }
    const whole = new OneShot(outgoing, config.downstream.writeStallMs)
    turns.hold(whole, outgoing)
    whole.carry(ask(whole))
    const completion = await whole.completion.catch(explain(key, catalog, card))
    whole.answer(encodeChatCompletion(completion, stamp, reasoningField))
    return RESPONSE_ALREADY_SENT
  }

const newStamp = (model: string): Stamp => ({
  id: `chatcmpl-${randomHex()}`,
  created: Math.floor(Date.now() / 1000),
  model,
})

/**
 * Says in headers what was not done as asked. Set on the raw response: it has to be there when a stream
 * writes its head itself.
 */
const tell = (
  outgoing: AppContext['env']['outgoing'],
  ignored: readonly string[],
  overflow: 'error' | 'truncate',
): void => {
  if (ignored.length > 0) outgoing.setHeader('x-tolk-ignored', ignored.join(', '))
  if (overflow === 'truncate') outgoing.setHeader('x-tolk-overflow', overflow)
}
