/** Our event stream, read by three that are not ours: whatever a model says, they all hear the same. */
import { createParser } from 'eventsource-parser'
import fc from 'fast-check'
import { APIError } from 'openai'
import { Stream } from 'openai/streaming'
import { describe, expect, test } from 'vitest'
import { z } from 'zod'
import { REASONING_FIELDS } from '../../src/dialects/openai/reasoning-field.ts'
import { comment } from '../../src/wire/sse.ts'
import { hear, streamOctets, type Asked } from '../support/translate.ts'
import { upstreamScript, written, type UpstreamScript } from '../support/upstream-script.ts'
import { heardIn } from './event-stream-reader.ts'
import { runs } from './runs.ts'

/** All that a reader says. `data` holds each event's, the last word included. */
const byParser = (slices: readonly Uint8Array[]): readonly string[] => {
  const data: string[] = []
  const parser = createParser({
    onEvent: (event) => {
      expect([event.event, event.id]).toEqual([undefined, undefined])
      data.push(event.data)
    },
    onError: (fault) => {
      throw fault
    },
  })
  const decoder = new TextDecoder()
  for (const slice of slices) parser.feed(decoder.decode(slice, { stream: true }))
  return data
}

const byStandard = (slices: readonly Uint8Array[]): readonly string[] =>
  heardIn(Buffer.concat(slices)).map(({ data, event, id }) => {
    expect([event, id]).toEqual(['', ''])
    return data
  })

/** The SDK's: values instead of text, and an error is thrown. */
const bySdk = async (slices: readonly Uint8Array[]) => {
  const body = new ReadableStream({
    start: (controller) => {
      for (const slice of slices) controller.enqueue(slice)
      controller.close()
    },
  })
  const values: unknown[] = []
  try {
    const stream = Stream.fromSSEResponse(new Response(body), new AbortController())
    for await (const value of stream) values.push(value)
    return { values, error: null }
  } catch (error) {
    if (!(error instanceof APIError)) throw error
    return { values, error: error.error }
  }
}

const sliced = (bytes: Uint8Array, places: readonly number[]): readonly Uint8Array[] => {
  const cuts = [...new Set(places.map((at) => at % (bytes.length + 1)))].toSorted((a, b) => a - b)
  return [0, ...cuts].map((from, index) => bytes.subarray(from, cuts[index]))
}

/** What each of the three hears. */
const heardBy = async (slices: readonly Uint8Array[]) => ({
  parser: byParser(slices),
  standard: byStandard(slices),
  sdk: await bySdk(slices),
})

/** What they are to hear of these frames. */
const expected = (said: readonly string[]) => {
  const last = said.at(-1) ?? ''
  const values = said.slice(0, -1).map((data): unknown => JSON.parse(data))
  const error = last === '[DONE]' ? null : failed.parse(JSON.parse(last)).error
  return { parser: said, standard: said, sdk: { values, error } }
}

const failed = z.strictObject({ error: z.looseObject({}) })

/** The stream's bytes, with a comment before each batch that is in `beats`. */
const bytesOf = (script: UpstreamScript, asked: Asked, beats: ReadonlySet<number>): Buffer => {
  const frames = streamOctets(hear(written(script), asked), asked)
  const text = frames.map((octets, index) => (beats.has(index) ? BEAT : '') + octets).join('')
  return Buffer.from(text, 'latin1')
}

const BEAT = comment('keep-alive')

/** Each frame's own text, cut where we say that a frame ends. */
const framesIn = (bytes: Buffer): readonly string[] =>
  bytes
    .toString('utf8')
    .split('\n\n')
    .filter((frame) => frame.startsWith('data: '))
    .map((frame) => frame.slice('data: '.length))

test('whatever is said, and whatever is beside it, all three hear what was framed', async () => {
  await fc.assert(
    fc.asyncProperty(
      upstreamScript,
      fc.record({
        model: fc.constantFrom('m', 'data: [DONE]\n\n', '\u2028\r'),
        reasoningField: fc.constantFrom(...REASONING_FIELDS),
        includeUsage: fc.boolean(),
      }),
      fc.array(fc.nat(12), { maxLength: 4 }),
      fc.array(fc.nat(), { maxLength: 20 }),
      async (script, asked, beats, places) => {
        const bytes = bytesOf(script, asked, new Set(beats))
        expect(await heardBy(sliced(bytes, places))).toEqual(expected(framesIn(bytes)))
      },
    ),
    runs(150),
  )
})

describe('text that would be framing stays text', () => {
  test.each(
    ['data: [DONE]\n\n', '\r\n\r\n', '\revent: error\rdata: {}\r\r', '\uFEFF', '\0', '\u2028\u2029\u0085',
      ': x\n', 'id: 1\nretry: 0\n', '[DONE]', '{"error":{"message":"x"}}', '\ud800', '\udc00\ud800'], // prettier-ignore
  )('%j', async (text) => {
    const script: UpstreamScript = {
      lines: [{ thinking: text }, { content: text }, { calls: [{ name: 'f', args: JSON.stringify({ text }) }] }], // prettier-ignore
      end: { type: 'done', line: { content: text } },
      after: '',
      style: { newline: '\n', mark: '', escapes: false, isClosed: true },
    }
    const bytes = bytesOf(script, {}, new Set([0, 1, 2, 3]))
    const said = framesIn(bytes)
    expect(said.length).toBeGreaterThan(4)
    expect(await heardBy(sliced(bytes, Array.from(bytes.keys())))).toEqual(expected(said))
  })
})
