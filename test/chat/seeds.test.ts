/** Seeds: no two turns of a request have the same, and the first is asked as it would be alone. */
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { ChatRequest } from '../../src/chat/request.ts'
import { seededFor } from '../../src/chat/seeds.ts'
import { parseJson } from '../../src/wire/json.ts'

const CHANCE = 1000

const asked = (more: Partial<ChatRequest> = {}): ChatRequest => ({
  model: 'm',
  messages: [],
  tools: [],
  maxCalls: 1,
  sampling: {},
  ...more,
})

const seeds = (request: ChatRequest, count = 3): readonly (number | undefined)[] =>
  Array.from({ length: count }, (_, index) => seededFor(request, index, CHANCE).sampling.seed)

describe('seededFor', () => {
  test('asks for the first as if it were alone', () => {
    const request = asked({ sampling: { seed: 7, temperature: 1 } })
    expect(seededFor(request, 0, CHANCE)).toBe(request)
  })

  test.each<[string, Partial<ChatRequest>, readonly (number | undefined)[]]>([
    ['counts on from the client’s', { sampling: { seed: 7 } }, [7, 8, 9]],
    ['counts on from one in Ollama’s options', { options: { seed: 7 } }, [undefined, 8, 9]],
    ['counts away from -1, which is none', { sampling: { seed: -2 } }, [-2, -3, -4]],
    ['has chance where there is none', {}, [undefined, 1001, 1002]],
    ['has chance where -1 says that there is none', { sampling: { seed: -1 } }, [-1, 1001, 1002]],
    [
      'has chance where it is no number that can be counted on from',
      { options: { seed: parseJson('12345678901234567890') } },
      [undefined, 1001, 1002],
    ],
    [
      'counts back at the end of the numbers',
      { sampling: { seed: Number.MAX_SAFE_INTEGER - 1 } },
      [Number.MAX_SAFE_INTEGER - 1, Number.MAX_SAFE_INTEGER, Number.MAX_SAFE_INTEGER - 3],
    ],
  ])('%s', (_, more, expected) => {
    expect(seeds(asked(more))).toEqual(expected)
  })

  test('keeps all else that was asked', () => {
    const request = asked({ sampling: { seed: 7, temperature: 1 }, keepAlive: 5 })
    expect(seededFor(request, 2, CHANCE)).toEqual({
      ...request,
      sampling: { seed: 9, temperature: 1 },
    })
  })

  test('no two are the same, whatever the client’s is', () => {
    const any = fc.oneof(fc.maxSafeInteger(), fc.integer({ min: -200, max: 200 }))
    fc.assert(
      fc.property(any, fc.integer({ min: 2, max: 128 }), (seed, count) => {
        const all = seeds(asked({ sampling: { seed } }), count)
        expect(new Set(all).size).toBe(count)
        expect(all.every((each) => Number.isSafeInteger(each))).toBe(true)
        // -1 is Ollama's word for any: only a client can mean it.
        expect(all.slice(1)).not.toContain(-1)
      }),
    )
  })
})
