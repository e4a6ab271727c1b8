/** Plays faults to a tolk in three forms (streamed, whole, on a kept connection), and holds each against all that is promised of any. */
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest'
import { z } from 'zod'
import { refusalIn } from './envelope.ts'
import { createFaultUpstream, well, type Fault, type FaultUpstream } from './fault-upstream.ts'
import { ask, type RawAnswer } from './raw-client.ts'
import { readMetrics, sumOf } from './read-metrics.ts'
import { readCompletion, readStream } from './read-stream.ts'
import { startTolk, type Tolk, type TolkSettings } from './tolk.ts'

/** What the client gets. */
export type Gets =
  /** A whole answer of this text. */
  | { readonly answered: string; readonly finish?: string }
  /** A real status, streamed or not. */
  | { readonly status: number; readonly code: string; readonly message?: RegExp }
  /** Streamed: this text, then an error event; whole: the status. */
  | { readonly said: string; readonly code: string; readonly status: number }

export type FaultRow = {
  /** Begins with the row's id. */
  readonly title: string
  readonly fault: Fault
  readonly gets: Gets
  /** How often the upstream is asked on a kept connection; once on a fresh one, always. */
  readonly asked?: number
  /** The connection closes, though nothing more is asked. */
  readonly drops?: boolean
  /** How long the client waits at the least, ms. */
  readonly lastsMs?: number
  /** Headers of the answer; `undefined` for what may not be there. */
  readonly headers?: Readonly<Record<string, string | undefined>>
  /** The prompt; short unless said. */
  readonly prompt?: string
}

export const answered = (text: string, finish = 'stop'): Gets => ({ answered: text, finish })
export const before = (status: number, code: string, message?: RegExp): Gets => ({
  status,
  code,
  ...(message !== undefined && { message }),
})
export const after = (said: string, code: string, status = 502): Gets => ({ said, code, status })

const FORMS = [
  { form: 'streamed', stream: true, kept: false },
  { form: 'whole', stream: false, kept: false },
  { form: 'on a kept connection', stream: true, kept: true },
] as const

/** How many chats a row is: one and the next in each form, and on a kept connection the one before. */
const CHATS = 2 * FORMS.length + 1

type Form = (typeof FORMS)[number]

/** A test for each row, against one tolk. */
export const testFaults = (rows: readonly FaultRow[], settings: TolkSettings = {}): void => {
  let upstream: FaultUpstream
  let tolk: Tolk
  const unhandled: unknown[] = []
  const note = (cause: unknown): void => void unhandled.push(cause)

  beforeAll(async () => {
    process.on('unhandledRejection', note).on('uncaughtException', note)
    upstream = await createFaultUpstream()
    tolk = await startTolk(upstream.baseUrl, {
      ...settings,
      metrics: { port: 0 },
      upstream: { apiKey: 'canary-key', ...settings.upstream },
    })
    await tolk.catalog.started
  })
  // A row that failed is not the next one's matter.
  afterEach(() => {
    for (const socket of upstream.open) socket.destroy()
  })
  afterAll(async () => {
    await tolk.close()
    await upstream.close()
    process.off('unhandledRejection', note).off('uncaughtException', note)
  })

  test.each(rows)('$title', async (row) => {
    const { ended } = await counted(tolk)
    for (const form of FORMS) await play(upstream, tolk, row, form)
    expect(unhandled).toEqual([])
    const then = { inFlight: 0, ended: ended + CHATS }
    await expect.poll(() => counted(tolk), { interval: 5, timeout: 3000 }).toEqual(then)
  })
}

const play = async (
  upstream: FaultUpstream,
  tolk: Tolk,
  { fault, gets, asked = 1, drops = false, headers = {}, prompt, lastsMs = 0 }: FaultRow,
  { form, stream, kept }: Form,
): Promise<void> => {
  if (kept) {
    upstream.fault = well(true)
    holds(await chat(tolk, stream), answered('Hello.'), `before it, ${form}`, stream)
  }
  const first = upstream.chats.length
  upstream.fault = fault
  const began = performance.now()
  const answer = await chat(tolk, stream, prompt)
  expect(performance.now() - began).toBeGreaterThanOrEqual(lastsMs)
  const chats = upstream.chats.slice(first)
  expect({ form, asked: chats.length, nth: chats[0]?.nth }).toEqual({
    form,
    asked: kept ? asked : 1,
    nth: kept ? 2 : 1,
  })
  holds(answer, gets, form, stream)
  tellsNothing(answer, upstream.port)
  for (const [name, value] of Object.entries(headers)) expect(answer.headers[name]).toBe(value)
  if (drops) await soon(() => upstream.open.size, 0)

  upstream.fault = well(false)
  holds(await chat(tolk, stream), answered('Hello.'), `after it, ${form}`, stream)
  await soon(() => upstream.open.size, 0)
  await soon(() => outcomes(tolk, answer).length, 1)
  const outcome = 'answered' in gets ? /^ok$/ : /^(?!ok$|client|internal$)/
  expect(outcomes(tolk, answer)).toEqual([
    { status: answer.status, outcome: expect.stringMatching(outcome) },
  ])
}

