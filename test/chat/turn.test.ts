import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { ChatEvent, Finish, Logprob } from '../../src/chat/event.ts'
import { Turn, type TurnRules } from '../../src/chat/turn.ts'
import { reasoning, text } from '../support/chat-events.ts'

const turnWith = (rules: Partial<TurnRules> = {}): Turn => {
  let minted = 0
  return new Turn({
    maxCalls: Number.POSITIVE_INFINITY,
    usedCallIds: new Set(),
    offered: [],
    mintCallId: () => `minted-${minted++}`,
    ...rules,
  })
}

const order = (events: readonly ChatEvent[], rules?: Partial<TurnRules>): readonly ChatEvent[] =>
  turnWith(rules).order(events)

const call = (id: string, name = 'f'): ChatEvent => ({
  type: 'tool-call',
  id,
  name,
  arguments: '{}',
})
const finish = (reason: Finish['reason'] = 'stop'): Finish => ({
  type: 'finish',
  reason,
  usage: { promptTokens: 1, completionTokens: 2 },
})
const failure: ChatEvent = { type: 'failure', failure: { kind: 'upstream-truncated' } }
const logprob = (token: string): Logprob => ({ token, logprob: -1, bytes: null, top: [] })

const EVERY = [reasoning('b'), text('b'), call('b'), finish(), failure]

describe('the table', () => {
  const STATES: readonly (readonly [string, readonly ChatEvent[]])[] = [
    ['idle', []],
    ['reasoning', [reasoning('a')]],
    ['text', [text('a')]],
    ['calling', [call('a')]],
  ]

  for (const [state, before] of STATES) {
    test.for(EVERY)(`in ${state}, $type may be said`, (event) => {
      const calls = before.some(({ type }) => type === 'tool-call')
      const said =
        event.type === 'finish' && calls ? { ...event, reason: 'tool-calls' as const } : event
      expect(order([...before, event])).toEqual([...before, said])
    })
  }

  test.for(EVERY)('nothing is said after finish: $type', (event) => {
    const turn = turnWith()
    expect(turn.order([text('a'), finish(), event])).toEqual([text('a'), finish()])
    expect(turn.order([event])).toEqual([])
  })

  test.for(EVERY)('nothing is said after failure: $type', (event) => {
    const turn = turnWith()
    expect(turn.order([text('a'), failure, event])).toEqual([text('a'), failure])
    expect(turn.order([event])).toEqual([])
  })
})

describe('a blank', () => {
  test.for([
    {
      what: 'before everything waits for the text',
      events: [text('\n'), text(' '), text('Hi'), finish()],
      said: [text('\n Hi'), finish()],
    },
    {
      what: 'does not interrupt reasoning',
      events: [reasoning('a'), text('\n\n'), reasoning('b'), finish()],
      said: [reasoning('a'), reasoning('b'), text('\n\n'), finish()],
    },
    {
      what: 'between reasoning and text opens the text',
      events: [reasoning('a'), text('\n\n'), text(' \n'), text('b'), finish()],
      said: [reasoning('a'), text('\n\n \nb'), finish()],
    },
    {
      what: 'in the middle of text is text',
      events: [text('a'), text('\n'), text('b'), text('\n'), finish()],
      said: [text('a'), text('\n'), text('b'), text('\n'), finish()],
    },
    {
      what: 'at the end of text is text, though a call follows',
      events: [text('a'), text('\n'), call('x'), finish()],
      said: [text('a'), text('\n'), call('x'), finish('tool-calls')],
    },
    {
      what: 'before a call is dropped',
      events: [reasoning('a'), text('\n'), call('x'), finish()],
      said: [reasoning('a'), call('x'), finish('tool-calls')],
    },
    {
      what: 'after a call is dropped',
      events: [call('x'), text('\n'), finish()],
      said: [call('x'), finish('tool-calls')],
    },
    {
      what: 'between calls is dropped',
      events: [call('x'), text('\n'), call('y'), text('\n'), finish()],
      said: [call('x'), call('y'), finish('tool-calls')],
    },
    {
      what: 'between calls and later text opens that text',
      events: [call('x'), text('\n'), call('y'), text('\n'), text('done'), finish()],
      said: [call('x'), call('y'), text('\n\ndone'), finish('tool-calls')],
    },
    {
      what: 'that is the whole answer is the answer',
      events: [text('\n'), text(' '), finish()],
      said: [text('\n '), finish()],
    },
    {
      what: 'beside a call that is not given out stays',
      events: [text('\n'), call('x'), finish()],
      said: [text('\n'), finish()],
      maxCalls: 0,
    },
    {
      what: 'that waits is dropped by a failure',
      events: [reasoning('a'), text('\n'), failure],
      said: [reasoning('a'), failure],
    },
    {
      what: 'may be any white space',
      events: [call('x'), text('\t\r\n\u00A0\u2028\u3000'), finish()],
      said: [call('x'), finish('tool-calls')],
    },
  ])('$what', ({ events, said, maxCalls }) => {
    const rules = maxCalls === undefined ? {} : { maxCalls }
    expect(order(events, rules)).toEqual(said)
    const turn = turnWith(rules)
    expect(events.flatMap((event) => turn.order([event]))).toEqual(said)
  })

  test('gives its log probabilities to the text it opens', () => {
    const events = [
      reasoning('a'),
      text('\n', [logprob('\n')]),
      text(' ', [logprob(' ')]),
      text('b', [logprob('b')]),
      finish(),
    ]
    expect(order(events)).toEqual([
      reasoning('a'),
      text('\n b', [logprob('\n'), logprob(' '), logprob('b')]),
      finish(),
    ])
  })

  test('gives them to a text that has none', () => {
    expect(order([text('\n', [logprob('\n')]), text('b'), finish()])).toEqual([
      text('\nb', [logprob('\n')]),
      finish(),
    ])
  })

  test('that is dropped beside a call leaves them with the finish', () => {
    expect(order([call('x'), text('\n', [logprob('\n')]), finish()])).toEqual([
      call('x'),
      { ...finish('tool-calls'), logprobs: [logprob('\n')] },
    ])
  })

  test('that is the answer keeps them', () => {
    expect(order([text('\n', [logprob('\n')]), finish()])).toEqual([
      text('\n', [logprob('\n')]),
      finish(),
    ])
  })
})

