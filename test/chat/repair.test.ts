/** Invariant 11: what a model said in the wrong place is put right, and nothing else is. */
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { ChatEvent, Finish } from '../../src/chat/event.ts'
import { Repair } from '../../src/chat/repair.ts'
import { fromEscaped, toEscaped } from '../../src/wire/escaped.ts'
import { cut } from '../support/upstream-script.ts'

const FINISH: Finish = { type: 'finish', reason: 'stop', usage: {} }
const OFFERED = ['get_weather', 'get_time']

const text = (said: string): ChatEvent => ({ type: 'text', escaped: toEscaped(said) })
const thought = (said: string): ChatEvent => ({ type: 'reasoning', escaped: toEscaped(said) })

/** What was said, each kind of words joined where it stands together. */
const said = (events: readonly ChatEvent[]): readonly string[] => {
  const blocks: [kind: string, words: string][] = []
  for (const event of events) {
    const [kind, words] =
      event.type === 'text' || event.type === 'reasoning'
        ? [event.type, fromEscaped(event.escaped)]
        : event.type === 'tool-call'
          ? [`call ${event.name}`, event.arguments]
          : [event.type, '']
    const last = blocks.at(-1)
    if (last !== undefined && last[0] === kind && !kind.startsWith('call')) last[1] += words
    else blocks.push([kind, words])
  }
  return blocks.map(([kind, words]) => (words === '' ? kind : `${kind}: ${words}`))
}

const right = (batches: readonly (readonly ChatEvent[])[], offered = OFFERED) => {
  const repair = new Repair(offered)
  return said(batches.flatMap((batch) => repair.right(batch)))
}

/** Whole, letter by letter, and in two at every place. */
const everyCut = (words: string): readonly (readonly string[])[] => [
  [words],
  Array.from(words),
  ...Array.from({ length: words.length }, (_, at) => cut(words, [at])),
]

const rightOf = (words: string, offered = OFFERED) => {
  const ways = everyCut(words).map((slices) =>
    right(
      [...slices.filter((slice) => slice !== '').map((slice) => [text(slice)]), [FINISH]],
      offered,
    ),
  )
  expect(new Set(ways.map((way) => JSON.stringify(way))).size).toBe(1)
  return ways[0]
}

describe('a thought in tags', () => {
  test.each([
    ['<think>hm</think>Yes.', ['reasoning: hm', 'text: Yes.', 'finish']],
    [
      '<think>\nsecret thought\n</think>\n\nThe answer.',
      ['reasoning: secret thought\n', 'text: The answer.', 'finish'],
    ],
    [' \n<think>hm</think>Yes.', ['reasoning: hm', 'text: Yes.', 'finish']],
    ['<think>\n\n</think>\n\nYes.', ['text: Yes.', 'finish']],
    [
      '<think>a < b, </b>, </thin</think>Yes.',
      ['reasoning: a < b, </b>, </thin', 'text: Yes.', 'finish'],
    ],
    ['<think>cut by the li', ['reasoning: cut by the li', 'finish']],
    ['<think>hm</think>', ['reasoning: hm', 'finish']],
    [
      '<think>one</think>Yes. <think>two</think>',
      ['reasoning: one', 'text: Yes. <think>two</think>', 'finish'],
    ],
    ['<think>"q" \\ é 漢 👩‍👦</think>ü', ['reasoning: "q" \\ é 漢 👩‍👦', 'text: ü', 'finish']],
  ])('%j', (words, expected) => {
    expect(rightOf(words)).toEqual(expected)
  })

  test.each([
    'The tag <think> opens a thought, </think> ends it.',
    '`<think>` is a tag.',
    '"<think>" is a tag.',
    '<thinking>not the tag</thinking>',
    '<thin',
    '< think >',
    '{"tag":"<think>"}',
    '```\n<think>\n</think>\n```',
  ])('%j stays text', (words) => {
    expect(rightOf(words)).toEqual([`text: ${words}`, 'finish'])
  })

  test('is left alone where the upstream told of a thought itself', () => {
    expect(right([[thought('hm')], [text('<think>x</think>')], [FINISH]])).toEqual([
      'reasoning: hm',
      'text: <think>x</think>',
      'finish',
    ])
  })

  test('streams: what cannot be its end does not wait', () => {
    const repair = new Repair([])
    const batches = ['<think>', 'one ', 'two', ' </', 'b> three</thi', 'nk>', 'Yes', '.'].map(
      (piece) => said(repair.right([text(piece)])),
    )
    expect(batches).toEqual([
      [],
      ['reasoning: one '],
      ['reasoning: two'],
      ['reasoning:  '],
      ['reasoning: </b> three'],
      [],
      ['text: Yes'],
      ['text: .'],
    ])
  })
})

