/** Where an example is played: a tolk, an Ollama that is a bare socket, and a tap on the wire at either side. */
import { chatStream, type ChatAsk, type ChatStream } from '../support/chat-stream.ts'
import { createFaultUpstream, type FaultUpstream } from '../support/fault-upstream.ts'
import { ask, type RawAnswer, type RawRequest } from '../support/raw-client.ts'
import { connectTo, postOf, type SocketClient } from '../support/socket-client.ts'
import { startTolk, type Tolk, type TolkSettings } from '../support/tolk.ts'
import { createTap } from './tap.ts'
import { Wire } from './wire.ts'

/** What a client shows, says and must never find in a log. */
export const CLIENT_KEY = 'sk-shown-client-key'
export const PROMPT = 'How do I get to Ulm?'
/** What tolk shows its Ollama. */
export const UPSTREAM_KEY = 'shown-upstream-key'

/** Something that was promised, and whether it was kept. */
export type Kept = { readonly what: string; readonly isKept: boolean }

export type Stage = {
  /** Where clients connect. */
  readonly url: string
  readonly tolk: Tolk
  /** Its `fault` is what the next chats meet. */
  readonly ollama: FaultUpstream
  readonly wire: Wire
  readonly kept: readonly Kept[]
  readonly promised: (what: string, isKept: boolean) => void
  /** Asks for a chat and waits for all of the answer. */
  readonly chat: (body?: object, headers?: Readonly<Record<string, string>>) => Promise<RawAnswer>
  readonly ask: (request: RawRequest) => Promise<RawAnswer>
  /** Asks for a streamed chat and waits for its head. */
  readonly stream: (options?: ChatAsk) => Promise<ChatStream>
  /** A client that is a bare socket. */
  readonly connect: () => Promise<SocketClient>
  /** Waits until it is so, at most 3 s. @returns whether it came to be. */
  readonly until: (isSo: () => boolean) => Promise<boolean>
  readonly close: () => Promise<void>
}

export const createStage = async (settings: TolkSettings = {}): Promise<Stage> => {
  const wire = new Wire()
  const ollama = await createFaultUpstream()
  const below = await createTap(wire, 'tolk', { side: 'Ollama', url: ollama.url })
  const tolk = await startTolk(below.url, {
    shutdown: { drainMs: 0 },
    auth: { keys: [{ name: 'reader', key: CLIENT_KEY }] },
    ...settings,
    upstream: { apiKey: UPSTREAM_KEY, ...settings.upstream },
  })
  await tolk.catalog.started
  const above = await createTap(wire, 'client', { side: 'tolk', url: tolk.url })
  // Its questions about models are no part of the scene.
  await until(() => ollama.open.size === 0)
  wire.begin()
  const kept: Kept[] = []
  return {
    url: above.url,
    tolk,
    ollama,
    wire,
    kept,
    promised: (what, isKept) => void kept.push({ what, isKept }),
    chat: (body = {}, headers = {}) =>
      ask(above.url, {
        path: '/v1/chat/completions',
        headers: { ...KEY, ...headers },
        body: { ...CHAT, ...body },
      }),
    ask: ({ headers = {}, ...request }) =>
      ask(above.url, { headers: { ...KEY, ...headers }, ...request }),
    stream: ({ headers = {}, ...options } = {}) =>
      chatStream(above.url, PROMPT, { headers: { ...KEY, ...headers }, ...options }),
    connect: () => connectTo(above.url),
    until,
    close: async () => {
      await above.close()
      await tolk.close()
      await below.close()
      await ollama.close()
    },
  }
}

const KEY = { authorization: `Bearer ${CLIENT_KEY}` }
const CHAT = { model: 'm', stream: true, messages: [{ role: 'user', content: PROMPT }] }

/** A chat as it stands on the wire, for a client that is a bare socket. */
export const chatOctets = (body: object = {}): string =>
  postOf('/v1/chat/completions', { ...CHAT, ...body }, { Authorization: KEY.authorization })

const until = async (isSo: () => boolean): Promise<boolean> => {
  const deadline = performance.now() + 3000
  while (!isSo()) {
    if (performance.now() > deadline) return false
    await new Promise((resolve) => {
      setTimeout(resolve, 5)
    })
  }
  return true
}
