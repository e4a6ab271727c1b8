/** A stand-in that plays all recordings: the recorded catalog, and each chat by its `@@scenario` mark. */
import { isDeepStrictEqual } from 'node:util'
import { z } from 'zod'
import type { ChatBody } from '../../src/demo/native-chat-body.ts'
import type { NativeChat } from '../../src/demo/native-chat.ts'
import { isSameModel } from '../../src/demo/native-name.ts'
import type { Script } from '../../src/demo/script.ts'
import { createStandIn, type StandIn, type StandInOptions } from '../../src/demo/stand-in.ts'
import type { StandInModel } from '../../src/demo/stand-in-model.ts'
import type { StandInRequest } from '../../src/demo/stand-in-request.ts'
import {
  chatRecordings,
  markIn,
  recording,
  recordingsUnder,
  type ChatRecording,
} from './recordings.ts'
import { replay } from './replay.ts'

/**
 * Starts it. A chat is found by its model and by the mark in its last user message: either the
 * scenario's own name, or the mark it was recorded with; `think`, `format`, `logprobs`, `stream` and
 * `num_predict` then choose between recordings that share a mark.
 */
export const createRecordedOllama = (options: StandInOptions = {}): Promise<StandIn> =>
  createStandIn({
    models: recordedModels(),
    version: '0.0.0',
    script: playChat,
    intercept: playExact,
    ...options,
  })

/** The models of `catalog/tags`, with what `/api/show` said of them where that was recorded. */
export const recordedModels = (): readonly StandInModel[] => {
  const { models: loaded } = list.parse(bodyOf(recording('catalog/ps')))
  const modelOf = (tags: { readonly name: string }): StandInModel => {
    const show = showOf(tags)
    const ps = loaded.find(({ name }) => name === tags.name)
    const abilities = capable.parse(show).capabilities
    const model = { name: tags.name, abilities, window: 32_768, tags, show }
    return ps === undefined ? model : { ...model, loaded: ps }
  }
  return list.parse(bodyOf(recording('catalog/tags'))).models.map(modelOf)
}

/** Where no `/api/show` was recorded, `/api/tags` has to tell. */
const showOf = (tags: { readonly name: string }): object => {
  const shown = recordingsUnder('catalog').find(
    ({ request }) =>
      request.path === '/api/show' && isSameModel(asked.parse(request.body).model, tags.name),
  )
  return shown === undefined ? { ...tags, model_info: {} } : object.parse(bodyOf(shown))
}

const CHATS = chatRecordings()

const playChat = ({ body, model }: NativeChat): Script => {
  if (model.name === 'crash:latest') return replay(recording('errors/crash'))
  if (model.name === 'oom:latest') return replay(recording('errors/oom'))
  const window = model.name === 'small-window:latest' ? 64 : Number(body.options?.['num_ctx'] ?? 0)
  if (window === 64 && wordsIn(body) > window) {
    const route = model.name === 'native:latest' ? 'native' : 'rendered'
    return replay(recording(`errors/overflow-${route}`))
  }
  const mark = markIn(body.messages ?? [])
  const best = CHATS.filter(
    (one) => isSameModel(one.model, model.name) && (one.scenario === mark || one.mark === mark),
  ).toSorted((one, other) => likeness(other, mark, body) - likeness(one, mark, body))[0]
  if (best !== undefined) return replay(best)
  return [{ status: 500, body: { error: `nothing is recorded for ${model.name} @@${mark}` } }]
}

/** How well a recording fits a request; the scenario's own name decides between equals. */
const likeness = (one: ChatRecording, mark: string, body: ChatBody): number => {
  const fits = [
    (one.body.stream ?? true) === (body.stream ?? true),
    (one.body.think === false) === (body.think === false),
    (one.body.format === undefined) === (body.format === undefined),
    (one.body.logprobs ?? false) === (body.logprobs ?? false),
    one.body.options?.['num_predict'] === body.options?.['num_predict'],
  ]
  return fits.filter(Boolean).length * 2 + (one.scenario === mark ? 1 : 0)
}

const EXACT = [...recordingsUnder('embed'), ...recordingsUnder('generate')]

/** What the stand-in has no ways for is played if it was recorded just so. */
const playExact = ({ method, route, json }: StandInRequest): Script | undefined => {
  const exact = EXACT.find(
    ({ request }) =>
      request.method === method && request.path === route && isDeepStrictEqual(request.body, json),
  )
  return exact === undefined ? undefined : replay(exact)
}

const wordsIn = (body: ChatBody): number =>
  (body.messages ?? []).reduce((sum, { content }) => sum + (content ?? '').split(/\s+/).length, 0)

const bodyOf = ({ bytes }: { readonly bytes: Buffer }): unknown =>
  JSON.parse(bytes.toString('utf8'))

const object = z.looseObject({})
const asked = z.object({ model: z.string() })
const list = z.object({ models: z.array(z.looseObject({ name: z.string() })) })
const capable = z.object({
  capabilities: z.array(
    z.enum(['completion', 'tools', 'vision', 'thinking', 'embedding', 'audio', 'insert', 'image']),
  ),
})
