/** What a real Ollama said, with some of it changed: one last word always, and all that was said before the change. */
import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { decodeError } from '../../src/dialects/ollama/error.ts'
import { decodeModelCard } from '../../src/dialects/ollama/model-card.ts'
import { decodePs } from '../../src/dialects/ollama/ps.ts'
import { decodeShow } from '../../src/dialects/ollama/show.ts'
import { decodeTags } from '../../src/dialects/ollama/tags.ts'
import { decodeVersion } from '../../src/dialects/ollama/version.ts'
import { encodeModel } from '../../src/dialects/openai/model-list.ts'
import { encodeError } from '../../src/dialects/openai/error.ts'
import { REASONING_FIELDS } from '../../src/dialects/openai/reasoning-field.ts'
import { Failed } from '../../src/failure.ts'
import { fromOctets } from '../../src/wire/octets.ts'
import { refusalIn } from '../support/envelope.ts'
import {
  createFaultUpstream,
  fin,
  LAST,
  says,
  type FaultUpstream,
} from '../support/fault-upstream.ts'
import { ask, type RawAnswer } from '../support/raw-client.ts'
import { errorObject, readCompletion, readStream } from '../support/read-stream.ts'
import { chatRecordings, recordingsUnder } from '../support/recordings.ts'
import { startTolk, type Tolk } from '../support/tolk.ts'
import { fold, hear, streamOctets, wholeOctets, type Asked } from '../support/translate.ts'
import { changed, changes, ODD_VALUES, sameUntil } from './changes.ts'
import { runs } from './runs.ts'

/** The answers' octets. */
const CHATS = chatRecordings().map(({ bytes }) => bytes.toString('latin1'))

const INSERTED: readonly string[] = [
  ...ODD_VALUES, '\n', '\r\n', '{', '}', '[', ']', '"', '\\', ',', '\0', '\xff', '\xed\xa0\x80',
  '{"error":"boom"}\n', '{"error":{"message":7}}\n', '{"done":true}\n', '{"message":null,"done":true}\n',
  '"done":true,', '"tool_calls":[{"function":{"name":"f","arguments":{"a":[1e400]}}}],', '"logprobs":[{}],',
  'data: [DONE]\n\n', '<html>\n',
] // prettier-ignore

const asked: fc.Arbitrary<Asked> = fc.record({
  reasoningField: fc.constantFrom(...REASONING_FIELDS),
  includeUsage: fc.boolean(),
  maxCalls: fc.constantFrom(Number.POSITIVE_INFINITY, 1),
})

/** What a streaming client has of these lines while they come, and no last word of ours. */
const streamedSoFar = (octets: string, wish: Asked): string =>
  streamOctets(hear([octets], wish), wish)
    .slice(0, -1)
    .join('')

/** The error of an answer that is given whole; null when it is none, and well-formed. */
const wholeOf = (batches: ReturnType<typeof hear>, wish: Asked): object | null => {
  const whole = fold(batches)
  if ('kind' in whole) return encodeError(whole).error
  readCompletion(fromOctets(wholeOctets(whole, wish)))
  return null
}

test('a changed answer has one last word, and all that was said before the change', () => {
  fc.assert(
    fc.property(fc.constantFrom(...CHATS), changes(INSERTED), asked, (octets, made, wish) => {
      const odd = changed(octets, made)
      const batches = hear([odd], wish)
      const streamed = streamOctets(batches, wish).join('')
      const { isDone, error } = readStream(fromOctets(streamed))
      expect(isDone).toBe(error === null)

      const untouched = octets.slice(0, octets.lastIndexOf('\n', sameUntil(octets, odd) - 1) + 1)
      const before = streamedSoFar(untouched, wish)
      expect(streamed.slice(0, before.length)).toBe(before)

      expect(wholeOf(batches, wish)).toEqual(error)
    }),
    runs(1200),
  )
})

/** The code of its refusal, if it is one. @throws when it is none, and not well-formed either. */
const endOf = (answer: RawAnswer, stream: boolean): string | null => {
  if (answer.status !== 200) return refusalIn(answer).code
  if (!stream) return readCompletion(answer.body).choices[0].finish_reason
  const { isDone, error } = readStream(answer.body)
  if (isDone !== (error === null)) throw new Error(`no last word: ${answer.body.slice(-200)}`)
  return error?.code ?? null
}

test.each(['0.5', '-1', '9007199254740993', '1e300'])(
  'a count of %s says nothing, and costs no answer',
  (count) => {
    const line = `{"message":{"content":"x"},"done":true,"prompt_eval_count":${count},"eval_count":${count}}\n`
    const wish = { includeUsage: true }
    const { chunks, isDone } = readStream(
      fromOctets(streamOctets(hear([line], wish), wish).join('')),
    )
    expect([isDone, chunks.at(-1)?.usage]).toEqual([true, null])
  },
)

