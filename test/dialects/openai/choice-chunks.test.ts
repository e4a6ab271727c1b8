/** The chunks of several choices: each as it would be alone, under its index, and one end for all. */
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { ChatEvent } from '../../../src/chat/event.ts'
import { SeveralTurns, type SeveralTurnsEvent } from '../../../src/chat/several-turns.ts'
import { ChunkEncoder } from '../../../src/dialects/openai/chat-completion-chunk.ts'
import { ChoicesEncoder } from '../../../src/dialects/openai/choice-chunks.ts'
import { REASONING_FIELDS } from '../../../src/dialects/openai/reasoning-field.ts'
import { reasoning, text } from '../../support/chat-events.ts'
import { hear } from '../../support/translate.ts'
import { upstreamScript, written } from '../../support/upstream-script.ts'

const stamp = { id: 'chatcmpl-1', created: 5, model: 'm' }
const finish: ChatEvent = {
  type: 'finish',
  reason: 'stop',
  usage: { promptTokens: 3, completionTokens: 2 },
}
const failing: SeveralTurnsEvent = { type: 'failure', failure: { kind: 'upstream-truncated' } }

const said = (index: number, ...events: readonly ChatEvent[]): SeveralTurnsEvent => ({
  type: 'turn',
  index,
  said: events,
})

const framesOf = (sse: string): readonly string[] =>
  sse
    .split('\n\n')
    .filter((each) => each !== '')
    .map((each) => each.replace(/^data: /, ''))

/** Whose chunk it is; null of usage, the error and the end. */
const ownerOf = (frame: string): number | null => {
  const [, index] = /"choices":\[\{"index":(\d+),"delta"/.exec(frame) ?? []
  return index === undefined ? null : Number(index)
}

const asTheOnlyOne = (frame: string): string =>
  frame.replace(/"choices":\[\{"index":\d+,/, '"choices":[{"index":0,')

describe('ChoicesEncoder', () => {
  test('says all roles first, words and finish of each under its index, then usage and [DONE] once', () => {
    const encoder = new ChoicesEncoder(2, {
      stamp,
      reasoningField: 'reasoning_content',
      includeUsage: true,
    })
    const usage = { promptTokens: 3, completionTokens: 4 }
    const frames = framesOf(
      encoder.encode([said(1, text('b'))]) +
        encoder.encode([said(0, text('a'), finish)]) +
        encoder.encode([said(1, finish), { type: 'finish', usage }]),
    )
    expect(frames.at(-1)).toBe('[DONE]')
    expect(frames.slice(0, -1).map((frame): unknown => JSON.parse(frame))).toMatchObject([
      { choices: [{ index: 0, delta: { role: 'assistant' } }], usage: null },
      { choices: [{ index: 1, delta: { role: 'assistant' } }], usage: null },
      { choices: [{ index: 1, delta: { content: 'b' } }], usage: null },
      { choices: [{ index: 0, delta: { content: 'a' } }], usage: null },
      { choices: [{ index: 0, delta: {}, finish_reason: 'stop' }], usage: null },
      { choices: [{ index: 1, delta: {}, finish_reason: 'stop' }], usage: null },
      { choices: [], usage: { prompt_tokens: 3, completion_tokens: 4, total_tokens: 7 } },
    ])
  })

  test('counts the calls of each from 0', () => {
    const encoder = new ChoicesEncoder(2, {
      stamp,
      reasoningField: 'reasoning_content',
      includeUsage: false,
    })
    const call: ChatEvent = { type: 'tool-call', id: 'a', name: 'f', arguments: '{}' }
    const frames = framesOf(encoder.encode([said(0, call, call), said(1, call)]))
    const counted = frames.flatMap((frame) => {
      const [, index] = /"tool_calls":\[\{"index":(\d+)/.exec(frame) ?? []
      return index === undefined ? [] : [[ownerOf(frame), Number(index)]]
    })
    expect(counted).toEqual([
      [0, 0],
      [0, 1],
      [1, 0],
    ])
  })

  test('a failure closes the tag of whoever was thinking, and is said once, without an end', () => {
    const encoder = new ChoicesEncoder(2, {
      stamp,
      reasoningField: 'think-tags',
      includeUsage: true,
    })
    encoder.encode([said(0, reasoning('a')), said(1, text('b'))])
    const frames = framesOf(encoder.encode([failing]))
    expect(frames.map((frame): unknown => JSON.parse(frame))).toMatchObject([
      { choices: [{ index: 0, delta: { content: '</think>' } }] },
      { error: { code: 'upstream_stream_interrupted' } },
    ])
  })

  test('each is what it would be alone, to the byte, whatever they say and however they come', () => {
    const scripts = fc.array(upstreamScript, { minLength: 2, maxLength: 4 })
    const options = fc.record({
      stamp: fc.constant(stamp),
      reasoningField: fc.constantFrom(...REASONING_FIELDS),
      includeUsage: fc.boolean(),
    })
    fc.assert(
      fc.property(scripts, options, fc.infiniteStream(fc.nat()), (all, wish, picks) => {
        const turns = all.map((script, index) => ({ index, batches: [...hear(written(script))] }))
        const alone = turns.map(({ batches }) => {
          const encoder = new ChunkEncoder(wish)
          return framesOf(batches.map((batch) => encoder.encode(batch)).join(''))
        })
        const merged = new SeveralTurns(all.length)
        const encoder = new ChoicesEncoder(all.length, wish)
        let sse = ''
        let left = turns
        while (left.length > 0) {
          const { value: pick } = picks.next()
          const one = left[pick % left.length]
          if (one === undefined) break
          sse += encoder.encode(merged.take(one.index, one.batches.shift() ?? []))
          left = left.filter(({ batches }) => batches.length > 0)
        }
        const frames = framesOf(sse)
        const hasFailed = frames.some((frame) => frame.startsWith('{"error":'))
        for (const [index, expected] of alone.entries()) {
          const own = frames.filter((frame) => ownerOf(frame) === index).map(asTheOnlyOne)
          const words = expected.filter((frame) => ownerOf(frame) !== null)
          // The role is said even of one that fails before any word.
          const whole = words.length > 0 ? words : framesOf(new ChunkEncoder(wish).begin())
          const isClosedEarly = hasFailed && own.at(-1)?.includes('"</think>"') === true
          const heard = isClosedEarly ? own.slice(0, -1) : own
          expect(heard).toEqual(hasFailed ? whole.slice(0, heard.length) : whole)
        }
        const shared = frames.filter((frame) => ownerOf(frame) === null)
        expect(frames.slice(frames.length - shared.length)).toEqual(shared)
        expect(hasFailed ? shared.length : shared.at(-1)).toBe(hasFailed ? 1 : '[DONE]')
        expect(hasFailed || shared.length === (wish.includeUsage ? 2 : 1)).toBe(true)
      }),
      { numRuns: 300 },
    )
  })
})