describe('a call printed as text', () => {
  const lima = '{"city": "Lima"}'
  const call = `call get_weather: ${lima}`

  test.each([
    [`{"name": "get_weather", "parameters": ${lima}}`, [call]],
    [`{"name":"get_weather","arguments":${lima}}`, [call]],
    [`\n { "name" : "get_weather" , "arguments" : ${lima} } \n`, [call]],
    [`{"id":"call_1","type":"function","name":"get_weather","arguments":${lima}}`, null],
    [`<function=get_weather>${lima}</function>`, [call]],
    [`<tool_call>\n{"name": "get_weather", "arguments": ${lima}}\n</tool_call>`, [call]],
    [
      `[{"name": "get_weather", "arguments": ${lima}}, {"name":"get_time","arguments":{}}]`,
      [call, 'call get_time: {}'],
    ],
    [`[TOOL_CALLS][{"name": "get_weather", "arguments": ${lima}}]`, [call]],
    [
      `<tool_call>{"name":"get_weather","arguments":${lima}}</tool_call>\n<tool_call>{"name":"get_time","arguments":{"n":1.50}}</tool_call>`,
      [call, 'call get_time: {"n":1.50}'],
    ],
    [
      '{"name":"get_time","arguments":{"id":12345678901234567890}}',
      ['call get_time: {"id":12345678901234567890}'],
    ],
  ])('%j', (words, expected) => {
    expect(rightOf(words)).toEqual([...(expected ?? [`text: ${words}`]), 'finish'])
  })

  test.each([
    ['in prose', `I will call {"name": "get_weather", "arguments": ${lima}}`],
    ['with prose behind it', `{"name": "get_weather", "arguments": ${lima}} is the call.`],
    ['as a code sample', `\`\`\`json\n{"name": "get_weather", "arguments": ${lima}}\n\`\`\``],
    ['of what is not offered', `{"name": "launch", "arguments": ${lima}}`],
    ['of a name that begins alike', `{"name": "get_weather_now", "arguments": ${lima}}`],
    ['without arguments', '{"name": "get_weather"}'],
    ['with arguments that are no object', '{"name": "get_weather", "arguments": "Lima"}'],
    ['with more than a call has', `{"name": "get_weather", "arguments": ${lima}, "confidence": 1}`],
    ['cut in the middle', '{"name": "get_weather", "argum'],
    ['in a tag that is not closed', `<function=get_weather>${lima}`],
    [
      'of another in a list',
      `[{"name": "get_weather", "arguments": ${lima}}, {"name": "x", "arguments": {}}]`,
    ],
    ['that is an answer in JSON', '{"name": "Ada", "age": 36}'],
    ['that is a list', '[1, 2, 3]'],
    ['that is markup', '<functions are fun>'],
    ['that is blank', ' \n '],
    ['that is nothing but a brace', '{'],
  ])('%s stays text', (_, words) => {
    expect(rightOf(words)).toEqual([`text: ${words}`, 'finish'])
  })

  test('stays text where nothing is offered', () => {
    const words = `{"name": "get_weather", "arguments": ${lima}}`
    expect(rightOf(words, [])).toEqual([`text: ${words}`, 'finish'])
  })

  test('behind a thought, in a field or in tags, is one all the same', () => {
    const words = `{"name": "get_weather", "arguments": ${lima}}`
    expect(right([[thought('hm')], [text(words)], [FINISH]])).toEqual([
      'reasoning: hm',
      call,
      'finish',
    ])
    expect(rightOf(`<think>hm</think>\n${words}`)).toEqual(['reasoning: hm', call, 'finish'])
  })

  test('beside a call that was made stays text', () => {
    const made: ChatEvent = { type: 'tool-call', id: 'a', name: 'get_time', arguments: '{}' }
    const words = `{"name": "get_weather", "arguments": ${lima}}`
    expect(right([[text(words)], [made], [FINISH]])).toEqual([
      `text: ${words}`,
      'call get_time: {}',
      'finish',
    ])
    expect(right([[made], [text(words)], [FINISH]])).toEqual([
      'call get_time: {}',
      `text: ${words}`,
      'finish',
    ])
  })

  test('in a turn that fails is given as it came', () => {
    const failure: ChatEvent = { type: 'failure', failure: { kind: 'upstream-truncated' } }
    const words = `{"name": "get_weather", "arguments": ${lima}}`
    expect(right([[text(words)], [failure]])).toEqual([`text: ${words}`, 'failure'])
  })

  test('other text does not wait', () => {
    const repair = new Repair(OFFERED)
    expect(said(repair.right([text('{"na')]))).toEqual([])
    expect(said(repair.right([text('me": "Ad')]))).toEqual(['text: {"name": "Ad'])
    const batch = [text('a", "age"')]
    expect(repair.right(batch)).toBe(batch)
  })

  test('is not held for ever', () => {
    const repair = new Repair(OFFERED)
    expect(repair.right([text('{"name":"get_weather","arguments":{"file":"')])).toEqual([])
    const piece = 'x'.repeat(100_000)
    const given = Array.from({ length: 12 }, () => said(repair.right([text(piece)])).length)
    expect(given).toEqual([0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 1])
  })

  test('keeps the log probabilities of all its tokens', () => {
    const logprob = { token: 't', logprob: -1, bytes: null, top: [] }
    const repair = new Repair(OFFERED)
    const pieces = ['{"name":"get_time",', '"arguments":', '{}}']
    const events = pieces.flatMap((piece) =>
      repair.right([{ type: 'text', escaped: toEscaped(piece), logprobs: [logprob] }]),
    )
    expect([...events, ...repair.right([FINISH])]).toMatchObject([
      { type: 'tool-call', logprobs: [logprob, logprob, logprob] },
      { type: 'finish' },
    ])
  })
})

