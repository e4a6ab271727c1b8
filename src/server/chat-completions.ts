/** POST /v1/chat/completions. */
import { RESPONSE_ALREADY_SENT } from '@hono/node-server/utils/response'
import { fit } from '../catalog/fit.ts'
import type { ModelCard } from '../catalog/model-card.ts'
import { CompletionFold, retold } from '../chat/completion.ts'
import type { ChatRequest } from '../chat/request.ts'
import { seededFor } from '../chat/seeds.ts'
import { type SeveralCompletions, SeveralCompletionsFold } from '../chat/several-completions.ts'
import type { SeveralTurnsEvent } from '../chat/several-turns.ts'
import { Turn, type TurnRules } from '../chat/turn.ts'
import { ChunkEncoder } from '../dialects/openai/chat-completion-chunk.ts'
import {
  type ChatCompletionRequest,
  decodeInSteps,
  type RequestPolicy,
} from '../dialects/openai/chat-completion-request.ts'
import { encodeChatCompletion, encodeChatCompletions } from '../dialects/openai/chat-completion.ts'
import { ChoicesEncoder } from '../dialects/openai/choice-chunks.ts'
import type { ReasoningField } from '../dialects/openai/reasoning-field.ts'
import type { Stamp } from '../dialects/openai/stamp.ts'
import { Failed } from '../failure.ts'
import type { Pictures } from '../media/pictures.ts'
import type { ChatTarget } from '../upstream/upstream.ts'
import type { HeldBody } from './body-budget.ts'
import { Choices } from './choices.ts'
import type { AppContext } from './context.ts'
import { EventStream } from './event-stream.ts'
import { HeldTurn } from './held-turn.ts'
import { inTurns } from './in-turns.ts'
import { explain, resolveFor } from './model-access.ts'
import { atOnce, OneShot } from './one-shot.ts'
import { ordered } from './ordered.ts'
import { randomHex } from './random-hex.ts'
import { reasoningNameFor } from './reasoning-name.ts'
import { readJsonBody } from './request-body.ts'
import type { Rooms } from './rooms.ts'
import { tellIgnored } from './tell-ignored.ts'

/** Answers one chat, streamed or whole. */
export const chatCompletions =
  (rooms: Rooms, policy = policyOf(rooms)) =>
  async (c: AppContext): Promise<Response> => {
    const bytes = rooms.bodies.open()
    let begun: Begun
    try {
      begun = await begin(rooms, policy, c, bytes)
    } finally {
      // They have gone upstream, or nowhere.
      bytes.release()
    }
    // From here on nothing holds the request: a long answer must not keep a long conversation.
    const { card, answered } = begun
    await answered.catch(explain(c.get('key'), rooms.catalog, card))
    return RESPONSE_ALREADY_SENT
  }

const policyOf = ({ config: { openai, limits }, pictures }: Rooms): RequestPolicy => ({
  strict: openai.strict,
  allowLoadOptions: openai.allowLoadOptions,
  maxChoices: limits.maxChoices,
  mayFetch: pictures !== undefined,
})

/** A turn under way. `answered` is when its client has the whole answer, or the head of a stream. */
type Begun = { readonly card: ModelCard; readonly answered: Promise<void> }

