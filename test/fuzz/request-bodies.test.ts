/** Any body at all, asked of a tolk that runs: an answer, or a refusal in the envelope, and never a fault of ours. */
import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { StandIn } from '../../src/demo/stand-in.ts'
import { createModel } from '../../src/demo/stand-in-model.ts'
import { anyChatBody, mutate, mutation, wireOf } from '../support/any-chat-body.ts'
import { refusalIn } from '../support/envelope.ts'
import { readCompletion, readStream } from '../support/read-stream.ts'
import { createScriptedOllama } from '../support/scripted-ollama.ts'
import { startTolk, type Tolk } from '../support/tolk.ts'
import { changed, changes, ODD_VALUES } from './changes.ts'
import { runs } from './runs.ts'

let ollama: StandIn
const tolks: Tolk[] = []

beforeAll(async () => {
  ollama = await createScriptedOllama({
    models: [
      createModel({ name: 'native', abilities: ['completion', 'tools', 'vision', 'thinking'] }),
    ],
  })
  const openai = { strict: true, allowLoadOptions: false }
  tolks.push(
    await startTolk(ollama.url, { openai: { allowLoadOptions: true } }),
    await startTolk(ollama.url, { openai }),
    await startTolk(ollama.url, { models: { params: { '*': { streaming: false } } } }),
  )
  await Promise.all(tolks.map((tolk) => tolk.catalog.started))
})
afterAll(async () => {
  for (const tolk of tolks) await tolk.close()
  await ollama.close()
})

/** Asks one of them, and holds the answer against all that is promised of any. @returns its status. */
const ask = async (which: number, body: string | Buffer): Promise<number> => {
  const response = await fetch(`${tolks[which]?.baseURL}/chat/completions`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body,
    signal: AbortSignal.timeout(60_000),
  })
  const { status } = response
  const headers = Object.fromEntries(response.headers)
  const text = await response.text()
  if (status === 200) {
    if (headers['content-type'] === 'application/json') readCompletion(text)
    else expect(readStream(text)).toMatchObject({ isDone: true, error: null })
    return status
  }
  const { code } = refusalIn({ status, headers, body: text })
  expect(code).not.toBe('internal_error')
  // The stand-in speaks, whatever call was asked for: then nobody but the model is at fault.
  if (code === 'tool_choice_failed') expect(status).toBe(502)
  else expect(status).toBeLessThan(500)
  // However long what was wrong, the refusal is a sentence.
  expect(text.length).toBeLessThan(2000)
  return status
}

const which = fc.nat(2)

