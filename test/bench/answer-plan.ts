/** An answer of the fake Ollama, built before anyone asks: its frames only have to be written. */
import { STAMP, tokenText, WORD_COUNT } from './tokens.ts'
import { type Workload, workloadOf } from './workload.ts'

/** Ollama's own lines, or the events of its OpenAI route: what Portkey asks it for. */
export type Dialect = 'native' | 'openai'

export type AnswerPlan = {
  readonly workload: Workload
  readonly head: Buffer
  /** One write each; an answer that has more begins again at the first. */
  readonly frames: readonly Frame[]
  /** How many writes the tokens take. */
  readonly writes: number
  /** The last line, and the end of the answer. */
  readonly end: Buffer
}

/** An HTTP chunk. */
export type Frame = {
  readonly bytes: Buffer
  /** Where in it the digits of a moment stand. */
  readonly stamps: readonly number[]
}

/** @throws when the model is none of the bench's. */
export const planAnswer = (model: string, dialect: Dialect): AnswerPlan => {
  const workload = workloadOf(model)
  const { tokens, thinking, perWrite } = workload
  if (tokens > DISTINCT && thinking > 0) throw new Error(`too long to think at its start: ${model}`)
  const { contentType, piece, end } = DIALECTS[dialect]
  const pieces = Array.from({ length: Math.min(tokens, DISTINCT) }, (_, index) =>
    piece(model, tokenText(workload, index), index < thinking),
  )
  const frames: Frame[] = []
  for (let at = 0; at < pieces.length; at += perWrite) {
    const bytes = chunk(pieces.slice(at, at + perWrite).join(''))
    frames.push({ bytes, stamps: stampsIn(bytes) })
  }
  return {
    workload,
    head: Buffer.from(
      `HTTP/1.1 200 OK\r\nContent-Type: ${contentType}\r\nDate: Fri, 21 Nov 2025 11:16:43 GMT\r\nTransfer-Encoding: chunked\r\n\r\n`,
    ),
    frames,
    writes: Math.ceil(tokens / perWrite),
    end: Buffer.concat([chunk(end(model, tokens)), Buffer.from('0\r\n\r\n')]),
  }
}

/** Long answers repeat what this many tokens say: a multiple of the words, and of what shares a write. */
const DISTINCT = WORD_COUNT * 200

const chunk = (text: string): Buffer => {
  const bytes = Buffer.from(text)
  return Buffer.concat([
    Buffer.from(`${bytes.length.toString(16)}\r\n`),
    bytes,
    Buffer.from('\r\n'),
  ])
}

const stampsIn = (bytes: Buffer): readonly number[] => {
  const found: number[] = []
  for (let at = bytes.indexOf(STAMP); at !== -1; at = bytes.indexOf(STAMP, at + 1)) {
    found.push(at + ' @'.length)
  }
  return found
}

const CREATED_AT = '2025-11-21T11:16:43.123456789Z'

/** Key order and spelling as Ollama 0.33 writes them. */
const nativePiece = (model: string, text: string, isThinking: boolean): string => {
  const said = isThinking ? { content: '', thinking: text } : { content: text }
  const message = { role: 'assistant', ...said }
  return `${JSON.stringify({ model, created_at: CREATED_AT, message, done: false })}\n`
}

const nativeEnd = (model: string, tokens: number): string =>
  `${JSON.stringify({
    model,
    created_at: CREATED_AT,
    message: { role: 'assistant', content: '' },
    done: true,
    done_reason: 'stop',
    total_duration: 4_883_583_458,
    load_duration: 1_334_875,
    prompt_eval_count: 26,
    prompt_eval_duration: 342_546_000,
    eval_count: tokens,
    eval_duration: 4_535_599_000,
  })}\n`

const openaiEvent = (model: string, rest: object): string =>
  `data: ${JSON.stringify({
    id: 'chatcmpl-1',
    object: 'chat.completion.chunk',
    created: 1_763_723_803,
    model,
    system_fingerprint: 'fp_ollama',
    ...rest,
  })}\n\n`

const openaiPiece = (model: string, text: string, isThinking: boolean): string => {
  const said = isThinking ? { content: '', reasoning: text } : { content: text }
  const delta = { role: 'assistant', ...said }
  return openaiEvent(model, { choices: [{ index: 0, delta, finish_reason: null }] })
}

const openaiEnd = (model: string, tokens: number): string => {
  const delta = { role: 'assistant', content: '' }
  const last = openaiEvent(model, { choices: [{ index: 0, delta, finish_reason: 'stop' }] })
  const usage = { prompt_tokens: 26, completion_tokens: tokens, total_tokens: 26 + tokens }
  return `${last}${openaiEvent(model, { choices: [], usage })}data: [DONE]\n\n`
}

const DIALECTS = {
  native: { contentType: 'application/x-ndjson', piece: nativePiece, end: nativeEnd },
  openai: { contentType: 'text/event-stream', piece: openaiPiece, end: openaiEnd },
} as const
