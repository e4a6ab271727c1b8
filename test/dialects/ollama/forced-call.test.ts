import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { ChatEvent } from '../../../src/chat/event.ts'
import { encodeChatRequest } from '../../../src/dialects/ollama/chat-request.ts'
import { ChatResponseDecoder } from '../../../src/dialects/ollama/chat-response.ts'
import { ForcedCallDecoder } from '../../../src/dialects/ollama/forced-call.ts'
import { toOctets } from '../../../src/wire/octets.ts'
import { requestOf } from '../../support/chat-body.ts'
import { everyWay } from '../../support/feed.ts'

const line = (message: object, more: object = { done: false }): string =>
  `${JSON.stringify({ model: 'm', created_at: 'x', message: { role: 'assistant', content: '', ...message }, ...more })}\n`
const done = (reason = 'stop'): string =>
  line({}, { done: true, done_reason: reason, prompt_eval_count: 3, eval_count: 2 })
const native = (name: string): string =>
  line({ tool_calls: [{ id: 'call_1', function: { index: 0, name, arguments: { a: 1 } } }] })

const decoder = () => new ForcedCallDecoder(new ChatResponseDecoder(1 << 20), ['f', 'g'])

const hear = (slices: readonly string[]): readonly ChatEvent[] => {
  const forced = decoder()
  return [...slices.flatMap((slice) => forced.feed(toOctets(slice))), ...forced.end()]
}

/** Words joined, so that it does not matter how they came. */
const said = (events: readonly ChatEvent[]): readonly string[] =>
  events.flatMap((event) => {
    switch (event.type) {
      case 'text':
      case 'reasoning':
        return [`${event.type} ${event.escaped}`]
      case 'tool-call':
        return [`call ${event.name} ${event.arguments}`]
      case 'finish':
        return [`finish ${event.reason}`]
      case 'failure':
        return [event.failure.kind === 'model-failed' ? event.failure.code : event.failure.kind]
    }
  })

const tool = (name: string, parameters?: object) => ({
  type: 'function',
  function: { name, ...(parameters !== undefined && { parameters }) },
})

const bodyOf = (fields: object) =>
  JSON.parse(encodeChatRequest(requestOf(fields), 'm', { overflow: 'error' }))

const listOf = (place: object) => ({
  type: 'object',
  properties: { places: { type: 'array', items: { $ref: '#/$defs/Place' } } },
  $defs: { Place: place },
})

describe('the schema', () => {
  const city = { type: 'object', properties: { city: { type: 'string' } }, required: ['city'] }

  test('of one tool is a call of it, and the tool is offered as ever', () => {
    const body = bodyOf({ tools: [tool('f', city)], tool_choice: 'required' })
    expect(body.format).toEqual({
      type: 'object',
      properties: { name: { type: 'string', enum: ['f'] }, arguments: city },
      required: ['name', 'arguments'],
    })
    expect(body.tools).toMatchObject([
      { type: 'function', function: { name: 'f', parameters: city } },
    ])
  })

  test('of several is a call of any', () => {
    const body = bodyOf({ tools: [tool('f', city), tool('g')], tool_choice: 'required' })
    expect(body.format.anyOf).toMatchObject([
      { properties: { name: { enum: ['f'] }, arguments: city } },
      { properties: { name: { enum: ['g'] }, arguments: { type: 'object' } } },
    ])
  })

  test('of a named one leaves the others out', () => {
    const choice = { type: 'function', function: { name: 'g' } }
    const body = bodyOf({ tools: [tool('f', city), tool('g')], tool_choice: choice })
    expect(body.format.properties.name.enum).toEqual(['g'])
    expect(body.tools).toHaveLength(1)
  })

  test('keeps what its tools refer to where the reference leads', () => {
    const near = { type: 'array', items: { $ref: '#/$defs/Place' } }
    const node = {
      type: 'object',
      properties: { children: { type: 'array', items: { $ref: '#' } } },
    }
    const { format } = bodyOf({
      tools: [tool('f', listOf(city)), tool('f', listOf({ ...city, near })), tool('a/b', node)],
      tool_choice: 'required',
    })
    const leads = (ref: string): unknown =>
      ref.split('/').reduce((at, key) => (key === '#' ? at : at[key]), format)
    const [f, g, h] = format.anyOf.map((call: { properties: { arguments: { $ref: string } } }) =>
      leads(call.properties.arguments.$ref),
    )
    expect(leads(f.properties.places.items.$ref)).toEqual(city)
    const place = g.properties.places.items.$ref
    expect(leads(place)).toMatchObject({ ...city, near: { items: { $ref: place } } })
    expect(leads(h.properties.children.items.$ref)).toBe(h)
  })

  test('is not there where no call has to be made', () => {
    expect(bodyOf({ tools: [tool('f', city)] })).not.toHaveProperty('format')
  })
})

const fresh = () =>
  new ForcedCallDecoder(new ChatResponseDecoder(1 << 20, undefined, undefined, own), ['f'], own)

