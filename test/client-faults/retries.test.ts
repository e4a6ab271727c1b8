/** The real SDK asks again only where that can help: what ran is not run twice, what did not run may be tried again. */
import OpenAI from 'openai'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import type { Script } from '../../src/demo/script.ts'
import type { StandIn } from '../../src/demo/stand-in.ts'
import { ask } from '../support/raw-client.ts'
import { createScriptedOllama, HELLO, word } from '../support/scripted-ollama.ts'
import { startTolk, type Tolk, type TolkSettings } from '../support/tolk.ts'

const KEY = 'client-key'

/** What the stand-in says to the first request, the second, and every later one. */
let answers: readonly (() => Script)[]
let ollama: StandIn
let tolk: Tolk
let most: number

beforeEach(async () => {
  answers = []
  most = 0
  ollama = await createScriptedOllama({
    script: () => {
      most = Math.max(most, openChats())
      return (answers[chats().length - 1] ?? answers.at(-1) ?? (() => HELLO))()
    },
  })
})
afterEach(async () => {
  await tolk.close()
  await ollama.close()
})

const chats = () => ollama.requests.filter(({ route }) => route === '/api/chat')
const openChats = () => ollama.open().filter(({ route }) => route === '/api/chat').length

const start = async (settings: TolkSettings = {}): Promise<void> => {
  tolk = await startTolk(ollama.url, { shutdown: { drainMs: 0 }, ...settings })
  await tolk.catalog.started
}

/** As an application has it: nothing about retries is set. */
const client = (options: { readonly timeout?: number } = {}) =>
  new OpenAI({ baseURL: tolk.baseURL, apiKey: KEY, ...options })

const REQUEST = { model: 'm', messages: [{ role: 'user' as const, content: 'Hi' }] }

/** Asks once, and reads all there is. @throws what the SDK throws in the end. */
const chat = async (stream: boolean, sdk = client()): Promise<string> => {
  if (!stream) {
    const { choices } = await sdk.chat.completions.create(REQUEST)
    return choices[0]?.message.content ?? ''
  }
  let text = ''
  for await (const { choices } of await sdk.chat.completions.create({ ...REQUEST, stream: true })) {
    text += choices[0]?.delta.content ?? ''
  }
  return text
}

const ended = (): readonly unknown[] =>
  tolk.logged
    .map((line): unknown => JSON.parse(line))
    .filter((line) => Reflect.get(Object(line), 'path') === '/v1/chat/completions')
    .map((line): unknown => Reflect.get(Object(line), 'status'))

/** The statuses that tolk's chats have ended with, in their order. */
const statuses = async (count: number): Promise<readonly unknown[]> => {
  await expect.poll(() => ended().length).toBe(count)
  return ended()
}

const twice = [{ stream: true }, { stream: false }]

describe('C-19 the SDK does not ask again', () => {
  test.for(twice)(
    'for what took its time and failed (504), stream: $stream',
    async ({ stream }) => {
      answers = [() => [{ hold: true }]]
      await start({ upstream: { firstByteTimeoutMs: 200 } })
      await expect(chat(stream)).rejects.toMatchObject({ status: 504, code: 'upstream_timeout' })
      expect(await statuses(1)).toEqual([504])
      expect(chats()).toHaveLength(1)
    },
  )

  test('for an error in the middle of a stream', async () => {
    answers = [() => [word('Hel'), { tear: true }]]
    await start()
    await expect(chat(true)).rejects.toThrow(OpenAI.APIError)
    expect(await statuses(1)).toEqual([200])
    expect(chats()).toHaveLength(1)
  })

  test.for<[what: string, script: () => Script, status: number]>([
    ['an answer that broke off (502)', () => [word('Hel'), { tear: true }], 502],
    ['an upstream that died over it (502)', () => [{ reset: true }], 502],
    [
      'a model that failed (500)',
      () => [
        { status: 500, body: { error: 'llama runner process has terminated: exit status 2' } },
      ],
      500,
    ],
    ['a line that is none (502)', () => [{ bytes: '<html>\n' }, { hold: true }], 502],
  ])('for %s', async ([, script, status]) => {
    answers = [script]
    // On a connection that was kept, a death before the first octet may be put down to that (R1).
    await start({ upstream: { keepAliveTimeoutMs: 0 } })
    await expect(chat(false)).rejects.toMatchObject({ status })
    expect(await statuses(1)).toEqual([status])
    expect(chats()).toHaveLength(1)
  })

  test('for a request that is wrong (400), or a key that nobody knows (401)', async () => {
    await start({ auth: { keys: [{ name: 'a', key: 'another' }] } })
    await expect(chat(true)).rejects.toMatchObject({ status: 401 })
    expect(await statuses(1)).toEqual([401])
    expect(chats()).toEqual([])
  })
})

const full = (): Script => [
  {
    status: 503,
    body: { error: 'server busy, please try again.  maximum pending requests exceeded' },
  },
]

describe('C-19 the SDK asks again', () => {
  test.for(twice)(
    'when nobody had room (503), and the work is done once, stream: $stream',
    async ({ stream }) => {
      answers = [full, () => HELLO]
      await start()
      expect(await chat(stream)).toBe('Hello.')
      expect(await statuses(2)).toEqual([503, 200])
      expect(chats()).toHaveLength(2)
    },
  )

  test('when its key has used up its minute (429), after as long as it was told', async () => {
    await start({ auth: { keys: [{ name: 'a', key: KEY, requestsPerMinute: 60 }] } })
    const headers = { authorization: `Bearer ${KEY}` }
    for (let each = 0; each < 60; each++) await ask(tolk.url, { path: '/v1/models', headers })
    expect(await chat(true)).toBe('Hello.')
    expect(chats()).toHaveLength(1)
    const all = await statuses(2)
    expect(all).toEqual([429, 200])
  })

  test('when nothing ran because nothing listens (502): three times in all', async () => {
    await start({ upstream: { models: [{ id: 'm' }] } })
    await ollama.down()
    await expect(chat(false)).rejects.toMatchObject({ status: 502, code: 'upstream_unreachable' })
    expect(await statuses(3)).toEqual([502, 502, 502])
    await ollama.up()
  })

  test('when it is out of patience itself: but never is more than one at work', async () => {
    answers = [() => [{ hold: true }]]
    await start()
    await expect(chat(false, client({ timeout: 250 }))).rejects.toThrow(
      OpenAI.APIConnectionTimeoutError,
    )
    expect(await statuses(3)).toEqual([499, 499, 499])
    expect(most).toBe(1)
    await expect.poll(openChats).toBe(0)
  })
})
