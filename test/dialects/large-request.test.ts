/** A large request from one dialect to the other: done in steps, so that nobody waits for all of it. */
import { describe, expect, test } from 'vitest'
import { encodeInPieces } from '../../src/dialects/ollama/chat-request.ts'
import { decodeInSteps } from '../../src/dialects/openai/chat-completion-request.ts'
import type { Steps } from '../../src/wire/steps.ts'
import { agentBody, LENIENT } from '../support/chat-body.ts'

const MiB = 1024 * 1024

const say = (length: number): object => ({
  role: 'user',
  content: 'so "much" to say\n'.repeat(length / 17),
})

const url = `data:image/png;base64,${'AAAA'.repeat(MiB / 2)}`
const pictures = Array.from({ length: 4 }, () => ({ type: 'image_url', image_url: { url } }))

const args = JSON.stringify({ text: 'x'.repeat(800) })
const called = {
  role: 'assistant',
  tool_calls: [{ id: 'a', type: 'function', function: { name: 'f', arguments: args } }],
}

describe('is decoded in steps, and encoded in pieces', () => {
  test.each<[what: string, fields: object, decoding: number, encoding: number]>([
    ['a long history', { messages: Array.from({ length: 20_000 }, () => say(500)) }, 5, 15],
    ['many calls', { messages: Array.from({ length: 10_000 }, () => called) }, 15, 15],
    ['one long text', { messages: [say(10 * MiB)] }, 1, 15],
    ['pictures', { messages: [{ role: 'user', content: pictures }] }, 5, 3],
    ['many tools', { tools: agentBody(1, 1024).tools }, 8, 8],
  ])('%s', (_, fields, decoding, encoding) => {
    const [steps, pieces] = stepsOf(fields)
    expect(steps).toBeGreaterThanOrEqual(decoding)
    expect(pieces).toBeGreaterThanOrEqual(encoding)
  })
})

test('a request as agents send them is one of each', () => {
  expect(stepsOf(agentBody(200, 40))).toEqual([1, 1])
})

/** How many. */
const stepsOf = (fields: object): readonly [number, number] => {
  const body = { model: 'm', messages: [say(17)], ...fields }
  const decoding = counted(decodeInSteps(body, LENIENT))
  const { request } = decoding.result
  return [decoding.count, [...encodeInPieces(request, 'm', { overflow: 'error' })].length]
}

const counted = <T>(steps: Steps<T>): { readonly count: number; readonly result: T } => {
  for (let count = 1; ; count++) {
    const step = steps.next()
    if (step.done === true) return { count, result: step.value }
  }
}