describe('the finish reason', () => {
  test.for([
    { after: 'text', events: [text('a')], reason: 'stop', said: 'stop' },
    { after: 'a call', events: [call('x')], reason: 'stop', said: 'tool-calls' },
    {
      after: 'a call and text',
      events: [call('x'), text('a')],
      reason: 'stop',
      said: 'tool-calls',
    },
    {
      after: 'a call that may not come',
      events: [call('x')],
      maxCalls: 0,
      reason: 'stop',
      said: 'stop',
    },
    {
      after: 'one call too many',
      events: [call('x'), call('y')],
      maxCalls: 1,
      reason: 'stop',
      said: 'tool-calls',
    },
    { after: 'text', events: [text('a')], reason: 'length', said: 'length' },
    { after: 'a call', events: [call('x')], reason: 'length', said: 'length' },
    { after: 'nothing', events: [], reason: 'length', said: 'length' },
    { after: 'nothing', events: [], reason: 'stop', said: 'stop' },
  ] as const)('after $after, $reason is $said', ({ events, reason, said, ...rules }) => {
    expect(order([...events, finish(reason)], rules).at(-1)).toEqual(finish(said))
  })

  test('comes with the usage as it was', () => {
    const usage = { promptTokens: 7 }
    expect(order([call('x'), { ...finish(), usage }]).at(-1)).toMatchObject({ usage })
  })
})

describe('calls', () => {
  test.for([
    { what: 'keep their ids', given: ['a', 'b'], said: ['a', 'b'] },
    { what: 'without an id get one', given: ['', 'b', ''], said: ['minted-0', 'b', 'minted-1'] },
    {
      what: 'that share an id get another',
      given: ['a', 'a', 'a'],
      said: ['a', 'minted-0', 'minted-1'],
    },
    {
      what: 'that use an id of the conversation get another',
      given: ['nat0', 'nat1'],
      used: ['nat0'],
      said: ['minted-0', 'nat1'],
    },
    {
      what: 'that come with an id that was minted get another',
      given: ['', 'minted-0'],
      said: ['minted-0', 'minted-1'],
    },
    { what: 'beyond the most are dropped', given: ['a', 'b', 'c'], maxCalls: 1, said: ['a'] },
    { what: 'are all dropped where none may come', given: ['a', ''], maxCalls: 0, said: [] },
  ])('$what', ({ given, said, used = [], maxCalls = Number.POSITIVE_INFINITY }) => {
    const rules = { usedCallIds: new Set(used), maxCalls }
    expect(
      ids(
        order(
          given.map((id) => call(id)),
          rules,
        ),
      ),
    ).toEqual(said)
  })

  test('are otherwise left as they are', () => {
    const odd: ChatEvent = {
      type: 'tool-call',
      id: '',
      name: 'a.b/c',
      arguments: '{ "n": 9007199254740993 }',
      logprobs: [logprob('f')],
    }
    expect(order([odd])).toEqual([{ ...odd, id: 'minted-0' }])
  })

  test('that are dropped leave the conversation its ids', () => {
    const used = new Set(['a'])
    order([call('b')], { usedCallIds: used })
    expect([...used]).toEqual(['a'])
  })
})

const ids = (events: readonly ChatEvent[]): readonly string[] =>
  events.flatMap((event) => (event.type === 'tool-call' ? [event.id] : []))

test('any turn says the same in whatever batches it comes', () => {
  fc.assert(
    fc.property(fc.array(fc.array(anyEvent)), (batches) => {
      const turn = turnWith({ maxCalls: 3 })
      const said = batches.flatMap((batch) => turn.order(batch))
      expect(said).toEqual(order(batches.flat(), { maxCalls: 3 }))
      const last = said.findIndex(({ type }) => type === 'finish' || type === 'failure')
      expect(last === -1 || last === said.length - 1).toBe(true)
    }),
  )
})

const piece = fc.constantFrom('a', 'b ', '\n', ' ', '')
const anyEvent: fc.Arbitrary<ChatEvent> = fc.oneof(
  { weight: 4, arbitrary: piece.map((said) => reasoning(said)) },
  { weight: 6, arbitrary: piece.map((said) => text(said)) },
  { weight: 2, arbitrary: fc.constantFrom('', 'x', 'y').map((id) => call(id)) },
  { weight: 1, arbitrary: fc.constantFrom(finish('stop'), finish('length'), failure) },
)
