/** The stand-in's `/api/generate` answers as the recorded Ollama did, but for the words and the numbers. */
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { z } from 'zod'
import { createDemoScript } from '../../src/demo/demo-models.ts'
import { createModel } from '../../src/demo/stand-in-model.ts'
import { createStandIn, type StandIn } from '../../src/demo/stand-in.ts'
import { recording, recordingsUnder } from '../support/recordings.ts'

let ollama: StandIn
beforeEach(async () => {
  ollama = await createStandIn({
    models: [
      createModel({ name: 'plain:latest' }),
      createModel({ name: 'generic-think:latest', abilities: ['completion', 'thinking'] }),
      createModel({ name: 'code:latest', abilities: ['completion', 'insert'] }),
    ],
    script: createDemoScript(0),
  })
})
afterEach(() => ollama.close())

const post = async (body: unknown) => {
  const response = await fetch(`${ollama.url}/api/generate`, {
    method: 'POST',
    body: JSON.stringify(body),
  })
  return {
    status: response.status,
    type: response.headers.get('content-type'),
    text: await response.text(),
  }
}

const keysOf = (line: string): readonly string[] =>
  Object.keys(z.looseObject({}).parse(JSON.parse(line)))

const linesOf = (text: string): readonly string[] => text.trimEnd().split('\n')

const shapes = (text: string): ReadonlySet<string> =>
  new Set(linesOf(text).map((line) => keysOf(line).join()))

describe('as recorded:', () => {
  test.each(['plain', 'raw', 'think'])(
    '%s has lines of the same keys, in their order',
    async (name) => {
      const { request, response, bytes } = recording(`generate/${name}`)
      const answer = await post(request.body)
      expect(answer).toMatchObject({ status: 200, type: response.contentType })
      expect(shapes(answer.text)).toEqual(shapes(bytes.toString('utf8')))
    },
  )

  test.each(['missing', 'suffix-unsupported'])('%s is refused in the same words', async (name) => {
    const { request, response, bytes } = recording(`generate/${name}`)
    const { status, text } = await post(request.body)
    expect({ status, text }).toEqual({ status: response.status, text: bytes.toString('utf8') })
  })

  test('no other has to be looked at', () => {
    const names = recordingsUnder('generate').map(({ name }) => name.replace('generate/', ''))
    expect(names).toEqual([
      'eof',
      'length',
      'missing',
      'plain',
      'raw',
      'suffix-unsupported',
      'think',
    ])
  })
})

describe('beside them', () => {
  test('an answer comes whole where it is asked for', async () => {
    const { text } = await post({ model: 'plain', prompt: 'say: a b', stream: false })
    expect(JSON.parse(text)).toMatchObject({ response: 'a b', done: true, done_reason: 'stop' })
  })

  test('an empty prompt has the model loaded', async () => {
    const { text } = await post({ model: 'plain', prompt: '' })
    expect(JSON.parse(text)).toMatchObject({ response: '', done: true, done_reason: 'load' })
  })

  test.each([
    [{ prompt: ['a'] }, 400],
    [{ prompt: 'a', raw: true, system: 'b' }, 400],
    [{ prompt: 'a', think: true }, 400],
    [{ prompt: 'a', options: { stop: 'b' } }, 500],
  ])('%j is refused with %i', async (fields, status) => {
    expect(await post({ model: 'plain', ...fields })).toMatchObject({ status })
  })

  test('a gap is filled by a model that can', async () => {
    expect(await post({ model: 'code', prompt: 'a', suffix: 'b' })).toMatchObject({ status: 200 })
  })
})
