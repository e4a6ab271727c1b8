/** Ollama as an Upstream: its dialect, over HTTP, pumped. */
import type { Serving } from '../catalog/model-card.ts'
import { encodeInPieces } from '../dialects/ollama/chat-request.ts'
import { ChatResponseDecoder } from '../dialects/ollama/chat-response.ts'
import { decoderFor } from '../dialects/ollama/forced-call.ts'
import { decodeEmbedResponse, encodeEmbedRequest } from '../dialects/ollama/embed.ts'
import { decodeError } from '../dialects/ollama/error.ts'
import { encodeGenerateRequest } from '../dialects/ollama/generate-request.ts'
import { GENERATE, ofPrompt } from '../dialects/ollama/generate-response.ts'
import { PrintedAliasDecoder } from '../dialects/ollama/printed-alias.ts'
import { toolNames } from '../dialects/ollama/tool-names.ts'
import { decodeVersion } from '../dialects/ollama/version.ts'
import { Failed, type Failure } from '../failure.ts'
import { hiding } from './credential-words.ts'
import { createDiscovery } from './discovery.ts'
import type { Ask } from './ask.ts'
import { createHttp, type Http, type HttpConfig, type WholeReply } from './http.ts'
import { UNHEARD } from './incidents.ts'
import { Preparation } from './preparation.ts'
import { Pump, type Patience } from './pump.ts'
import type { Upstream } from './upstream.ts'

export type OllamaConfig = HttpConfig &
  Patience & {
    /** The longest NDJSON line that is taken, bytes. */
    readonly maxLineBytes: number
  }

/** An Upstream whose credential can change while it is used. */
export type Ollama = Upstream & Pick<Http, 'renew'>

/** @param servingOf how the operator wants a model served, by its upstream name. */
export const createOllama = (
  config: OllamaConfig,
  servingOf: (name: string) => Serving,
): Ollama => {
  const http = createHttp(config)
  const { odd } = config.incidents ?? UNHEARD
  const lingering = new Set<string>()
  let credential = config.headers
  let hide = hiding(credential)
  const refusal: Refusal = ({ status, headers, body }, model) => {
    const after = headers['retry-after']
    const retryAfter = typeof after === 'string' ? after : undefined
    return decodeError({ status, body, retryAfter }, model, hide)
  }
  const refusalOfPrompt: Refusal = (reply, model) => ofPrompt(refusal(reply, model))

  const ask: Ask = async (method, path, body, signal) => {
    const reply = await http.ask({ method, path, body }, signal)
    if (reply.status === 200) return reply.body
    throw new Failed(refusal(reply, ''))
  }

  return {
    chat: (asked, { card, requestId }, listener) => {
      const { request, called } = toolNames(asked)
      const pieces = encodeInPieces(request, card.name, card.serving)
      const answer = new ChatResponseDecoder(config.maxLineBytes, odd, hide, called)
      const heard = request === asked ? answer : new PrintedAliasDecoder(answer, request, called)
      const decoder = decoderFor(request, heard, called)
      const pump = new Pump({
        decoder,
        listener,
        patience: config,
        refusal: refusalOf(refusal, request.model),
        odd,
        model: card.name,
        lingering,
      })
      const send = (body: string | Buffer) =>
        http.send({ method: 'POST', path: '/api/chat', body, requestId }, pump)
      return pump.start(new Preparation(pieces, send, pump))
    },
    generate: (request, { card, requestId }, listener) => {
      const pieces = encodeGenerateRequest(request, card.name, card.serving)
      const pump = new Pump({
        decoder: new ChatResponseDecoder(config.maxLineBytes, odd, hide, undefined, GENERATE),
        listener,
        patience: config,
        refusal: refusalOf(refusalOfPrompt, request.model),
        odd,
        model: card.name,
        lingering,
      })
      const send = (body: string | Buffer) =>
        http.send({ method: 'POST', path: '/api/generate', body, requestId }, pump)
      return pump.start(new Preparation(pieces, send, pump))
    },
    embed: async (request, { card, requestId }, signal) => {
      const body = encodeEmbedRequest(request, card.name, card.serving)
      const sent = { method: 'POST', path: '/api/embed', body, requestId } as const
      const reply = await http.ask(sent, signal, config.firstByteTimeoutMs)
      if (reply.status !== 200) throw new Failed(refusal(reply, request.model))
      return decodeEmbedResponse(reply.body, request.inputs.length)
    },
    models: createDiscovery({ ask, servingOf }),
    version: async (signal) => decodeVersion(await ask('GET', '/api/version', null, signal)),
    renew: (headers) => {
      http.renew(headers)
      // Calls under way have been sent with the one before.
      hide = hiding(headers, credential)
      credential = headers
    },
    close: () => http.close(),
  }
}

/** In a scope of its own, so that a turn keeps the name it was asked under, and not the conversation. */
const refusalOf = (refusal: Refusal, model: string) => (reply: WholeReply) => refusal(reply, model)

/** What an answer with another status than 200 means to whoever asked for this model. */
type Refusal = (reply: WholeReply, model: string) => Failure
