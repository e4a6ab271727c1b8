/** POST /v1/completions. */
import { RESPONSE_ALREADY_SENT } from '@hono/node-server/utils/response'
import { fitPrompt } from '../catalog/fit.ts'
import type { ModelCard } from '../catalog/model-card.ts'
import { retold } from '../chat/completion.ts'
import { Continuation } from '../chat/continuation.ts'
import { type SeveralCompletions, SeveralCompletionsFold } from '../chat/several-completions.ts'
import type { SeveralTurnsEvent } from '../chat/several-turns.ts'
import { CompletionChunkEncoder } from '../dialects/openai/completion-chunk.ts'
import { decodeCompletionRequest } from '../dialects/openai/completion-request.ts'
import { encodeCompletion } from '../dialects/openai/completion.ts'
import type { ReasoningField } from '../dialects/openai/reasoning-field.ts'
import type { Stamp } from '../dialects/openai/stamp.ts'
import { Failed } from '../failure.ts'
import type { HeldBody } from './body-budget.ts'
import { Choices } from './choices.ts'
import type { AppContext } from './context.ts'
import { EventStream } from './event-stream.ts'
import { HeldTurn } from './held-turn.ts'
import { explain, resolveFor } from './model-access.ts'
import { atOnce, OneShot } from './one-shot.ts'
import { ordered } from './ordered.ts'
import { randomHex } from './random-hex.ts'
import { reasoningNameFor } from './reasoning-name.ts'
import { readJsonBody } from './request-body.ts'
import type { Rooms } from './rooms.ts'
import { tellIgnored } from './tell-ignored.ts'

/**
 * Goes on with one text or with several, streamed or whole. Several are answered one after another, in one
 * place: a list of a thousand is one client, and no more of the model is due to it than to the next.
 */
export const completions =
  (rooms: Rooms) =>
  async (c: AppContext): Promise<Response> => {
    const bytes = rooms.bodies.open()
    let begun: Begun
    try {
      begun = await begin(rooms, c, bytes)
    } finally {
      // They have gone upstream, or nowhere, or are kept for those that go later.
      bytes.release()
    }
    const { card, answered } = begun
    await answered.catch(explain(c.get('key'), rooms.catalog, card))
    return RESPONSE_ALREADY_SENT
  }

/** Turns under way. `answered` is when their client has the whole answer, or the head of a stream. */
type Begun = { readonly card: ModelCard; readonly answered: Promise<void> }

/** An answer that is gathered. */
type Gathering = OneShot<SeveralTurnsEvent, SeveralCompletions>

const begin = async (rooms: Rooms, c: AppContext, bytes: HeldBody): Promise<Begun> => {
  const { upstream, catalog, turns, places, config, log } = rooms
  const { outgoing } = c.env
  const record = c.get('record')
  const key = c.get('key')
  // Whoever will be sent away need not send a body before.
  places.check(key)
  const body = await readJsonBody(c.env, config.limits, bytes)
  const { prompts, echo, ...wanted } = decodeCompletionRequest(body, config.openai)
  record.model = wanted.request.model.slice(0, 200)
  record.stream = wanted.stream
  const card = await resolveFor(key, catalog, wanted.request.model, config.catalog)
  const { request, ignored } = fitPrompt(wanted.request, card, config.openai.strict)
  tellIgnored(outgoing, [...wanted.ignored, ...ignored], card.serving.overflow)
  // Reading the body and finding the model took their time.
  if (outgoing.destroyed) throw new Failed({ kind: 'client-closed' })
  if (turns.draining) throw new Failed({ kind: 'draining' })

  const stamp = newStamp(wanted.request.model)
  const reasoningField = reasoningNameFor(c, wanted.reasoningField, config.openai.reasoningField)
  const target = { card, requestId: record.id }
  const { maxResponseBytes } = config.upstream
  const isRetold = wanted.stream && !card.serving.streaming
  const share = Math.floor(maxResponseBytes / prompts.length)

  const start = (listener: EventStream<SeveralTurnsEvent> | Gathering): void => {
    const kept = bytes.handOver()
    const all = new Choices({
      count: prompts.length,
      prompts: 'each',
      listener,
      record,
      begin: (index, one) => {
        const asked = { ...request, prompt: prompts[index] ?? '' }
        const heard = isRetold ? atOnce(one, retold, share) : one
        const said = new Continuation(asked, echo)
        return upstream.generate(asked, target, ordered(said, record, log, heard))
      },
      another: () => undefined,
      onAllBegun: () => kept.release(),
    })
    listener.carry(all)
    all.start()
  }
  // Nothing that throws stands between a place and whoever gives it back.
  const place = places.enter(key)

  if (wanted.stream) {
    const { includeUsage } = wanted
    const encoder = new CompletionChunkEncoder({ stamp, reasoningField, includeUsage })
    const stream = new EventStream<SeveralTurnsEvent>(outgoing, encoder, config.downstream, record)
    const held = new HeldTurn(stream, place, record)
    turns.hold(held, outgoing, key)
    // Its early 200 and its heartbeats do not wait for its place.
    if (place.wait === undefined || (await held.hasItsPlace())) start(stream)
    return { card, answered: stream.opened }
  }
  const fold = new SeveralCompletionsFold(prompts.length, maxResponseBytes)
  const whole: Gathering = new OneShot(outgoing, config.downstream.writeStallMs, fold)
  const held = new HeldTurn(whole, place, record)
  turns.hold(held, outgoing, key)
  if (place.wait === undefined || (await held.hasItsPlace())) start(whole)
  return { card, answered: answer(whole, stamp, reasoningField) }
}

const answer = async (
  whole: Gathering,
  stamp: Stamp,
  reasoningField: ReasoningField,
): Promise<void> => {
  whole.answer(encodeCompletion(await whole.completion, stamp, reasoningField))
}

const newStamp = (model: string): Stamp => ({
  id: `cmpl-${randomHex()}`,
  created: Math.floor(Date.now() / 1000),
  model,
})
