/** A demo model's turn as Ollama's lines: token by token, at a pace, within the request's limits. */
import { hashOf } from './hash.ts'
import type { DemoTurn } from './mind.ts'
import type { NativeChat } from './native-chat.ts'
import type { Script, Step } from './script.ts'
import { piecesOf, promptTokens } from './tokens.ts'
import type { DemoCall } from './tool-use.ts'

/**
 * @param pace 1 is a person's reading pace, 30 to 60 ms a token; 0 is as fast as it goes.
 * @returns the script of the answer; one JSON object if the request says `stream: false`.
 */
export const speak = (turn: DemoTurn, chat: NativeChat, pace: number): Script => {
  const { body } = chat
  const { tokens, reason } = limited(turn, chat)
  const last = { reason, metrics: metricsOf(promptTokens(body), tokens.length) }
  if (body.stream === false) return inOnePiece(tokens, last, chat, pace)
  return lines(tokens, last, chat, pace)
}

/** What the last line says beside `done`. */
type Last = { readonly reason: 'stop' | 'length'; readonly metrics: object }

/** One step of the model's: a piece of one of its three voices. */
type Token = {
  readonly voice: 'thinking' | 'content' | 'call'
  readonly piece: string
  /** On the token that completes it. */
  readonly call?: object
}

function* lines(tokens: readonly Token[], last: Last, chat: NativeChat, pace: number) {
  yield* pause(LOAD_MS * pace)
  for (const [index, token] of tokens.entries()) {
    yield* pause((30 + (hashOf(`${index}${token.piece}`) % 31)) * pace)
    const isSilent = token.voice === 'call' && token.call === undefined
    if (isSilent) continue
    const logprobs = logprobsOf([token], chat)
    yield { line: { ...stamp(chat), message: messageOf([token]), done: false, ...logprobs } }
  }
  const ending = { done_reason: last.reason, ...last.metrics }
  yield { line: { ...stamp(chat), message: messageOf([]), done: true, ...ending } }
}

function* inOnePiece(tokens: readonly Token[], last: Last, chat: NativeChat, pace: number) {
  yield* pause((LOAD_MS + tokens.length * 45) * pace)
  yield {
    status: 200,
    body: {
      ...stamp(chat),
      message: messageOf(tokens),
      done: true,
      done_reason: last.reason,
      ...logprobsOf(tokens, chat),
      ...last.metrics,
    },
  }
}

/** How long the prompt takes to read, ms. */
const LOAD_MS = 400

function* pause(ms: number): Generator<Step> {
  if (ms > 0) yield { pause: ms }
}

/** The turn's tokens up to the first limit that ends it; a call that is cut is never said. */
const limited = (
  turn: DemoTurn,
  chat: NativeChat,
): { readonly tokens: readonly Token[]; readonly reason: Last['reason'] } => {
  const { body } = chat
  const stops = stopsIn(body.options?.['stop'])
  const ends = stops.map((stop) => turn.text.indexOf(stop)).filter((at) => at !== -1)
  const isStopped = ends.length > 0
  const text = isStopped ? turn.text.slice(0, Math.min(...ends)) : turn.text
  const calls = isStopped ? [] : turn.calls
  const tokens = [
    ...piecesOf(turn.thinking).map((piece): Token => ({ voice: 'thinking', piece })),
    ...piecesOf(text).map((piece): Token => ({ voice: 'content', piece })),
    ...calls.flatMap((call, index) => callTokens(call, index, chat)),
  ]
  const limit = Number(body.options?.['num_predict'] ?? -1)
  const isCut = limit > 0 && limit < tokens.length
  return isCut ? { tokens: tokens.slice(0, limit), reason: 'length' } : { tokens, reason: 'stop' }
}

const callTokens = (call: DemoCall, index: number, chat: NativeChat): readonly Token[] => {
  const pieces = piecesOf(JSON.stringify(call))
  const seed = JSON.stringify([chat.body.messages, call, index])
  const id = `call_${hashOf(seed).toString(36).padStart(7, '0')}${hashOf(`${seed}.`).toString(36)}`
  const whole = {
    id: id.slice(0, 'call_'.length + 8),
    function: { index, name: call.name, arguments: call.arguments },
  }
  return pieces.map((piece, at) =>
    at === pieces.length - 1 ? { voice: 'call', piece, call: whole } : { voice: 'call', piece },
  )
}

const stopsIn = (stop: unknown): readonly string[] =>
  Array.isArray(stop) ? stop.filter((one) => typeof one === 'string' && one !== '') : []

const stamp = ({ name }: NativeChat): object => ({
  model: name,
  created_at: new Date().toISOString(),
})

const messageOf = (tokens: readonly Token[]): object => {
  const said = (voice: Token['voice']): string =>
    tokens
      .filter((token) => token.voice === voice)
      .map(({ piece }) => piece)
      .join('')
  const thinking = said('thinking')
  const calls = tokens.flatMap(({ call }) => call ?? [])
  return {
    role: 'assistant',
    content: said('content'),
    ...(thinking === '' ? {} : { thinking }),
    ...(calls.length === 0 ? {} : { tool_calls: calls }),
  }
}

const logprobsOf = (tokens: readonly Token[], { body }: NativeChat): object => {
  if (body.logprobs !== true) return {}
  const top = body.top_logprobs ?? 0
  return {
    logprobs: tokens.map(({ piece }) => {
      const own = scored(piece, -(hashOf(piece) % 500) / 1000)
      if (top === 0) return own
      const others = Array.from({ length: top - 1 }, (_, rank) =>
        scored(` or${rank + 1}`, own.logprob - 1 - rank),
      )
      return { ...own, top_logprobs: [own, ...others] }
    }),
  }
}

const scored = (token: string, logprob: number) => ({
  token,
  logprob,
  bytes: [...Buffer.from(token)],
})

/** Nanoseconds, as if every machine were the same. */
const metricsOf = (prompt: number, said: number): object => {
  const load = 1_500_000
  const reading = prompt * 900_000
  const saying = said * 45_000_000
  return {
    total_duration: load + reading + saying,
    load_duration: load,
    prompt_eval_count: prompt,
    prompt_eval_duration: reading,
    eval_count: said,
    eval_duration: saying,
  }
}
