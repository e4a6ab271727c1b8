/** POST /v1/embeddings. */
import type { ServerResponse } from 'node:http'
import { RESPONSE_ALREADY_SENT } from '@hono/node-server/utils/response'
import { serve } from '../catalog/fit.ts'
import { EmbeddingList } from '../dialects/openai/embedding-list.ts'
import { decodeEmbeddingRequest } from '../dialects/openai/embedding-request.ts'
import { invalid } from '../dialects/openai/refusal.ts'
import { batchesOf } from '../embedding/batches.ts'
import type { Embedded, EmbeddingRequest } from '../embedding/request.ts'
import { Failed, type Failure } from '../failure.ts'
import type { AppContext } from './context.ts'
import { HeldTurn } from './held-turn.ts'
import { explain, resolveFor } from './model-access.ts'
import type { OpenTurn } from './open-turns.ts'
import { readJsonBody } from './request-body.ts'
import type { Rooms } from './rooms.ts'
import { tellIgnored } from './tell-ignored.ts'
import { writeWhole } from './whole-answer.ts'

/** Answers one request for vectors, of any number of texts. */
export const embeddings =
  (rooms: Rooms) =>
  async (c: AppContext): Promise<Response> => {
    const { upstream, catalog, turns, places, bodies, config } = rooms
    const { outgoing } = c.env
    const record = c.get('record')
    const key = c.get('key')
    // Counted to the end: the texts that are still to be sent are kept so long.
    const bytes = bodies.open()
    try {
      places.check(key)
      const body = await readJsonBody(c.env, config.limits, bytes)
      const wanted = decodeEmbeddingRequest(body, config.openai)
      record.model = wanted.request.model.slice(0, 200)
      record.stream = false
      const card = await resolveFor(key, catalog, wanted.request.model, config.catalog)
      const { served, ignored } = serve(wanted.request, card, config.openai.strict)
      tellIgnored(outgoing, [...wanted.ignored, ...ignored], card.serving.overflow)
      if (outgoing.destroyed) throw new Failed({ kind: 'client-closed' })
      if (turns.draining) throw new Failed({ kind: 'draining' })
      const place = places.enter(key)
      const effort = new Effort(outgoing)
      const held = new HeldTurn(effort, place, record)
      turns.hold(held, outgoing, key)
      if (place.wait !== undefined) await held.hasItsPlace()
      const list = new EmbeddingList(wanted.request.model, wanted.encoding)
      const target = { card, requestId: record.id }
      const request = { ...wanted.request, ...served }
      const ask: Ask = (inputs) =>
        effort.of((signal) => upstream.embed({ ...request, inputs }, target, signal))
      const tokens = await gather(ask, request, list, config.upstream.maxResponseBytes).catch(
        explain(key, catalog, card),
      )
      record.usage = { promptTokens: tokens, completionTokens: 0 }
      writeWhole(outgoing, list.end(tokens), config.downstream.writeStallMs)
      return RESPONSE_ALREADY_SENT
    } finally {
      bytes.release()
    }
  }

/** Asks for the vectors of a batch. */
type Ask = (inputs: readonly string[]) => Promise<Embedded>

/**
 * @param most how long the list may become: a short text can be a vector of 80 KB, and a body holds fifty thousand.
 * @returns the tokens of all inputs. @throws Failed; part of an answer is no answer.
 */
const gather = async (
  ask: Ask,
  request: EmbeddingRequest,
  list: EmbeddingList,
  most: number,
): Promise<number> => {
  let tokens = 0
  for (const inputs of batchesOf(request.inputs)) {
    const { vectors, promptTokens } = await ask(inputs)
    const length = vectors[0]?.length ?? 0
    // Ollama gives what it has, without a word (`server/routes.go: EmbedHandler`).
    if (request.dimensions !== undefined && request.dimensions > length) {
      throw invalid('dimensions', `the vectors of this model have ${length}.`)
    }
    list.add(vectors)
    if (list.length > most) throw invalid('input', tooMany(most))
    tokens += promptTokens
  }
  return tokens
}

const tooMany = (most: number): string =>
  `the vectors of so many texts are more than ${most} bytes. Send fewer at a time, or have the upstream's maxResponseBytes raised.`

/** What is done for one client, and ends when the client leaves, or when somebody says so. */
class Effort implements OpenTurn {
  readonly #controller = new AbortController()
  #failure: Failure | null = null

  constructor(response: ServerResponse) {
    response.once('close', () => this.fail({ kind: 'client-closed' }))
    if (response.destroyed) this.fail({ kind: 'client-closed' })
  }

  fail(failure: Failure): void {
    this.#failure ??= failure
    this.#controller.abort()
  }

  /** @throws Failed that it was ended with, or what the work throws. */
  async of<T>(work: (signal: AbortSignal) => Promise<T>): Promise<T> {
    try {
      if (this.#failure !== null) throw new Failed(this.#failure)
      return await work(this.#controller.signal)
    } catch (error) {
      throw this.#failure === null ? error : new Failed(this.#failure)
    }
  }
}
