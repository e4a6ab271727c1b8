/** createApp: middleware and the surfaces, mounted. */
import { Hono, type MiddlewareHandler } from 'hono'
import { warmUp } from '../dialects/openai/warm-up.ts'
import type { AppEnv } from './context.ts'
import { live, PROBES, ready } from './health.ts'
import { knownHost } from './known-hosts.ts'
import { answerFailure, literalPath, only, openAiSurface, unknownUrl } from './openai.ts'
import { requestLog } from './request-log.ts'
import type { Rooms } from './rooms.ts'

/** Everything that tolk serves; `listen.ts` gives it a socket. */
export const createApp = (rooms: Rooms): Hono<AppEnv> => {
  const app = new Hono<AppEnv>()
  app.use(atTheDoor(rooms))
  app.get('/healthz', live)
  app.get('/livez', live)
  app.get('/readyz', ready(rooms))
  for (const path of PROBES) app.all(path, only('GET', 'HEAD'))
  app.route('/', openAiSurface(rooms))
  app.notFound(unknownUrl)
  app.onError(answerFailure(rooms.log))
  setTimeout(warmUp, WARM_UP_AFTER_MS).unref()
  return app
}

/** What is noted of a request, and held against it, before any route is looked for: in one step, for each is an await. */
const atTheDoor = (rooms: Rooms): MiddlewareHandler<AppEnv> => {
  const { hosts, keys, log, config, observer, loop } = rooms
  const note = requestLog(log, config.log, observer, loop)
  const check = hosts === undefined ? undefined : knownHost(hosts, keys)
  return (c, next) => {
    note(c)
    check?.(c)
    literalPath(c)
    return next()
  }
}

/** Long enough for the start itself: a request that is there before waits for no more than it would. */
const WARM_UP_AFTER_MS = 100
