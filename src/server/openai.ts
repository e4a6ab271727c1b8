/** The OpenAI surface: its routes, and its voice for failures. */
import { Hono, type MiddlewareHandler, type Next } from 'hono'
import type { ContentfulStatusCode } from 'hono/utils/http-status'
import { encodeError } from '../dialects/openai/error.ts'
import { Failed, type Failure } from '../failure.ts'
import type { Log } from '../log.ts'
import { auth } from './auth.ts'
import { chatCompletions } from './chat-completions.ts'
import { completions } from './completions.ts'
import type { AppContext, AppEnv } from './context.ts'
import { embeddings } from './embeddings.ts'
import { listModels, retrieveModel } from './models.ts'
import { rateLimit } from './rate-limit.ts'
import type { Rooms } from './rooms.ts'

/** Mounted at the root, because its failures are also those of paths that nobody serves. */
export const openAiSurface = (rooms: Rooms): Hono<AppEnv> => {
  const surface = new Hono<AppEnv>()
  surface.use('/v1/*', keyHolders(rooms))
  surface.post('/v1/chat/completions', chatCompletions(rooms))
  surface.all('/v1/chat/completions', only('POST'))
  surface.post('/v1/completions', completions(rooms))
  surface.all('/v1/completions', only('POST'))
  surface.post('/v1/embeddings', embeddings(rooms))
  surface.all('/v1/embeddings', only('POST'))
  surface.get('/v1/models', listModels(rooms))
  surface.all('/v1/models', only('GET', 'HEAD'))
  surface.get('/v1/models/*', retrieveModel(rooms))
  surface.all('/v1/models/*', only('GET', 'HEAD'))
  return surface
}

/** Lets in who has a key, as often as the key may ask: in one step, for each is an await. */
const keyHolders = (rooms: Rooms): MiddlewareHandler<AppEnv> => {
  const identify = auth(rooms)
  const limit = rateLimit(rooms.admit)
  return (c, next) => {
    identify(c)
    const asked = limit(c)
    // Without a promise there is nothing to wait for, not even a microtask.
    return asked === undefined ? next() : after(asked, next)
  }
}

const after = async (asked: Promise<void>, next: Next): Promise<void> => {
  await asked
  await next()
}

/** Says any failure as OpenAI would, with its status. What is no Failed is a fault of ours. */
export const answerFailure =
  (log: Log) =>
  (error: Error, c: AppContext): Response => {
    const failure: Failure = error instanceof Failed ? error.failure : { kind: 'internal' }
    const record = c.get('record')
    record.failure = failure.kind
    if (failure.kind === 'overloaded') record.shed = failure.shed
    const cause = error instanceof Failed ? error.cause : error
    const { outgoing, incoming } = c.env
    // What is left of a body that nobody reads would be taken for the next request.
    if (!incoming.complete) outgoing.shouldKeepAlive = false
    if (failure.kind === 'internal') {
      log.error('internal error', { request_id: record.id }, failure.cause ?? cause)
    } else if (cause !== undefined)
      log.debug('failed', { request_id: record.id, kind: failure.kind })
    const reply = encodeError(failure)
    for (const [name, value] of Object.entries(reply.headers)) outgoing.setHeader(name, value)
    return c.json({ error: reply.error }, statusOf(reply.status), { 'cache-control': 'no-store' })
  }

/**
 * A path means what it says, letter by letter: no second spelling reaches a route, because whatever stands
 * in front of tolk decides by the path it read. Only a model's name may be encoded, for it may hold anything.
 *
 * @throws Failed `unknown-url`.
 */
export const literalPath = (c: AppContext): void => {
  const { url = '' } = c.env.incoming
  if (PLAIN_PATH.test(url)) return
  const path = url.split('?', 1)[0] ?? ''
  const isEncoded = path.includes('%') && !path.startsWith('/v1/models/')
  if (isEncoded || ANOTHER_SPELLING.test(path)) unknownUrl(c)
}

/** As nearly all are: nothing in it could be read in two ways. */
const PLAIN_PATH = /^[\w/-]*$/

/** What URL parsers take away: dot segments, however they are written, and a fragment. */
const ANOTHER_SPELLING = /#|\/(?:\.|%2e){1,2}(?:\/|$)/i

/** Every other path. */
export const unknownUrl = (c: AppContext): never => {
  const { method = '', url = '' } = c.env.incoming
  const path = url.split('?', 1)[0]?.slice(0, 200) ?? ''
  throw new Failed({
    kind: 'unknown-url',
    message: `Unknown request URL: ${method} ${path}. tolk serves /v1/chat/completions, /v1/completions, /v1/embeddings and /v1/models.`,
  })
}

/** Every other method of a path. */
export const only =
  (...allow: readonly string[]) =>
  (c: AppContext): never => {
    throw new Failed({
      kind: 'method-not-allowed',
      message: `${c.req.method} is not allowed here; use ${allow[0]}.`,
      allow,
    })
  }

/** Hono's type leaves out the numbers that may have no body; an error always has one. */
const statusOf = (status: number): ContentfulStatusCode => {
  const known = STATUSES.find((each) => each === status)
  return known ?? (status >= 500 ? 502 : 400)
}

const STATUSES = [
  400, 401, 402, 403, 404, 405, 408, 409, 410, 413, 415, 422, 429, 431, 500, 501, 502, 503, 504,
] as const