const begin = async (
  rooms: Rooms,
  policy: RequestPolicy,
  c: AppContext,
  bytes: HeldBody,
): Promise<Begun> => {
  const { upstream, catalog, turns, places, pictures, config, log } = rooms
  const { outgoing } = c.env
  const record = c.get('record')
  const key = c.get('key')
  // Whoever will be sent away need not send a body before.
  places.check(key)
  const body = await readJsonBody(c.env, config.limits, bytes)
  const wanted = await inTurns(decodeInSteps(body, policy), outgoing)
  record.model = wanted.request.model.slice(0, 200)
  record.stream = wanted.stream
  const card = await resolveFor(key, catalog, wanted.request.model, config.catalog)
  const { request: fitted, ignored } = fit(wanted.request, card, policy.strict)
  tellIgnored(outgoing, [...wanted.ignored, ...ignored], card.serving.overflow)
  const request =
    pictures === undefined ? fitted : await illustrated(pictures, fitted, outgoing, bytes)
  // Reading the body and finding the model took their time.
  if (outgoing.destroyed) throw new Failed({ kind: 'client-closed' })
  if (turns.draining) throw new Failed({ kind: 'draining' })

  const { includeUsage, usedCallIds } = wanted
  const stamp = newStamp(wanted.request.model)
  const reasoningField = reasoningNameFor(c, wanted.reasoningField, config.openai.reasoningField)
  const target = { card, requestId: record.id }
  if (wanted.choices > 1) {
    return beginSeveral(rooms, c, bytes, { wanted, request, target, stamp, reasoningField })
  }
  const turn = new Turn(rulesOf(request, usedCallIds))
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
  const fold = new CompletionFold(maxResponseBytes)
  const whole = new OneShot(outgoing, config.downstream.writeStallMs, fold)
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

/** With the pictures that are elsewhere, which count as its body does; a client that leaves has the fetching end. */
const illustrated = async (
  pictures: Pictures,
  request: ChatRequest,
  outgoing: AppContext['env']['outgoing'],
  bytes: HeldBody,
): Promise<ChatRequest> => {
  const leaving = new AbortController()
  const leave = (): void => leaving.abort()
  outgoing.once('close', leave)
  try {
    return await pictures.fill(request, leaving.signal, (count) => bytes.take(count))
  } finally {
    outgoing.off('close', leave)
  }
}

/** An answer of several choices, gathered. */
type Gathering = OneShot<SeveralTurnsEvent, SeveralCompletions>

type Several = {
  readonly wanted: ChatCompletionRequest
  readonly request: ChatRequest
  readonly target: ChatTarget
  readonly stamp: Stamp
  readonly reasoningField: ReasoningField
}

/** The same for an answer of several choices, which ends for all of them at once. */
const beginSeveral = async (
  { upstream, turns, places, config, log }: Rooms,
  c: AppContext,
  bytes: HeldBody,
  { wanted, request, target, stamp, reasoningField }: Several,
): Promise<Begun> => {
  const { outgoing } = c.env
  const record = c.get('record')
  const key = c.get('key')
  const { card } = target
  const { choices: count, includeUsage, usedCallIds } = wanted
  const { maxResponseBytes } = config.upstream
  const chance = Math.floor(Math.random() * 2 ** 31)
  const isRetold = wanted.stream && !card.serving.streaming
  const share = Math.floor(maxResponseBytes / count)

  const start = (listener: EventStream<SeveralTurnsEvent> | Gathering): void => {
    // Those that have to wait go upstream later.
    const kept = bytes.handOver()
    const all = new Choices({
      count,
      listener,
      record,
      begin: (index, one) => {
        const heard = isRetold ? atOnce(one, retold, share) : one
        const turn = new Turn(rulesOf(request, usedCallIds))
        const asked = seededFor(request, index, chance)
        return upstream.chat(asked, target, ordered(turn, record, log, heard))
      },
      another: () => places.another(key),
      onAllBegun: () => kept.release(),
    })
    listener.carry(all)
    all.start()
  }
  const place = places.enter(key)

  if (wanted.stream) {
    const encoder = new ChoicesEncoder(count, { stamp, reasoningField, includeUsage })
    const stream = new EventStream<SeveralTurnsEvent>(outgoing, encoder, config.downstream, record)
    const held = new HeldTurn(stream, place, record)
    turns.hold(held, outgoing, key)
    if (place.wait === undefined || (await held.hasItsPlace())) start(stream)
    return { card, answered: stream.opened }
  }
  const fold = new SeveralCompletionsFold(count, maxResponseBytes)
  const whole = new OneShot(outgoing, config.downstream.writeStallMs, fold)
  const held = new HeldTurn(whole, place, record)
  turns.hold(held, outgoing, key)
  if (place.wait === undefined || (await held.hasItsPlace())) start(whole)
  return { card, answered: answerSeveral(whole, stamp, reasoningField) }
}

const answerSeveral = async (
  whole: Gathering,
  stamp: Stamp,
  reasoningField: ReasoningField,
): Promise<void> => {
  whole.answer(encodeChatCompletions(await whole.completion, stamp, reasoningField))
}

const rulesOf = (request: ChatRequest, usedCallIds: ReadonlySet<string>): TurnRules => ({
  maxCalls: request.maxCalls,
  usedCallIds,
  offered: request.tools.map(({ name }) => name),
  isJson: request.format !== undefined,
  mintCallId,
})

const mintCallId = (): string => `call_${randomHex()}`

const newStamp = (model: string): Stamp => ({
  id: `chatcmpl-${randomHex()}`,
  created: Math.floor(Date.now() / 1000),
  model,
})