describe('over HTTP', () => {
  let upstream: FaultUpstream
  let tolk: Tolk
  const unhandled: unknown[] = []
  const note = (cause: unknown): void => void unhandled.push(cause)

  beforeAll(async () => {
    process.on('unhandledRejection', note).on('uncaughtException', note)
    upstream = await createFaultUpstream()
    tolk = await startTolk(upstream.baseUrl, { upstream: { apiKey: 'canary-key' } })
    await tolk.catalog.started
  })
  afterAll(async () => {
    process.off('unhandledRejection', note).off('uncaughtException', note)
    await tolk.close()
    await upstream.close()
  })

  /** As it stood on the wire, in chunks of some lines or with a length. */
  const answers = fc
    .tuple(
      fc.constantFrom(...CHATS),
      fc.boolean(),
      fc.constantFrom('200 OK', '200 OK', '404 Not Found', '500 X'),
    ) // prettier-ignore
    .map(([octets, isChunked, status]) => {
      const framing = isChunked ? 'Transfer-Encoding: chunked' : `Content-Length: ${octets.length}`
      const head = `HTTP/1.1 ${status}\r\nContent-Type: application/x-ndjson\r\n${framing}\r\n\r\n`
      if (!isChunked) return head + octets
      const pieces = octets.match(/(?:[^\n]*\n){1,3}|[^\n]+$/g) ?? []
      const chunks = pieces.map((piece) => `${piece.length.toString(16)}\r\n${piece}\r\n`)
      return head + chunks.join('') + LAST
    })

  const inserted = [...INSERTED, 'HTTP/1.1 103 X\r\n\r\n', 'HTTP/1.1 200 OK\r\n', 'Content-Length: 7\r\n',
    'Transfer-Encoding: gzip\r\n', 'Content-Encoding: gzip\r\n', 'Content-Type: text/html\r\n', 'Connection: close\r\n',
    '0\r\n\r\n', 'fffffff\r\n', '\r\n\r\n', 'X: y\r\n'.repeat(500), `X: ${'x'.repeat(100_000)}\r\n`] // prettier-ignore

  test('a changed answer is whole, said to be torn, or a refusal in the envelope', async () => {
    await fc.assert(
      fc.asyncProperty(answers, changes(inserted), fc.boolean(), async (octets, made, stream) => {
        upstream.fault = says(Buffer.from(changed(octets, made), 'latin1'), fin)
        const answer = await ask(tolk.url, {
          path: '/v1/chat/completions',
          body: { model: 'm', stream, messages: [{ role: 'user', content: 'Hi' }] },
        })
        expect(answer.end).toBe('whole')
        expect(JSON.stringify(answer.headers) + answer.body).not.toMatch(/canary/)
        expect(endOf(answer, stream)).not.toBe('internal_error')
      }),
      runs(150),
    )
    expect(unhandled).toEqual([])
    await expect.poll(() => upstream.open.size).toBe(0)
    expect(tolk.logged.filter((line) => line.includes('internal error'))).toEqual([])
  })
})

const failureOf = (read: () => unknown): string | null => {
  try {
    read()
    return null
  } catch (error) {
    if (!(error instanceof Failed)) throw error
    return error.failure.kind
  }
}

describe('a changed document about models is read or refused as no Ollama’s', () => {
  const documents = recordingsUnder('catalog').map(({ bytes }) => bytes.toString('utf8'))
  const readings: Readonly<Record<string, (body: string) => unknown>> = {
    tags: decodeTags,
    ps: decodePs,
    version: decodeVersion,
    card: (body) => {
      const [tag] = decodeTags(body)
      if (tag === undefined) return
      const serving = { streaming: true, overflow: 'error' } as const
      const card = decodeModelCard({ tag, show: undefined, loaded: undefined, serving })
      return JSON.stringify(encodeModel(card, { context: 'effective' }))
    },
    show: (body) => {
      const [tag] = decodeTags('{"models":[{"name":"m"}]}')
      if (tag === undefined) return
      const serving = { streaming: true, overflow: 'error' } as const
      const card = decodeModelCard({ tag, show: decodeShow(body), loaded: 4096, serving })
      return JSON.stringify(encodeModel(card, { context: 'effective' }))
    },
  }

  test.each(Object.entries(readings))('as %s', (_, read) => {
    fc.assert(
      fc.property(fc.constantFrom(...documents), changes(INSERTED), (document, made) => {
        expect(failureOf(() => read(changed(document, made)))).toBeOneOf([
          null,
          'upstream-malformed',
        ])
      }),
      runs(150),
    )
  })
})

test('a changed error is a refusal that tells nothing of the upstream’s own', () => {
  const bodies = recordingsUnder('errors').map(({ bytes }) => bytes.toString('utf8'))
  const text = fc.oneof(
    fc.tuple(fc.constantFrom(...bodies), changes(INSERTED)).map(([body, made]) => changed(body, made)), // prettier-ignore
    fc.string({ unit: 'binary' }),
    fc.jsonValue({ maxDepth: 3 }).map((error) => JSON.stringify({ error })),
  )
  fc.assert(
    fc.property(text, fc.integer({ min: 100, max: 999 }), (body, status) => {
      const failure = decodeError({ status, body, retryAfter: body.slice(0, 5) }, 'm')
      const { status: given, error } = encodeError(failure)
      errorObject.parse(error)
      expect(failure.kind).not.toBe('internal')
      expect(given).toBeGreaterThanOrEqual(400)
      expect(given).toBeLessThan(600)
      expect(error.message.length).toBeLessThan(1000)
      expect(error.message).not.toMatch(/registry\.ollama\.ai|\n/)
    }),
    runs(500),
  )
})
