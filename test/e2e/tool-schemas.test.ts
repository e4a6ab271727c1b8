/** Tools on their way through tolk: what Ollama would drop of a schema arrives, what is too much is refused. */
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { StandIn } from '../../src/demo/stand-in.ts'
import { refusalIn } from '../support/envelope.ts'
import { ask } from '../support/raw-client.ts'
import { createScriptedOllama } from '../support/scripted-ollama.ts'
import { startTolk, type Tolk } from '../support/tolk.ts'

let ollama: StandIn
let tolk: Tolk

beforeAll(async () => {
  ollama = await createScriptedOllama()
  tolk = await startTolk(ollama.url)
  await tolk.catalog.started
})
afterAll(async () => {
  await tolk.close()
  await ollama.close()
})

const offer = (parameters: object, stream: boolean) =>
  ask(tolk.url, {
    path: '/v1/chat/completions',
    body: {
      model: 'm',
      stream,
      messages: [{ role: 'user', content: 'Hi' }],
      tools: [{ type: 'function', function: { name: 'book', parameters } }],
    },
  })

/** Two references to two references to …, a million times over. */
const bomb = {
  $ref: '#/$defs/l0',
  $defs: Object.fromEntries(
    Array.from({ length: 20 }, (_, at) => {
      const next = { $ref: `#/$defs/l${at + 1}` }
      return [`l${at}`, { properties: { a: next, b: next } }]
    }),
  ),
}

test.each([false, true])(
  'keeps what Ollama would drop of a schema, streamed %j',
  async (stream) => {
    const parameters = {
      type: 'object',
      properties: { day: { type: 'string', description: 'The day', format: 'date' } },
      additionalProperties: false,
    }
    expect((await offer(parameters, stream)).status).toBe(200)
    const asked = ollama.requests.findLast(({ route }) => route === '/api/chat')
    expect(asked?.json).toMatchObject({
      tools: [
        {
          function: {
            description: 'Additional properties: false.',
            parameters: {
              properties: { day: { type: 'string', description: 'The day. Format: date.' } },
            },
          },
        },
      ],
    })
  },
)

test.each([false, true])(
  'refuses a schema that unfolds to millions, streamed %j',
  async (stream) => {
    const before = ollama.requests.length
    const answer = await offer(bomb, stream)
    expect(answer.status).toBe(400)
    expect(refusalIn(answer)).toMatchObject({
      type: 'invalid_request_error',
      param: 'tools[0].function.parameters',
      code: 'invalid_value',
    })
    expect(ollama.requests).toHaveLength(before)
    expect((await offer({}, stream)).status).toBe(200)
  },
)
