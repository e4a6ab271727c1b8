/** Every chat recording, played over real sockets in every cut: a client gets its golden, streamed and whole. */
import { existsSync, readFileSync } from 'node:fs'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { StandIn } from '../../src/demo/stand-in.ts'
import { WAYS } from '../support/feed.ts'
import { createRecordedOllama } from '../support/recorded-ollama.ts'
import { chatRecordings, type ChatRecording } from '../support/recordings.ts'
import { startTolk, type Tolk } from '../support/tolk.ts'

/** Without those that tolk never asks for: the empty chat that loads a model, and whole answers. */
const RECORDINGS = chatRecordings().filter(
  ({ body }) => body.messages.length > 0 && body.stream !== false,
)

const GOLDEN = new URL('../golden/', import.meta.url)

let ollama: StandIn
let tolk: Tolk

beforeAll(async () => {
  ollama = await createRecordedOllama()
  tolk = await startTolk(ollama.url, { log: { level: 'silent' } })
})
afterAll(async () => {
  await tolk.close()
  await ollama.close()
})

/** Asks tolk for what the recording's request asks Ollama for. */
const ask = ({ body }: ChatRecording, stream: boolean): Promise<Response> => {
  const { model, messages, tools, format, think, logprobs, top_logprobs: top, options } = body
  return fetch(`${tolk.baseURL}/chat/completions`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({
      model,
      messages,
      tools,
      format,
      think,
      logprobs,
      top_logprobs: top,
      options,
      stream,
      ...(stream && { stream_options: { include_usage: true } }),
    }),
    signal: AbortSignal.timeout(15_000),
  })
}

const golden = (name: string): string => readFileSync(new URL(name, GOLDEN), 'utf8')

/** The golden's stamp instead of ours, after a look at ours. */
const stamped = (text: string): string => {
  expect(new Set(text.match(/"id":"chatcmpl-[^"]*","object"/g) ?? []).size).toBeLessThanOrEqual(1)
  const minted = [...new Set(text.match(MINTED))]
  return text
    .replaceAll(MINTED, (id) => `call_minted_${minted.indexOf(id)}`)
    .replaceAll(/"id":"chatcmpl-[0-9a-f]{32}"/g, '"id":"chatcmpl-0"')
    .replaceAll(/"created":\d+/g, '"created":0')
}

/** An id that tolk gave to a call. */
const MINTED = /call_[0-9a-f]{32}/g

describe.each(WAYS)('cut $way', ({ slices }) => {
  beforeAll(() => {
    ollama.slices = slices
  })

  test.for(RECORDINGS)('$name', async (recording) => {
    const whole = await ask(recording, false)
    const json = stamped(await whole.text())
    expect(json).toBe(golden(`${recording.name}.json`))
    expect(whole.ok).toBe(!json.startsWith('{"error"'))

    // A failure before the first event is the same answer to both.
    const isStream = existsSync(new URL(`${recording.name}.sse`, GOLDEN))
    const streamed = await ask(recording, true)
    expect(streamed.status).toBe(isStream ? 200 : whole.status)
    expect(stamped(await streamed.text())).toBe(isStream ? golden(`${recording.name}.sse`) : json)
  })
})
