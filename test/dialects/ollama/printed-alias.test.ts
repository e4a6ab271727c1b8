import { describe, expect, test } from 'vitest'
import type { ChatEvent } from '../../../src/chat/event.ts'
import { ChatResponseDecoder } from '../../../src/dialects/ollama/chat-response.ts'
import { PrintedAliasDecoder } from '../../../src/dialects/ollama/printed-alias.ts'
import { toolNames } from '../../../src/dialects/ollama/tool-names.ts'
import { toOctets } from '../../../src/wire/octets.ts'
import { requestOf } from '../../support/chat-body.ts'
import { everyWay } from '../../support/feed.ts'

const offered = ['python', 'weather'].map((name) => ({ type: 'function', function: { name } }))
const { request, called } = toolNames(requestOf({ tools: offered }))
const [alias = ''] = request.tools.map(({ name }) => name)

const line = (content: string, done = false): string =>
  `${JSON.stringify({ model: 'm', created_at: 'x', message: { role: 'assistant', content }, done })}\n`

/** What is said when the model says these texts, fed in every way. */
const heard = (...texts: readonly string[]): readonly (readonly ChatEvent[])[] => {
  const octets = toOctets(texts.map((text) => line(text)).join('') + line('', true))
  return Array.from(everyWay(octets), ({ slices }) => {
    const answer = new ChatResponseDecoder(1 << 20, () => {}, undefined, called)
    const decoder = new PrintedAliasDecoder(answer, request, called)
    return [...slices.flatMap((slice) => decoder.feed(slice)), ...decoder.end()]
  })
}

test('a printed call of a renamed tool is a call, under the client’s name', () => {
  expect(alias).not.toBe('python')
  for (const events of heard(`{"name":"${alias}",`, '"arguments":{"code":"1"}}')) {
    expect(events).toMatchObject([
      { type: 'tool-call', name: 'python', arguments: '{"code":"1"}' },
      { type: 'finish' },
    ])
  }
})

const call = (name: string): string => `{"name":"${name}","arguments":{}}`

test('calls of a renamed tool and of another are told together', () => {
  for (const events of heard(`[${call(alias)},${call('weather')}]`)) {
    expect(events).toMatchObject([{ name: 'python' }, { name: 'weather' }, { type: 'finish' }])
  }
})

describe('what is none stays as it is', () => {
  test.each([
    'Hello.',
    `Call it like this: {"name":"${alias}","arguments":{}}`,
    '{"name":"other","arguments":{}}',
    `{"name":"${alias}","arguments":`,
  ])('%s', (text) => {
    for (const events of heard(text)) {
      expect(events.filter(({ type }) => type === 'tool-call')).toEqual([])
      const said = events.map((event) => (event.type === 'text' ? event.escaped : '')).join('')
      expect(JSON.parse(`"${said}"`)).toBe(text)
    }
  })
})
