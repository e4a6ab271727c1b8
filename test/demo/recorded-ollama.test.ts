/** The stand-in, playing recordings, answers each recorded request as the real Ollama did. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { StandIn } from '../../src/demo/stand-in.ts'
import { WAYS } from '../support/feed.ts'
import { ask } from '../support/raw-client.ts'
import { createRecordedOllama } from '../support/recorded-ollama.ts'
import { recording, recordingsUnder } from '../support/recordings.ts'

let ollama: StandIn

beforeAll(async () => {
  ollama = await createRecordedOllama()
})
afterAll(() => ollama.close())

describe('answers to the byte as recorded', () => {
  const all = ['chat', 'errors', 'catalog', 'embed', 'generate'].flatMap(recordingsUnder)

  // Which loaded model comes first is a matter of milliseconds; see below.
  const exact = all.filter(({ name }) => name !== 'catalog/ps')

  test.each(exact.map((one) => [one.name, one] as const))(
    '%s',
    async (_, { request, response, bytes }) => {
      const { method, path, headers, body } = request
      const answer = await ask(ollama.url, { method, path, headers, body })
      expect(answer.status).toBe(response.status)
      expect(answer.headers['content-type'] ?? '').toBe(response.contentType)
      expect(answer.end).toBe('whole')
      expect(masked(answer.body)).toBe(masked(bytes.toString('utf8')))
    },
  )

  test('catalog/ps, in any order', async () => {
    const { body } = await ask(ollama.url, { path: '/api/ps' })
    const recorded = JSON.parse(recording('catalog/ps').bytes.toString('utf8'))
    expect(JSON.parse(body).models).toHaveLength(recorded.models.length)
    expect(JSON.parse(body).models).toEqual(expect.arrayContaining(recorded.models))
  })

  test('there are as many as were recorded', () => {
    expect(all).toHaveLength(177)
  })
})

test.each(WAYS)('plays the same bytes cut $way', async ({ slices }) => {
  const { request, bytes } = recording('chat/native/unicode')
  ollama.slices = slices
  const answer = await ask(ollama.url, request)
  expect(answer.body).toBe(bytes.toString('utf8'))
  expect(answer.slices).toBe([...slices(bytes)].length)
})

/** The stand-in has its own clock. */
const masked = (text: string): string =>
  text.replaceAll(/"created_at":"[^"]*"/g, '"created_at":"…"')
