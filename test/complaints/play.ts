/** One chat with a model that says just these lines: what the client gets of it, and what the upstream was sent. */
import { z } from 'zod'
import type { Step } from '../../src/demo/script.ts'
import { createModel, type StandInAbility } from '../../src/demo/stand-in-model.ts'
import { createStandIn } from '../../src/demo/stand-in.ts'
import { ask } from '../support/raw-client.ts'
import { startTolk, type TolkSettings } from '../support/tolk.ts'

/** What of a chat is not as in the least one. */
export type Played = {
  /** What the model says: its lines, or any other steps. */
  readonly says?: readonly Step[]
  /** Fields of the request. */
  readonly asked?: object
  readonly abilities?: readonly StandInAbility[]
  readonly settings?: TolkSettings
}

const call = z.object({
  index: z.number().optional(),
  id: z.string(),
  function: z.object({ name: z.string(), arguments: z.string() }),
})
const words = {
  content: z.string().nullish(),
  reasoning_content: z.string().optional(),
  reasoning: z.string().optional(),
  tool_calls: z.array(call).optional(),
}
const usage = z.object({ prompt_tokens: z.number(), completion_tokens: z.number() })
const failure = z.object({
  message: z.string(),
  type: z.string(),
  param: z.string().nullable(),
  code: z.string().nullable(),
})
const said = z.object({
  id: z.string().optional(),
  choices: z
    .array(
      z.object({
        index: z.number(),
        delta: z.object(words).optional(),
        message: z.object(words).optional(),
        finish_reason: z.string().nullish(),
        logprobs: z.unknown().optional(),
      }),
    )
    .optional(),
  usage: usage.nullish(),
  error: failure.optional(),
})
export type Said = z.infer<typeof said>

/** A line of the model's. */
export const line = (message: object, facts: object = { done: false }): Step => ({
  line: {
    model: 'm',
    created_at: '2026-11-21T00:00:00Z',
    message: { role: 'assistant', content: '', ...message },
    ...facts,
  },
})

/** A call as Ollama tells of it. */
export const calls = (...made: readonly { name: string; args?: string; id?: string }[]): Step => ({
  // As text: an argument's digits are more than a double holds.
  line: `{"model":"m","created_at":"x","message":{"role":"assistant","content":"","tool_calls":[${made
    .map(
      ({ name, args = '{}', id }) =>
        `{${id === undefined ? '' : `"id":"${id}",`}"function":{"index":0,"name":"${name}","arguments":${args}}}`,
    )
    .join(',')}]},"done":false}`,
})

/** The last line. */
export const done = (reason = 'stop'): Step =>
  line({}, { done: true, done_reason: reason, prompt_eval_count: 3, eval_count: 2 })

/** Text, and the end. */
export const answering = (content: string): readonly Step[] => [line({ content }), done()]

/** A tool to offer. */
export const tool = (name: string, parameters: unknown = { type: 'object', properties: {} }) => ({
  type: 'function',
  function: { name, parameters },
})

/** Asks once, streamed or whole. */
const play = async (
  { says = answering('Hi.'), asked = {}, abilities = EVERYTHING, settings = {} }: Played,
  stream: boolean,
) => {
  const ollama = await createStandIn({
    models: [createModel({ name: 'm', abilities, window: 4096 })],
    script: () => says,
  })
  const tolk = await startTolk(ollama.url, settings)
  const least = { model: 'm', messages: [{ role: 'user', content: 'Hi' }], stream }
  const answer = await ask(tolk.url, {
    path: '/v1/chat/completions',
    body: { ...least, ...asked },
  })
  const sent = ollama.requests.findLast(({ route }) => route === '/api/chat')
  await tolk.close()
  await ollama.close()
  const upstream = z.looseObject({}).safeParse(sent?.json).data ?? {}
  return { ...answer, upstream, source: sent?.body ?? '' }
}

const EVERYTHING = ['completion', 'tools', 'thinking', 'vision'] as const

/** What a client that streams gets, chunk by chunk. */
export const streamed = async (played: Played) => {
  const { status, headers, body, upstream, source } = await play(played, true)
  const data = [...body.matchAll(/^data: (.*)$/gm)].map(([, text = '']) => text)
  const isStream = String(headers['content-type']).startsWith('text/event-stream')
  const chunks = (isStream ? data.filter((text) => text !== '[DONE]') : [body]).map((text) =>
    said.parse(JSON.parse(text)),
  )
  const deltas = chunks.flatMap(({ choices = [] }) => choices.flatMap(({ delta }) => delta ?? []))
  return {
    status,
    headers,
    upstream,
    source,
    chunks,
    isDone: data.at(-1) === '[DONE]',
    /** The kinds of the deltas in their order, each run of one kind once. */
    kinds: deltas
      .map((delta) => Object.keys(delta).find((key) => key in words) ?? 'none')
      .filter((kind, index, all) => kind !== 'none' && kind !== all[index - 1]),
    content: deltas.map(({ content }) => content ?? '').join(''),
    reasoning: deltas.map((delta) => delta.reasoning_content ?? '').join(''),
    calls: deltas.flatMap(({ tool_calls: made = [] }) => made),
    finish: chunks
      .flatMap(({ choices = [] }) => choices.map(({ finish_reason: reason }) => reason))
      .findLast((reason) => reason != null),
    error: chunks.find(({ error }) => error !== undefined)?.error,
  }
}

/** What a client that does not stream gets. */
export const whole = async (played: Played) => {
  const { status, headers, body, upstream, source } = await play(played, false)
  const answer = said.parse(JSON.parse(body))
  const [choice] = answer.choices ?? []
  return {
    status,
    headers,
    upstream,
    source,
    body,
    answer,
    message: choice?.message,
    finish: choice?.finish_reason,
    error: answer.error,
  }
}
