/** What is small and asks for much: whatever a body or a line holds, the work and the room it takes go with its length. */
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from 'vitest'
import type { StandIn } from '../../src/demo/stand-in.ts'
import { ChatResponseDecoder } from '../../src/dialects/ollama/chat-response.ts'
import { encodeChatRequest } from '../../src/dialects/ollama/chat-request.ts'
import { decodeChatCompletionRequest } from '../../src/dialects/openai/chat-completion-request.ts'
import { Failed } from '../../src/failure.ts'
import { parseJson } from '../../src/wire/json.ts'
import { LENIENT } from '../support/chat-body.ts'
import { refusalIn } from '../support/envelope.ts'
import { createScriptedOllama } from '../support/scripted-ollama.ts'
import { startTolk, type Tolk } from '../support/tolk.ts'
import { hear } from '../support/translate.ts'

// A busy machine may take its time: the work is what is held.
vi.setConfig({ testTimeout: 120_000 })

const MB = 1_000_000

/** As many tokens as a body of any kind may have (`limits.maxJsonTokens`), and half as many again. */
const MOST_TOKENS = 750_000

afterEach(() => {
  vi.restoreAllMocks()
})

/** Counts the tokens of every text that is parsed from now on: what makes JSON cost more than its length. */
const countParsed = (): (() => number) => {
  const spy = vi.spyOn(JSON, 'parse')
  return () => {
    const texts = spy.mock.calls.map(([text]) => text)
    vi.restoreAllMocks()
    return texts.reduce((sum, text) => sum + tokensIn(text), 0)
  }
}

const tokensIn = (text: string): number => {
  let tokens = 0
  for (let at = 0; at < text.length; at++) {
    const char = text[at]
    if (char === '"') {
      // What stands in a string is text.
      do at += text[at] === '\\' ? 2 : 1
      while (at < text.length && text[at] !== '"')
    }
    if (char === '{' || char === '[' || char === ',' || char === ':') tokens++
  }
  return tokens
}

/** JSON of one object, each some megabytes, that costs many times what its length does. */
const BOMBS: readonly (readonly [what: string, text: string])[] = [
  ['lists in lists', `{"a":${'['.repeat(2 * MB)}${']'.repeat(2 * MB)}}`],
  ['lists in lists without end', `{"a":${'['.repeat(4 * MB)}`],
  ['objects in objects', `${'{"":'.repeat(MB / 2)}1${'}'.repeat(MB / 2)}`],
  ['empty objects', `{"a":[${'{},'.repeat(MB)}{}]}`],
  ['empty lists', `{"a":[${'[],'.repeat(MB)}[]]}`],
  ['keys', `{${Array.from({ length: MB / 2 }, (_, key) => `"${key.toString(36)}":0`).join()}}`],
  ['numbers', `{"a":[${'1,'.repeat(1.5 * MB)}1]}`],
  ['numbers that no double holds', `{"a":[${'1e400,'.repeat(0.6 * MB)}1]}`],
]

const chatOf = (more: string): string =>
  `{"model":"m","messages":[{"role":"user","content":"x"}]${more}}`
const callsOf = (args: readonly string[]): string =>
  `{"model":"m","messages":[{"role":"assistant","tool_calls":[${args
    .map((text) => `{"id":"a","function":{"name":"f","arguments":${JSON.stringify(text)}}}`)
    .join()}]}]}`

/** What goes upstream for a body, or that it is refused. */
const sent = (body: unknown): string | null => {
  try {
    const { request } = decodeChatCompletionRequest(body, LENIENT)
    return encodeChatRequest(request, 'm', { overflow: 'error' })
  } catch (error) {
    if (!(error instanceof Failed)) throw error
    expect(error.failure.kind).toBe('invalid-request')
    return null
  }
}

describe('arguments, which are JSON inside of a string, are held to the limits of a body', () => {
  test.each(BOMBS)('%s', (_, bomb) => {
    const body = parseJson(callsOf([bomb]))
    const parsed = countParsed()
    expect(sent(body)).toBeNull()
    expect(parsed()).toBeLessThan(MOST_TOKENS)
  })

  test('all calls of a conversation together', () => {
    const small = `{"a":[${'{},'.repeat(10_000)}{}]}`
    const body = parseJson(callsOf(Array.from({ length: 200 }, () => small)))
    const parsed = countParsed()
    expect(sent(body)).toBeNull()
    expect(parsed()).toBeLessThan(MOST_TOKENS)
  })

  test('and what agents do send is far within them', () => {
    const args = JSON.stringify({ path: 'a', edits: Array.from({ length: 500 }, () => ({ a: 1 })) })
    const body = parseJson(callsOf(Array.from({ length: 200 }, () => args)))
    expect(sent(body)).toContain('"edits"')
  })
})

