/** Several turns merged: each keeps its own, and they end together. */
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { ChatEvent, FinishReason, Usage } from '../../src/chat/event.ts'
import { SeveralTurns, type SeveralTurnsEvent } from '../../src/chat/several-turns.ts'
import { text } from '../support/chat-events.ts'

const finish = (usage: Usage = {}, reason: FinishReason = 'stop'): ChatEvent => ({
  type: 'finish',
  reason,
  usage,
})
const failing: ChatEvent = { type: 'failure', failure: { kind: 'upstream-truncated' } }

describe('SeveralTurns', () => {
  test('says what each says under its index, as it comes', () => {
    const turns = new SeveralTurns(2)
    expect(turns.take(1, [text('b')])).toEqual([{ type: 'turn', index: 1, said: [text('b')] }])
    expect(turns.take(0, [text('a')])).toEqual([{ type: 'turn', index: 0, said: [text('a')] }])
    expect(turns.take(0, [])).toEqual([])
  })

  test('has its last word with the last of them, and not before', () => {
    const turns = new SeveralTurns(2)
    const [one, other] = [finish({ completionTokens: 2 }), finish({ completionTokens: 3 })]
    expect(turns.take(1, [one])).toEqual([{ type: 'turn', index: 1, said: [one] }])
    expect(turns.take(0, [text('a'), other])).toEqual([
      { type: 'turn', index: 0, said: [text('a'), other] },
      { type: 'finish', usage: { completionTokens: 5 } },
    ])
    expect(turns.take(0, [text('more')])).toEqual([])
  })

  test('fails with the first that fails, behind what that one said, and says nothing more', () => {
    const turns = new SeveralTurns(3)
    turns.take(0, [finish()])
    expect(turns.take(1, [text('b'), failing])).toEqual([
      { type: 'turn', index: 1, said: [text('b')] },
      failing,
    ])
    expect(turns.take(2, [text('c'), finish()])).toEqual([])
    expect(turns.take(2, [failing])).toEqual([])
  })

  test.each<[string, readonly Usage[], Usage]>([
    [
      'all of them',
      [
        { promptTokens: 9, completionTokens: 2 },
        { promptTokens: 4, completionTokens: 3 },
      ],
      { promptTokens: 13, completionTokens: 5 },
    ],
    [
      'nothing known, where one is not',
      [{ promptTokens: 9, completionTokens: 2 }, { completionTokens: 3 }, { promptTokens: 1 }],
      {},
    ],
  ])('of prompts of their own counts %s', (_, usages, together) => {
    const turns = new SeveralTurns(usages.length, 'each')
    const said = usages.flatMap((usage, index) => turns.take(index, [finish(usage)]))
    expect(said.at(-1)).toEqual({ type: 'finish', usage: together })
  })

  test('a failure that comes alone stands alone: it can still have a status', () => {
    expect(new SeveralTurns(2).take(1, [failing])).toEqual([failing])
  })

  test.each<[string, readonly Usage[], Usage]>([
    [
      'the prompt once, and all answers',
      [
        { promptTokens: 9, completionTokens: 2 },
        { promptTokens: 9, completionTokens: 3 },
      ],
      { promptTokens: 9, completionTokens: 5 },
    ],
    [
      'the most that a prompt was counted: the others had it from a cache',
      [
        { promptTokens: 9, completionTokens: 2 },
        { promptTokens: 1, completionTokens: 3 },
      ],
      { promptTokens: 9, completionTokens: 5 },
    ],
    [
      'no sum where a part is unknown',
      [{ promptTokens: 9 }, { promptTokens: 9, completionTokens: 3 }],
      { promptTokens: 9 },
    ],
    ['nothing of what nobody counted', [{}, {}], {}],
    [
      'a zero as a count',
      [
        { promptTokens: 0, completionTokens: 0 },
        { promptTokens: 0, completionTokens: 0 },
      ],
      { promptTokens: 0, completionTokens: 0 },
    ],
  ])('counts %s', (_, usages, sum) => {
    const turns = new SeveralTurns(usages.length)
    const last = usages.map((usage, index) => turns.take(index, [finish(usage)])).at(-1)
    expect(last?.at(-1)).toEqual({ type: 'finish', usage: sum })
    expect(turns.usage).toEqual(sum)
  })

  test.each<[readonly FinishReason[], FinishReason]>([
    [['stop', 'stop'], 'stop'],
    [['tool-calls', 'stop'], 'tool-calls'],
    [['length', 'tool-calls', 'stop'], 'length'],
  ])('of %j the reason that tells most is %s', (reasons, most) => {
    const turns = new SeveralTurns(reasons.length)
    for (const [index, reason] of reasons.entries()) turns.take(index, [finish({}, reason)])
    expect(turns.reason).toBe(most)
  })

  test('nothing of a turn is lost, and nothing changes its order, however they come', () => {
    const scripts = fc.array(fc.array(fc.string(), { maxLength: 6 }), {
      minLength: 2,
      maxLength: 5,
    })
    fc.assert(
      fc.property(scripts, fc.infiniteStream(fc.nat()), (wishes, picks) => {
        const queues = wishes.map((words, index) => ({
          index,
          batches: [...words.map((each) => [text(each)]), [finish()]],
        }))
        const turns = new SeveralTurns(queues.length)
        const said: SeveralTurnsEvent[] = []
        let left = queues.map(({ index, batches }) => ({ index, batches: [...batches] }))
        while (left.length > 0) {
          const { value: pick } = picks.next()
          const one = left[pick % left.length]
          if (one === undefined) break
          said.push(...turns.take(one.index, one.batches.shift() ?? []))
          left = left.filter(({ batches }) => batches.length > 0)
        }
        for (const { index, batches } of queues) {
          const own = said.flatMap((event) =>
            event.type === 'turn' && event.index === index ? event.said : [],
          )
          expect(own).toEqual(batches.flat())
        }
        expect(said.filter(({ type }) => type !== 'turn')).toEqual([said.at(-1)])
        expect(said.at(-1)?.type).toBe('finish')
      }),
    )
  })
})
