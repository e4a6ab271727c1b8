/** Every chat recording has a golden beside it, and every golden a recording. */
import { readdirSync, readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { atRandom, inTwoAt, WAYS } from './support/feed.ts'
import { filesOf, goldenOf } from './support/golden.ts'
import { readCompletion, readError, readStream } from './support/read-stream.ts'
import { chatRecordings } from './support/recordings.ts'

const ROOT = new URL('golden/', import.meta.url)
const RECORDINGS = chatRecordings()

const kept = (file: string): string => readFileSync(new URL(file, ROOT), 'utf8')

test('no golden is missing, and none is left over', () => {
  const files = readdirSync(ROOT, { recursive: true, encoding: 'utf8', withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map(({ parentPath, name }) => `${parentPath}/${name}`.slice(ROOT.pathname.length))
  const expected = RECORDINGS.flatMap((one) => [...filesOf(one.name, goldenOf(one)).keys()])
  expect(files.toSorted()).toEqual(expected.toSorted())
  expect(expected.length).toBeGreaterThan(200)
})

describe('to the byte', () => {
  test.for(RECORDINGS)('$name', (recording) => {
    for (const [file, text] of filesOf(recording.name, goldenOf(recording))) {
      expect(text).toBe(kept(file))
    }
  })
})

describe('however the bytes are cut', () => {
  test.for(RECORDINGS)('$name', (recording) => {
    const { length } = recording.bytes
    const step = Math.ceil(length / 400)
    const golden = goldenOf(recording)
    for (const { slices } of [...WAYS, ...[1, 2, 3].map((seed) => ({ slices: atRandom(seed) }))]) {
      expect(goldenOf(recording, slices)).toEqual(golden)
    }
    for (let at = 1; at < length; at += step) {
      expect(goldenOf(recording, inTwoAt(at))).toEqual(golden)
    }
  })
})

// Which recordings end in a failure is a promise of its own: a golden alone would not be missed.
describe('the failures', () => {
  const STREAM_BREAKS: Readonly<Record<string, readonly [status: number, code: string]>> = {
    'chat/generic-think/eof': [502, 'upstream_stream_interrupted'],
    'chat/generic-think/one-shot-eof': [502, 'upstream_stream_interrupted'],
    'chat/generic-think/repeat-abort': [502, 'upstream_stream_interrupted'],
    'chat/generic-think/reset': [502, 'model_crashed'],
    'chat/native/eof': [502, 'upstream_stream_interrupted'],
    'chat/native/reset': [502, 'model_crashed'],
  }
  const REFUSED: Readonly<Record<string, readonly [status: number, code: string]>> = {
    'chat/generic-think/bad-status': [400, 'images_not_supported'],
    'chat/gptoss-like/call-broken-json': [500, 'tool_parse_error'],
    'chat/native/bad-status': [400, 'images_not_supported'],
    'chat/qwen-think/call-broken-json': [500, 'tool_parse_error'],
    'chat/qwen-tools/call-broken-json': [500, 'tool_parse_error'],
  }

  test.for(RECORDINGS)('$name ends as it should', (recording) => {
    const { sse, json } = goldenOf(recording)
    const broken = STREAM_BREAKS[recording.name] ?? REFUSED[recording.name]
    const [status, code] = broken ?? [200, null]
    expect(json.status).toBe(status)
    const error = broken === undefined ? null : readError(json.body)
    expect(error?.code ?? null).toBe(code)
    expect(sse === null).toBe(recording.name in REFUSED)
    const read = sse === null ? null : readStream(sse)
    expect(read?.error ?? error).toEqual(error)
    expect(read?.isDone ?? false).toBe(broken === undefined)
  })

  test('streamed and whole say the same of every other', () => {
    for (const recording of RECORDINGS) {
      const { sse, json } = goldenOf(recording)
      if (sse === null || json.status !== 200) continue
      const { choices, chunks } = readStream(sse)
      const whole = readCompletion(json.body)
      const [{ message, finish_reason: reason }] = whole.choices
      const said = (kind: string): string =>
        choices
          .flatMap(({ delta }) => Object.entries(delta))
          .filter(([key]) => key === kind)
          .map(([, text]) => text)
          .join('')
      expect(said('content')).toBe(message.content ?? '')
      expect(said('reasoning_content')).toBe(message.reasoning_content ?? '')
      expect(choices.at(-1)?.finish_reason).toBe(reason)
      expect(chunks.at(-1)?.usage).toEqual(whole.usage ?? null)
    }
  })
})