const kindOf = (line: string): string | undefined => {
  const decoder = new ChatResponseDecoder(16 * 1024 * 1024)
  const [last] = decoder.feed(`${line}\n`).slice(-1)
  return last?.type === 'failure' ? last.failure.kind : last?.type
}

describe('a line of the upstream’s is held to limits of its own', () => {
  test.each(BOMBS)('%s', (_, bomb) => {
    const lines = [
      bomb,
      `{"message":{"content":"x"},"more":${bomb},"done":true}`,
      `{"message":{"tool_calls":[{"function":{"name":"f","arguments":${bomb}}}]}}`,
    ]
    for (const line of lines) {
      const parsed = countParsed()
      expect(kindOf(line)).toBe('upstream-malformed')
      expect(parsed()).toBeLessThan(MOST_TOKENS)
    }
  })

  test.each(BOMBS)('%s, as the text of an error', (_, bomb) => {
    const line = JSON.stringify({ error: bomb })
    const parsed = countParsed()
    expect(kindOf(line)).toBe('upstream-rejected')
    expect(parsed()).toBeLessThan(MOST_TOKENS)
  })

  test('and a long text, or a call with much in it, is none of them', () => {
    const text = 'word '.repeat(MB)
    expect(kindOf(JSON.stringify({ message: { content: text } }))).toBe('text')
    const files = Array.from({ length: 20_000 }, (_, index) => ({ path: `${index}`, text: 'x' }))
    const call = { function: { name: 'f', arguments: { files } } }
    expect(kindOf(JSON.stringify({ message: { tool_calls: [call] } }))).toBe('tool-call')
  })
})

test('blanks that wait for a word wait in bounded number', () => {
  const line = `${JSON.stringify({ message: { content: '\n'.repeat(1000) } })}\n`
  const [first = [], ...more] = hear(Array.from({ length: 1000 }, () => line))
  expect(first).toEqual([])
  const said = more.flat().filter(({ type }) => type === 'text')
  expect(said.length).toBeGreaterThan(500)
})

const schemaOf = (schema: object): object => ({
  model: 'm',
  messages: [{ role: 'user', content: 'x' }],
  tools: [{ type: 'function', function: { name: 'f', parameters: schema } }],
})

const chain = (length: number, next: (name: string) => object): object => ({
  $ref: '#/$defs/a0',
  $defs: Object.fromEntries(
    Array.from({ length }, (_, index) => [`a${index}`, next(`#/$defs/a${(index + 1) % length}`)]),
  ),
})

const nested = (depth: number, around: (inner: object) => object): object => {
  let schema: object = { type: 'string', default: '"\\'.repeat(1000) }
  for (let level = 0; level < depth; level++) schema = around(schema)
  return schema
}

describe('what goes upstream is no longer than what came, but for a bound', () => {
  const all = Array.from({ length: 12 }, (_, index) => ({ $ref: `#/$defs/a${index}` }))

  test.each<[what: string, schema: object]>([
    ['two references to two references', chain(40, ($ref) => ({ properties: { a: { $ref }, b: { $ref } } }))], // prettier-ignore
    ['all of one, twice', chain(40, ($ref) => ({ allOf: [{ $ref }, { $ref }] }))],
    ['any of one, twice', chain(40, ($ref) => ({ anyOf: [{ $ref }, { $ref }] }))],
    ['each refers to all', chain(12, () => ({ anyOf: all }))],
    ['each is all of all', chain(12, () => ({ allOf: all }))],
    ['itself', { properties: { a: { $ref: '#' }, b: { $ref: '#/properties/a' } } }],
    ['a reference through a reference', chain(12, ($ref) => ({ $ref: `${$ref}/properties/x`, properties: { x: { $ref } } }))], // prettier-ignore
    ['nested in anyOf', nested(8, (inner) => ({ anyOf: [inner], not: inner }))],
    ['nested in allOf', nested(50, (inner) => ({ allOf: [inner, { const: 1 }], default: 1 }))],
    ['nested in oneOf', nested(8, (inner) => ({ oneOf: [inner, inner] }))],
    ['nested in properties', nested(50, (inner) => ({ properties: { a: inner }, if: { const: 1 } }))], // prettier-ignore
    ['nested in items', nested(50, (inner) => ({ items: inner, contains: { minimum: 1 } }))],
    ['nested in what is told', nested(8, (inner) => ({ anyOf: [{ not: inner }], if: inner }))],
  ])('%s', (_, schema) => {
    const body = schemaOf(schema)
    const text = sent(parseJson(JSON.stringify(body)))
    expect((text ?? '').length).toBeLessThan(6 * JSON.stringify(body).length + 4 * MB)
  })
})

