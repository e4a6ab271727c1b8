/** Ollama's native routes: which answer a request gets (`server/routes.go: GenerateRoutes`). */
import { z } from 'zod'
import { checkChat, type NativeChat } from './native-chat.ts'
import { readJson } from './native-chat-body.ts'
import { embed } from './native-embed.ts'
import { plainText, refusal } from './native-error.ts'
import { generate } from './native-generate.ts'
import { fullName, isSameModel, shortName } from './native-name.ts'
import type { Script } from './script.ts'
import type { StandInModel } from './stand-in-model.ts'
import type { StandInRequest } from './stand-in-request.ts'

/** What the routes answer from; read anew for each request, so all of it may change meanwhile. */
export type NativeServer = {
  readonly models: readonly StandInModel[]
  readonly version: string
  /** Says what a model says, once a chat has passed every check. */
  readonly chat: (chat: NativeChat, request: StandInRequest) => Script
}

/** @returns the answer of a real Ollama; other routes than these are not known here. */
export const route = (request: StandInRequest, server: NativeServer): Script => {
  const { method, route: path } = request
  const clean = path.replaceAll(/\/{2,}/g, '/').replace(/(.)\/$/, '$1')
  if (clean !== path) return [{ status: 307, headers: { location: clean }, body: '' }]
  const handlers = ROUTES[path]
  if (handlers === undefined) return [plainText(404, '404 page not found')]
  const handler = handlers[method]
  if (handler === undefined) return [plainText(405, '405 method not allowed')]
  return handler(request, server)
}

type Handler = (request: StandInRequest, server: NativeServer) => Script

const get = (handler: Handler): Readonly<Record<string, Handler>> => ({
  GET: handler,
  HEAD: handler,
})

const show: Handler = ({ body }, { models }) => {
  const json = readJson(body)
  if ('error' in json) return [json.error]
  const name = nameIn(json.value)
  if (name === '') return [refusal(400, 'model is required')]
  if (fullName(name) === null) return [refusal(400, 'invalid model name')]
  const model = models.find((known) => isSameModel(known.name, name))
  if (model === undefined) return [refusal(404, `model '${shortName(name)}' not found`)]
  return [{ status: 200, body: model.show }]
}

const chat: Handler = (request, { models, chat: say }) => {
  const checked = checkChat(request.body, models)
  return 'error' in checked ? [checked.error] : say(checked, request)
}

const ROUTES: Readonly<Record<string, Readonly<Record<string, Handler>>>> = {
  '/': get(() => [
    {
      status: 200,
      headers: { 'content-type': 'text/plain; charset=utf-8' },
      body: 'Ollama is running',
    },
  ]),
  '/api/version': get((_, { version }) => [{ status: 200, body: { version } }]),
  '/api/tags': get((_, { models }) => [
    { status: 200, body: { models: models.map(({ tags }) => tags) } },
  ]),
  '/api/ps': get((_, { models }) => [
    { status: 200, body: { models: models.flatMap(({ loaded }) => loaded ?? []) } },
  ]),
  '/api/show': { POST: show },
  '/api/chat': { POST: chat },
  '/api/generate': {
    POST: (request, { models, chat: say }) =>
      generate(request.body, models, (asked) => say(asked, request)),
  },
  '/api/embed': { POST: ({ body }, { models }) => embed(body, models) },
}

const named = z.object({ model: z.string().nullish(), name: z.string().nullish() })

const nameIn = (value: unknown): string => {
  const { model, name } = named.safeParse(value).data ?? {}
  return (model ?? name ?? '').trim()
}