describe('an answer or a refusal', () => {
  test('for what a client could mean, with values in it that none would', async () => {
    const statuses: number[] = []
    const mutated = fc
      .tuple(anyChatBody(), fc.array(mutation(), { maxLength: 2 }))
      .map(([body, changing]) => wireOf(changing.reduce(mutate, body)))
    await fc.assert(
      fc.asyncProperty(which, mutated, async (tolk, body) => {
        statuses.push(await ask(tolk, body))
      }),
      runs(250),
    )
    const answered = statuses.filter((status) => status === 200).length
    expect(answered).toBeGreaterThan(statuses.length / 20)
    expect(answered).toBeLessThan(statuses.length)
  })

  test('for any JSON', async () => {
    await fc.assert(
      fc.asyncProperty(
        which,
        fc.jsonValue({ maxDepth: 4, stringUnit: 'binary' }),
        async (tolk, value) => {
          expect(await ask(tolk, JSON.stringify(value))).toBeLessThan(500)
        },
      ),
      runs(80),
    )
  })

  test('for the bytes of a body with some of them changed', async () => {
    const bytes = anyChatBody().map((body) => Buffer.from(wireOf(body)).toString('latin1'))
    const inserted = [...ODD_VALUES, '{', '}', '[', ']', '"', '\\', ',', ':', '\0', '\xff', '\xc0\xaf'] // prettier-ignore
    await fc.assert(
      fc.asyncProperty(which, bytes, changes(inserted), async (tolk, body, made) => {
        expect(await ask(tolk, Buffer.from(changed(body, made), 'latin1'))).toBeLessThan(500)
      }),
      runs(120),
    )
  })

  test('for keys of objects that JavaScript has by itself, wherever they stand', async () => {
    const key = fc.constantFrom(
      '__proto__',
      'constructor',
      'prototype',
      'toString',
      'hasOwnProperty',
    )
    const value = fc.constantFrom('{"polluted":1}', 'null', '[]', '"x"', '7', '{"__proto__":{}}')
    const place = fc.constantFrom<(member: string) => string>(
      (member) => `{${member},"model":"native","messages":[{"role":"user","content":"x"}]}`,
      (member) => `{"model":"native","messages":[{"role":"user","content":"x",${member}}]}`,
      (member) => fields(`"options":{${member}}`),
      (member) => fields(`"stream_options":{${member}}`),
      (member) => fields(`"response_format":{"type":"json_schema","json_schema":{"schema":{${member}}}}`), // prettier-ignore
      (member) => fields(`"tools":[{"type":"function","function":{"name":"f","parameters":{"type":"object","properties":{${member}},${member}}}}]`), // prettier-ignore
      (member) => fields(`"tools":[{"function":{"name":"f","parameters":{"$defs":{${member}},"$ref":"#/$defs/__proto__"}}}]`), // prettier-ignore
      (member) => `{"model":"native","messages":[{"role":"assistant","tool_calls":[{"id":"__proto__","function":{"name":"constructor","arguments":${JSON.stringify(`{${member}}`)}}}]},{"role":"tool","tool_call_id":"toString","name":"__proto__","content":"x"}]}`, // prettier-ignore
      (member) => `{"model":${JSON.stringify(member.split('"')[1])},"messages":[{"role":"user","content":"x"}]}`, // prettier-ignore
    )
    await fc.assert(
      fc.asyncProperty(which, place, key, value, async (tolk, put, name, said) => {
        expect(await ask(tolk, put(`"${name}":${said}`))).toBeLessThan(500)
      }),
      runs(80),
    )
  })
})

const fields = (more: string): string =>
  `{"model":"native","messages":[{"role":"user","content":"x"}],${more}}`

describe('a refusal that is short', () => {
  const long = 'k'.repeat(100_000)

  test.each<[what: string, body: string]>([
    ['a model of a long name', `{"model":"${long}","messages":[{"role":"user","content":"x"}]}`],
    ['a role of a long name', `{"model":"native","messages":[{"role":"${long}","content":"x"}]}`],
    ['a field of a long name', fields(`"${long}":1`)],
    ['an option of a long name', fields(`"options":{"${long}":1e400}`)],
    ['an option of a long name, with an odd value', fields(`"options":{"${long}":{"a":[${'['.repeat(40)}${']'.repeat(40)}]}}`)], // prettier-ignore
    ['a long word for a few', fields(`"reasoning_effort":"${long}"`)],
    ['a long format', fields(`"format":"${long}"`)],
    ['a long duration', fields(`"keep_alive":"${long}"`)],
    ['a long URL of a picture', `{"model":"native","messages":[{"role":"user","content":[{"type":"image_url","image_url":{"url":"${long}:x"}}]}]}`], // prettier-ignore
    ['a long type of a tool', fields(`"tools":[{"type":"${long}","function":{"name":"f"}}]`)],
    ['a long choice of a tool', fields(`"tool_choice":"${long}"`)],
  ])('of %s', async (_, body) => {
    for (const tolk of tolks.keys()) expect(await ask(tolk, body)).toBeLessThan(500)
  })
})

test('none of all these was a fault of ours, or has changed what every object has', () => {
  const logged = tolks.flatMap((tolk) => tolk.logged)
  expect(logged.filter((line) => line.includes('internal error'))).toEqual([])
  expect(Object.prototype).not.toHaveProperty('polluted')
})