describe('over HTTP the work of a hostile body is at most some of that of an honest one', () => {
  let ollama: StandIn
  let tolk: Tolk
  /** What an honest body of so many bytes costs, µs of CPU. */
  let honest: number

  const LENGTH = 3 * MB

  beforeAll(async () => {
    ollama = await createScriptedOllama()
    tolk = await startTolk(ollama.url)
    await tolk.catalog.started
    const messages = Array.from({ length: 3000 }, () => ({ role: 'user', content: 'word '.repeat(200) })) // prettier-ignore
    const body = JSON.stringify({ model: 'm', messages })
    if (body.length < LENGTH) throw new Error('an honest body is no shorter than the others')
    const costs = [await costOf(body, 200), await costOf(body, 200), await costOf(body, 200)]
    honest = Math.max(...costs)
  })
  afterAll(async () => {
    await tolk.close()
    await ollama.close()
  })

  /** CPU of all of this process, which is both sides'; a busy machine takes longer, and no more of it. */
  const costOf = async (body: string, wanted: number): Promise<number> => {
    const before = process.cpuUsage()
    const response = await fetch(`${tolk.baseURL}/chat/completions`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body,
    })
    const text = await response.text()
    const { user, system } = process.cpuUsage(before)
    expect(response.status).toBe(wanted)
    if (wanted !== 200) {
      const headers = Object.fromEntries(response.headers)
      refusalIn({ status: wanted, headers, body: text })
    }
    return user + system
  }

  const echo = (length: number): string =>
    chatOf(`,"tools":[{"function":{"name":"f","description":"${'a'.repeat(length)}","parameters":{"description":"${'a'.repeat(1000)}b${'a'.repeat(length / 2)}"}}}]`) // prettier-ignore

  type Case = [what: string, body: string, status: number]

  test.each<Case>([
    ...BOMBS.map(([what, bomb]): Case => [what, chatOf(`,"more":${bomb}`), 400]),
    ...BOMBS.map(([what, bomb]): Case => [`${what} in arguments`, callsOf([bomb]), 400]),
    ['one long string', chatOf(`,"user":"${'x'.repeat(LENGTH)}"`), 200],
    ['a string of escapes', chatOf(`,"user":"${'\\u0041'.repeat(LENGTH / 6)}"`), 200],
    ['quotes', chatOf(`,"user":"${'\\"'.repeat(LENGTH / 2)}"`), 200],
    ['blanks', `${' '.repeat(LENGTH)}{}`, 400],
    ['a number of many digits', chatOf(`,"seed":${'1'.repeat(LENGTH)}`), 400],
    ['a data URL of blanks', `{"model":"m","messages":[{"role":"user","content":[{"type":"image_url","image_url":{"url":"${' '.repeat(LENGTH)}"}}]}]}`, 400], // prettier-ignore
    ['a long duration', chatOf(`,"keep_alive":"${'1'.repeat(LENGTH)}"`), 400],
    ['a model of a long name', `{"model":"${'m'.repeat(LENGTH)}","messages":[{"role":"user","content":"x"}]}`, 404], // prettier-ignore
    ['a description said nearly twice', echo(200_000), 200],
  ])('%s', async (_, body, status) => {
    expect(await costOf(body, status)).toBeLessThan(12 * honest)
  })

  test('and none of them took room of more than some times its length', () => {
    // In KB; the tests' own bodies, which are kept, are most of it.
    const peak = process.resourceUsage().maxRSS * 1024
    expect(peak).toBeLessThan(1500 * MB)
  })
})
