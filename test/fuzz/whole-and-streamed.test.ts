/** Asked in three ways over real sockets, an upstream's answer comes to the same: streamed, whole, and retold as a stream. */
import fc from 'fast-check'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { createFaultUpstream, fin, says, type FaultUpstream } from '../support/fault-upstream.ts'
import { ask } from '../support/raw-client.ts'
import { readCompletion, readError, readStream } from '../support/read-stream.ts'
import { startTolk, type Tolk } from '../support/tolk.ts'
import { upstreamScript, written } from '../support/upstream-script.ts'
import { runs } from './runs.ts'

let upstream: FaultUpstream
let tolk: Tolk
let retelling: Tolk

beforeAll(async () => {
  upstream = await createFaultUpstream()
  tolk = await startTolk(upstream.baseUrl)
  retelling = await startTolk(upstream.baseUrl, { models: { params: { m: { streaming: false } } } })
  await Promise.all([tolk.catalog.started, retelling.catalog.started])
})
afterAll(async () => {
  await tolk.close()
  await retelling.close()
  await upstream.close()
})

type Carried = {
  readonly text: string
  readonly reasoning: string
  readonly calls: readonly (readonly [name: string, args: string])[]
  readonly finish: string | null | undefined
  readonly usage: unknown
}

const chat = (which: Tolk, stream: boolean) =>
  ask(which.url, {
    path: '/v1/chat/completions',
    body: {
      model: 'm',
      stream,
      ...(stream && { stream_options: { include_usage: true } }),
      messages: [{ role: 'user', content: 'Hi' }],
    },
  })

/** What came, or the error's code, with a status or without. */
const streamed = async (which: Tolk): Promise<Carried | string | null> => {
  const answer = await chat(which, true)
  if (answer.status !== 200) return readError(answer.body).code
  const { choices, chunks, error } = readStream(answer.body)
  if (error !== null) return error.code
  const deltas = choices.map(({ delta }) => delta)
  return {
    text: deltas.map((delta) => ('content' in delta ? delta.content : '')).join(''),
    reasoning: deltas
      .map((delta) => ('reasoning_content' in delta ? delta.reasoning_content : ''))
      .join(''),
    calls: deltas.flatMap((delta) =>
      'tool_calls' in delta
        ? delta.tool_calls.map(({ function: said }) => [said.name, said.arguments] as const)
        : [],
    ),
    finish: choices.at(-1)?.finish_reason,
    usage: chunks.at(-1)?.usage ?? undefined,
  }
}

const whole = async (): Promise<Carried | string | null> => {
  const answer = await chat(tolk, false)
  if (answer.status !== 200) return readError(answer.body).code
  const { choices, usage } = readCompletion(answer.body)
  const [{ message, finish_reason: finish }] = choices
  return {
    text: message.content ?? '',
    reasoning: message.reasoning_content ?? '',
    calls: (message.tool_calls ?? []).map(({ function: said }) => [said.name, said.arguments]),
    finish,
    usage,
  }
}

test('text, calls, usage and finish reason are the same, and so is the fault', async () => {
  await fc.assert(
    fc.asyncProperty(upstreamScript, async (script) => {
      const octets = written(script).join('')
      const head = `HTTP/1.1 200 OK\r\nContent-Length: ${octets.length}\r\n\r\n`
      upstream.fault = says(Buffer.from(head + octets, 'latin1'), fin)
      const answer = await whole()
      expect(await streamed(tolk)).toEqual(answer)
      expect(await streamed(retelling)).toEqual(answer)
    }),
    runs(100),
  )
})
