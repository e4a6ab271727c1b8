/** The upstream dies: a real status before the head, an error event after it, and never a false end. */
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import OpenAI, { APIError } from 'openai'
import type { Script, Step } from '../../src/demo/script.ts'
import type { StandIn } from '../../src/demo/stand-in.ts'
import { chatStream } from '../support/chat-stream.ts'
import { refusalIn } from '../support/envelope.ts'
import { ask } from '../support/raw-client.ts'
import {
  createScriptedOllama,
  done,
  HELLO,
  inOneWrite,
  textOf,
  word,
} from '../support/scripted-ollama.ts'
import { startTolk, type Tolk } from '../support/tolk.ts'

let ollama: StandIn
let tolk: Tolk
let script: () => Script

beforeAll(async () => {
  ollama = await createScriptedOllama({ script: () => script() })
  tolk = await startTolk(ollama.url)
  await tolk.catalog.started
})
beforeEach(() => {
  script = () => HELLO
})
afterAll(async () => {
  await tolk.close()
  await ollama.close()
})

const chat = (stream: boolean) =>
  ask(tolk.url, {
    path: '/v1/chat/completions',
    body: { model: 'm', stream, messages: [{ role: 'user', content: 'Hi' }] },
  })

/** Nothing is left of what was, and the next chat is served. */
const served = async (): Promise<void> => {
  await expect.poll(() => ollama.open().length).toBe(0)
  script = () => HELLO
  const { status, body } = await chat(false)
  expect(status).toBe(200)
  expect(body).toContain('Hello.')
}

/** No address of the upstream, no word of a page, no trace of our code. */
const tellsNothing = (text: string): void => {
  expect(text).not.toMatch(/127\.0\.0\.1|localhost|<html|doctype|node:|\.ts\b|ECONN|UND_ERR/i)
  expect(text).not.toContain(String(ollama.port))
}

describe('before its first line, streamed or whole, it is a real status', () => {
  const page = '<!doctype html><html><title>502 Bad Gateway</title></html>'

  test.each<[what: string, script: Script, status: number, code: string]>([
    ['a reset', [{ reset: true }], 502, 'upstream_unreachable'],
    ['an end', [{ tear: true }], 502, 'upstream_unreachable'],
    ['another protocol', [{ raw: 'SSH-2.0-x\r\n' }], 502, 'upstream_bad_response'],
    ['an empty answer', [{ status: 200, body: '' }], 502, 'upstream_stream_interrupted'],
    [
      'half a line',
      [{ bytes: textOf(word('a')).slice(0, 20) }],
      502,
      'upstream_stream_interrupted',
    ],
    [
      'half a line and a reset',
      [{ bytes: textOf(word('a')).slice(0, 20) }, { reset: true }],
      502,
      'upstream_stream_interrupted',
    ],
    ['a line that is no JSON', [{ bytes: 'rubbish\n' }], 502, 'upstream_bad_response'],
    ['JSON that is no answer', [{ bytes: '[]\n' }], 502, 'upstream_bad_response'],
    [
      'a web page',
      [{ status: 200, headers: { 'content-type': 'text/html' }, body: page }],
      502,
      'upstream_bad_response',
    ],
    ['an error page', [{ status: 502, body: page }], 502, 'upstream_error'],
    ['a gateway’s 504', [{ status: 504, body: page }], 504, 'upstream_error'],
    [
      'a redirect',
      [{ status: 302, headers: { location: 'http://127.0.0.1:1/x' }, body: '' }],
      502,
      'upstream_bad_response',
    ],
    ['204', [{ status: 204, body: '' }], 502, 'upstream_bad_response'],
    ['304', [{ status: 304, body: '' }], 502, 'upstream_bad_response'],
    [
      'a compressed answer',
      [{ status: 200, headers: { 'content-encoding': 'gzip' }, body: 'x' }],
      502,
      'upstream_bad_response',
    ],
    ['401', [{ status: 401, body: { error: 'unauthorized' } }], 502, 'upstream_auth_error'],
    ['an empty 403', [{ status: 403, body: '' }], 502, 'upstream_auth_error'],
    ['503', [{ status: 503, body: { error: 'server busy' } }], 503, 'overloaded'],
    ['an error line', [{ line: { error: 'something broke' } }], 502, 'upstream_error'],
  ])('%s', async (_, then, status, code) => {
    for (const stream of [true, false]) {
      script = () => then
      const answer = await chat(stream)
      expect(answer.status).toBe(status)
      expect(refusalIn(answer).code).toBe(code)
      expect(answer.headers).toHaveProperty('x-should-retry')
      tellsNothing(answer.body)
    }
    await served()
  })
})