const unfenced = (words: string) => {
  const ways = everyCut(words).map((slices) => {
    const repair = new Repair([], true)
    const batches = slices.filter((slice) => slice !== '').map((slice) => [text(slice)])
    return said([...batches, [FINISH]].flatMap((batch) => repair.right(batch)))
  })
  expect(new Set(ways.map((way) => JSON.stringify(way))).size).toBe(1)
  return ways[0]
}

describe('JSON that was asked for', () => {
  const json = '{"code": "```js\\n1\\n```", "n": 1}'
  test.each([
    ['as it is', json, json],
    ['in a fence', `\`\`\`json\n${json}\n\`\`\``, json],
    ['in a fence without a word, blanks around', `\n\`\`\`\n${json}\n\`\`\`\n`, json],
    ['in a fence that is not closed', `\`\`\`json\n${json}`, json],
    ['with a backslash at its end', '```json\n"a\\\\"\n```', '"a\\\\"'],
    [
      'with words before the fence',
      `Here: \`\`\`json\n${json}\n\`\`\``,
      `Here: \`\`\`json\n${json}\n\`\`\``,
    ],
    ['in a fence of another language', '```python\n1\n```', '```python\n1\n```'],
    ['that is a backtick', '`', '`'],
  ])('%s', (_, words, expected) => {
    expect(unfenced(words)).toEqual([`text: ${expected}`, 'finish'])
  })

  test('streams: only what may be the end waits', () => {
    const repair = new Repair([], true)
    const given = ['``', '`json\n', '{"a":', ' 1}', '\n', '``', '`'].map((piece) =>
      said(repair.right([text(piece)])),
    )
    expect(given).toEqual([[], [], ['text: {"a":'], ['text:  1}'], [], [], []])
    expect(said(repair.right([FINISH]))).toEqual(['finish'])
  })

  test('a fence stays where no JSON was asked for', () => {
    expect(rightOf('```json\n{}\n```')).toEqual(['text: ```json\n{}\n```', 'finish'])
  })
})

test('whatever is said, nothing is lost but tags, gaps and the shell of a call', () => {
  const words = fc.constantFrom(
    '<think>',
    '</think>',
    '{"name":"get_time",',
    '"arguments":{}}',
    '{',
    ' ',
    '\n',
    'a',
    '"',
    '<',
    '</',
  )
  fc.assert(
    fc.property(fc.array(words), (pieces) => {
      const repair = new Repair(OFFERED)
      const events = [...pieces.map((piece) => [text(piece)]), [FINISH]].flatMap((batch) =>
        repair.right(batch),
      )
      const kept = events
        .flatMap((event) => ('escaped' in event ? [fromEscaped(event.escaped)] : []))
        .join('')
      const all = pieces.join('')
      if (events.some(({ type }) => type === 'tool-call')) return
      const isThought = all.trimStart().startsWith('<think>')
      const isTag = all.trim() === '<think>'
      expect(isThought ? strip(kept) : kept).toBe(
        isTag ? '<think>' : isThought ? strip(untagged(all)) : all,
      )
    }),
    { numRuns: 2000 },
  )
})

const strip = (words: string): string => words.replaceAll(/\s/g, '')

/** The reference: without the first pair of tags. */
const untagged = (words: string): string => {
  const [before = '', ...after] = words.trimStart().slice('<think>'.length).split('</think>')
  return before + after.join('</think>')
}