const chat = (tolk: Tolk, stream: boolean, prompt = 'Hi'): Promise<RawAnswer> =>
  ask(tolk.url, {
    path: '/v1/chat/completions',
    body: { model: 'm', stream, messages: [{ role: 'user', content: prompt }] },
  })

/** The answer is just what it should be, and well-formed to its last octet. */
const holds = (answer: RawAnswer, gets: Gets, form: string, stream: boolean): void => {
  const { status, end } = answer
  const is = { form, status, end }
  if ('answered' in gets) {
    const said = status !== 200 ? answer.body : stream ? streamed(answer.body) : whole(answer.body)
    const finishes = [gets.finish ?? 'stop']
    return expect({ ...is, said }).toEqual({
      form,
      status: 200,
      end: 'whole',
      said: { text: gets.answered, finishes, code: null, isDone: true },
    })
  }
  if (stream && 'said' in gets) {
    const said = status === 200 ? streamed(answer.body) : answer.body
    return expect({ ...is, said }).toEqual({
      form,
      status: 200,
      end: 'whole',
      said: { text: gets.said, finishes: [], code: gets.code, isDone: false },
    })
  }
  const { code, message } = refusalIn(answer)
  expect({ ...is, code, message }).toEqual({
    form,
    status: gets.status,
    end: 'whole',
    code: gets.code,
    message: expect.stringMatching('message' in gets ? (gets.message ?? /./) : /./),
  })
  if (status >= 500) expect(answer.headers).toHaveProperty('x-should-retry')
}

const streamed = (body: string) => {
  const { choices, error, isDone } = readStream(body)
  return {
    text: choices.map(({ delta }) => ('content' in delta ? delta.content : '')).join(''),
    finishes: choices.flatMap(({ finish_reason: reason }) => reason ?? []),
    code: error?.code ?? null,
    isDone,
  }
}

const whole = (body: string) => {
  const [choice] = readCompletion(body).choices
  return {
    text: choice.message.content ?? '',
    finishes: [choice.finish_reason],
    code: null,
    isDone: true,
  }
}

/** No address, path, credential, cookie or page of the upstream's, and no trace of our code. */
const tellsNothing = ({ headers, body }: RawAnswer, port: number): void => {
  const text = JSON.stringify(headers) + body
  expect(text).not.toMatch(/canary|127\.0\.0\.1|localhost|\/api\/|<html|node:|\.ts\b|ECONN|EPIPE/i)
  expect(text).not.toMatch(new RegExp(`:${port}\\b`))
}

const logged = z.object({ request_id: z.string(), status: z.int(), outcome: z.string() })

/** The log's lines of this exchange. */
const outcomes = (tolk: Tolk, { headers }: RawAnswer): readonly object[] =>
  tolk.logged
    .filter((text) => text.includes(`"${String(headers['x-request-id'])}"`))
    .map((text) => {
      const { status, outcome } = logged.parse(JSON.parse(text))
      return { status, outcome }
    })

/** What the metrics say of requests. */
const counted = async (tolk: Tolk): Promise<{ inFlight: number; ended: number }> => {
  const [, url = ''] = /"url":"(http:[^"]+)\/metrics"/.exec(tolk.logged.join('')) ?? []
  const figures = readMetrics((await ask(url, { path: '/metrics' })).body)
  return {
    inFlight: sumOf(figures, 'tolk_requests_in_flight'),
    ended: sumOf(figures, 'tolk_requests_total'),
  }
}

const soon = (what: () => number, count: number): Promise<void> =>
  expect.poll(what, { interval: 5, timeout: 3000 }).toBe(count)
