/** A large request from one dialect to the other: done in steps, so that nobody waits for all of it. */
import { describe, expect, test } from 'vitest'
import { encodeInSteps } from '../../src/dialects/ollama/chat-request.ts'
import { decodeInSteps } from '../../src/dialects/openai/chat-completion-request.ts'
import type { Steps } from '../../src/wire/steps.ts'
import { agentBody, LENIENT } from '../support/chat-body.ts'

const MiB = 1024 * 1024

const say = (length: number): object => ({
  role: 'user',
  content: 'so "much" to say\n'.repeat(length / 17),
})

const args = JSON.stringify({ text: 'x'.repeat(800) })
const called = {
  role: 'assistant',
  tool_calls: [{ id: 'a', type: 'function', function: { name: 'f', arguments: args } }],
}

describe('rests, while it is decoded and while it is encoded', () => {
  test.each<[what: string, fields: object, decoding: number, encoding: number]>([
    ['a long history', { messages: Array.from({ length: 20_000 }, () => say(500)) }, 5, 15],
    ['many calls', { messages: Array.from({ length: 10_000 }, () => called) }, 15, 15],
    ['one long text', { messages: [say(10 * MiB)] }, 0, 15],
    ['many tools', { tools: agentBody(1, 6000).tools }, 15, 50],
  ])('%s', (_, fields, decoding, encoding) => {
    const rests = restsOf(fields)
    expect(rests[0]).toBeGreaterThanOrEqual(decoding)
    expect(rests[1]).toBeGreaterThanOrEqual(encoding)
  })
})

test('a request as agents send them never rests', () => {
  expect(restsOf(agentBody(200, 40))).toEqual([0, 0])
})

/** How often: decoding, encoding. */
const restsOf = (fields: object): readonly [number, number] => {
  const body = { model: 'm', messages: [say(17)], ...fields }
  const decoding = counted(decodeInSteps(body, LENIENT))
  const { request } = decoding.result
  return [decoding.rests, counted(encodeInSteps(request, 'm', { overflow: 'error' })).rests]
}

const counted = <T>(steps: Steps<T>): { readonly rests: number; readonly result: T } => {
  for (let rests = 0; ; rests++) {
    const step = steps.next()
    if (step.done === true) return { rests, result: step.value }
  }
}