const own = (name: string): string => (name === 'f' ? 'python' : name)

describe('an answer', () => {
  test.each<[what: string, lines: readonly string[], events: readonly string[]]>([
    [
      'JSON of a call, in pieces',
      [line({ content: '{"name": "f", "argu' }), line({ content: 'ments": {"n": 1.50}}' }), done()],
      ['call f {"n": 1.50}', 'finish stop'],
    ],
    [
      'digits that no double holds',
      [line({ content: '{"name":"g","arguments":{"n":12345678901234567890}}' }), done()],
      ['call g {"n":12345678901234567890}', 'finish stop'],
    ],
    [
      'a thought first, which is heard at once',
      [line({ thinking: 'hm' }), line({ content: '{"name":"f","arguments":{}}' }), done()],
      ['reasoning hm', 'call f {}', 'finish stop'],
    ],
    [
      'JSON in a fence',
      [line({ content: '```json\n{"name":"f","arguments":{"a":[1]}}\n```\n' }), done()],
      ['call f {"a":[1]}', 'finish stop'],
    ],
    [
      'the word of another family for arguments',
      [line({ content: '{"name":"f","parameters":{"a":1}}' }), done()],
      ['call f {"a":1}', 'finish stop'],
    ],
    ['a call of its own', [native('g'), done()], ['call g {"a":1}', 'finish stop']],
    [
      'a word, and a call of its own',
      [line({ content: 'Let me ' }), line({ content: 'look.' }), native('f'), native('g'), done()],
      ['text Let me look.', 'call f {"a":1}', 'call g {"a":1}', 'finish stop'],
    ],
    [
      'a call cut by the limit',
      [line({ content: '{"name":"f","argum' }), done('length')],
      ['finish length'],
    ],
    ['text', [line({ content: 'I would rather not.' }), done()], ['tool_choice_failed']],
    ['nothing', [done()], ['tool_choice_failed']],
    ['a call of what is not offered', [native('h'), done()], ['tool_choice_failed']],
    [
      'JSON of what is not offered',
      [line({ content: '{"name":"h","arguments":{}}' }), done()],
      ['tool_choice_failed'],
    ],
    ['JSON without arguments', [line({ content: '{"name":"f"}' }), done()], ['tool_choice_failed']],
    [
      'arguments that are no object',
      [line({ content: '{"name":"f","arguments":[1]}' }), done()],
      ['tool_choice_failed'],
    ],
    [
      'a call within text',
      [line({ content: 'So: {"name":"f","arguments":{}}' }), done()],
      ['tool_choice_failed'],
    ],
    [
      'an end without a done line',
      [line({ content: '{"name":"f","arguments":{}}' })],
      ['upstream-truncated'],
    ],
  ])('%s', (_, lines, events) => {
    for (const { way, slices } of everyWay(lines.join(''))) {
      expect({ way, events: said(hear(slices)) }).toEqual({ way, events })
    }
  })

  test('that never ends is not kept for ever', () => {
    const forced = decoder()
    const piece = toOctets(line({ content: 'x'.repeat(100_000) }))
    const events = Array.from({ length: 20 }, () => forced.feed(piece)).flat()
    expect(said(events)).toEqual(['tool_choice_failed'])
  })

  test('of spaces alone is looked at once', () => {
    expect(said(hear([line({ content: ' \n'.repeat(100_000) }), done()]))).toEqual([
      'tool_choice_failed',
    ])
  })

  test('any text ends in exactly one last word, and a call is never text', () => {
    const pieces = fc.array(
      fc.oneof(fc.string(), fc.constantFrom('{"name":"f",', '"arguments":{}}', '```')),
    )
    fc.assert(
      fc.property(pieces, (texts) => {
        const events = hear([...texts.map((content) => line({ content })), done()])
        const last = events.at(-1)?.type
        expect(['finish', 'failure']).toContain(last)
        expect(events.filter(({ type }) => type === 'finish' || type === 'failure')).toHaveLength(1)
        expect(events.some(({ type }) => type === 'text')).toBe(false)
        expect(events.some(({ type }) => type === 'tool-call')).toBe(last === 'finish')
      }),
    )
  })

  test('is of what the client calls so, however it is called upstream', () => {
    const json = toOctets(line({ content: '{"name":"f","arguments":{}}' }) + done())
    expect(said(fresh().feed(json))).toEqual(['call python {}', 'finish stop'])
    expect(said(fresh().feed(toOctets(native('f') + done())))).toEqual([
      'call python {"a":1}',
      'finish stop',
    ])
  })

  test('its log probabilities are the call’s', () => {
    const logprobs = [{ token: '{', logprob: -1, bytes: [123] }]
    const events = hear([
      line({ content: '{"name":"f",' }, { done: false, logprobs }),
      line({ content: '"arguments":{}}' }, { done: false, logprobs }),
      done(),
    ])
    expect(events[0]).toMatchObject({
      type: 'tool-call',
      logprobs: [{ token: '{' }, { token: '{' }],
    })
  })
})
