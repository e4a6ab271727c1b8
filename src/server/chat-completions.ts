/** POST /v1/chat/completions. */
import { RESPONSE_ALREADY_SENT } from '@hono/node-server/utils/response'
import { fit } from '../catalog/fit.ts'
import type { ModelCard } from '../catalog/model-card.ts'
import { retold } from '../chat/completion.ts'
import { Turn } from '../chat/turn.ts'
import { ChunkEncoder } from '../dialects/openai/chat-completion-chunk.ts'
import { decodeInSteps } from '../dialects/openai/chat-completion-request.ts'
import { encodeChatCompletion } from '../dialects/openai/chat-completion.ts'
import { decodeReasoningHeader, type ReasoningField } from '../dialects/openai/reasoning-field.ts'
import type { Stamp } from '../dialects/openai/stamp.ts'
import { Failed } from '../failure.ts'
import type { HeldBody } from './body-budget.ts'
import type { AppContext } from './context.ts'
import { EventStream } from './event-stream.ts'
import { HeldTurn } from './held-turn.ts'
import { inTurns } from './in-turns.ts'
import { explain, resolveFor } from './model-access.ts'
import { atOnce, OneShot } from './one-shot.ts'
import { ordered } from './ordered.ts'
import { randomHex } from './random-hex.ts'
import { readJsonBody } from './request-body.ts'
import type { Rooms } from './rooms.ts'
import { tellIgnored } from './tell-ignored.ts'

/** Answers one chat, streamed or whole. */
export const chatCompletions =
  (rooms: Rooms) =>
  async (c: AppContext): Promise<Response> => {
    const bytes = rooms.bodies.open()
    let begun: Begun
    try {
      begun = await begin(rooms, c, bytes)
    } finally {
      // They have gone upstream, or nowhere.
      bytes.release()
    }
    // From here on nothing holds the request: a long answer must not keep a long conversation.
    const { card, answered } = begun
    await answered.catch(explain(c.get('key'), rooms.catalog, card))
    return RESPONSE_ALREADY_SENT
  }

/** A turn under way. `answered` is when its client has the whole answer, or the head of a stream. */
type Begun = { readonly card: ModelCard; readonly answered: Promise<void> }

const begin = async (
  { upstream, catalog, turns, places, config, log }: Rooms,
  c: AppContext,
  bytes: HeldBody,
): Promise<Begun> => {
  const { outgoing } = c.env
  const record = c.get('record')
  const key = c.get('key')
  // Whoever will be sent away need not send a body before.
  places.check(key)
  const body = await readJsonBody(c.env, config.limits, bytes)
  const wanted = await inTurns(decodeInSteps(body, config.openai), outgoing)
  record.model = wanted.request.model.slice(0, 200)
  record.stream = wanted.stream
  const card = await resolveFor(key, catalog, wanted.request.model, config.catalog)
  const { request, ignored } = fit(wanted.request, card, config.openai.strict)
  tellIgnored(outgoing, [...wanted.ignored, ...ignored], card.serving.overflow)
  // Reading the body and finding the model took their time.
  if (outgoing.destroyed) throw new Failed({ kind: 'client-closed' })
  if (turns.draining) throw new Failed({ kind: 'draining' })

  const { includeUsage, usedCallIds } = wanted
  const stamp = newStamp(wanted.request.model)
  const reasoningField =
    wanted.reasoningField ??
    decodeReasoningHeader(headerOf(c, 'x-tolk-reasoning-field')) ??
    config.openai.reasoningField
  const offered = request.tools.map(({ name }) => name)
  const turn = new Turn({ maxCalls: request.maxCalls, usedCallIds, offered, mintCallId })
  const target = { card, requestId: record.id }
  const { maxResponseBytes } = config.upstream
  // Nothing that throws stands between a place and whoever gives it back.
  const place = places.enter(key)

  if (wanted.stream) {
    const encoder = new ChunkEncoder({ stamp, reasoningField, includeUsage })
    const stream = new EventStream(outgoing, encoder, config.downstream, record)
    const listener = card.serving.streaming ? stream : atOnce(stream, retold, maxResponseBytes)
    const held = new HeldTurn(stream, place, record)
    turns.hold(held, outgoing, key)
    // Its early 200 and its heartbeats do not wait for its place.
    if (place.wait === undefined || (await held.hasItsPlace())) {
      stream.carry(upstream.chat(request, target, ordered(turn, record, log, listener)))
    }
    return { card, answered: stream.opened }
  }
  const whole = new OneShot(outgoing, config.downstream.writeStallMs, maxResponseBytes)
  const held = new HeldTurn(whole, place, record)
  turns.hold(held, outgoing, key)
  if (place.wait === undefined || (await held.hasItsPlace())) {
    whole.carry(upstream.chat(request, target, ordered(turn, record, log, whole)))
  }
  return { card, answered: answer(whole, stamp, reasoningField) }
}

const answer = async (
  whole: OneShot,
  stamp: Stamp,
  reasoningField: ReasoningField,
): Promise<void> => {
  whole.answer(encodeChatCompletion(await whole.completion, stamp, reasoningField))
}

/** As Node has it: through Hono all headers of the request would be gathered anew. */
const headerOf = (c: AppContext, name: string): string | undefined => {
  const value = c.env.incoming.headers[name]
  return Array.isArray(value) ? value.join(', ') : value
}

const mintCallId = (): string => `call_${randomHex()}`

const newStamp = (model: string): Stamp => ({
  id: `chatcmpl-${randomHex()}`,
  created: Math.floor(Date.now() / 1000),
  model,
})