describe('after it', () => {
  test.each<[what: string, then: readonly Step[], code: string]>([
    ['a reset', [{ reset: true }], 'upstream_stream_interrupted'],
    ['an end', [{ tear: true }], 'upstream_stream_interrupted'],
    ['a proper end without the done line', [], 'upstream_stream_interrupted'],
    [
      'half a line, and a proper end',
      [{ bytes: textOf(word('never')).slice(0, -9) }],
      'upstream_stream_interrupted',
    ],
    [
      'half a line, and a reset',
      [{ bytes: textOf(word('never')).slice(0, -9) }, { reset: true }],
      'upstream_stream_interrupted',
    ],
    ['an error line', [{ line: { error: 'something broke' } }], 'upstream_error'],
    ['rubbish', [{ bytes: 'rubbish\n' }], 'upstream_bad_response'],
  ])('%s is an error event, streamed; whole, it is a 502', async (_, then, code) => {
    script = () => [word('one '), word('two'), { pause: 20 }, ...then]
    const stream = await chatStream(tolk.url, 'Hi')
    expect(await stream.ended()).toBe('whole')
    expect(stream.content()).toBe('one two')
    expect(stream.errors()).toMatchObject([{ type: 'server_error', code }])
    expect(stream.finishes()).toEqual([])
    expect(stream.text()).not.toContain('[DONE]')
    expect(stream.data().at(-1)).toMatch(/^\{"error":/)
    tellsNothing(stream.text())

    const whole = await chat(false)
    expect(whole.status).toBe(502)
    expect(refusalIn(whole).code).toBe(code)
    expect(whole.body).not.toContain('one')
    await served()
  })

  test('what came in the same read as the failure is said before it', async () => {
    script = () => [inOneWrite([textOf(word('one')), '{"error":"something broke"}\n'], true)]
    const stream = await chatStream(tolk.url, 'Hi')
    await stream.ended()
    expect(stream.status).toBe(200)
    expect(stream.content()).toBe('one')
    expect(stream.errors()).toHaveLength(1)
  })

  test('the done line counts, whatever befalls the connection after it', async () => {
    for (const then of [{ reset: true }, { tear: true }, { bytes: 'rubbish\n' }] as const) {
      script = () => [word('one'), done, then]
      const stream = await chatStream(tolk.url, 'Hi')
      expect(await stream.ended()).toBe('whole')
      expect(stream.errors()).toEqual([])
      expect(stream.finishes()).toEqual(['stop'])
      expect(stream.data().at(-1)).toBe('[DONE]')
    }
  })

  test('the openai package throws, with what was said so far in hand', async () => {
    script = () => [word('one '), word('two'), { pause: 20 }, { reset: true }]
    const client = new OpenAI({ baseURL: tolk.baseURL, apiKey: 'none', maxRetries: 0 })
    const stream = await client.chat.completions.create({
      model: 'm',
      stream: true,
      messages: [{ role: 'user', content: 'Hi' }],
    })
    let text = ''
    const read = async (): Promise<void> => {
      for await (const { choices } of stream) text += choices[0]?.delta.content ?? ''
    }
    await expect(read()).rejects.toBeInstanceOf(APIError)
    expect(text).toBe('one two')
  })
})

test('U-62 an outage under a hundred streams: each is told, and the next is served when it is over', async () => {
  script = () => [word('one'), { hold: true }]
  const streams = await Promise.all(
    Array.from({ length: 100 }, () => chatStream(tolk.url, 'Hi', { headMs: 10_000 })),
  )
  await ollama.down()
  for (const stream of streams) {
    expect(await stream.ended()).toBe('whole')
    expect(stream.errors()).toMatchObject([{ code: 'upstream_stream_interrupted' }])
    expect(stream.text()).not.toContain('[DONE]')
  }
  const down = await chat(true)
  expect(down.status).toBe(502)
  expect(refusalIn(down)).toMatchObject({ code: 'upstream_unreachable' })
  expect(down.headers['x-should-retry']).toBe('true')
  tellsNothing(down.body)
  await ollama.up()
  await served()
})
