/** createApp: middleware and the surfaces, mounted. */
import { Hono } from 'hono'
import type { AppEnv } from './context.ts'
import { live, ready } from './health.ts'
import { answerFailure, openAiSurface, unknownUrl } from './openai.ts'
import { requestLog } from './request-log.ts'
import type { Rooms } from './rooms.ts'

/** Everything that tolk serves; `listen.ts` gives it a socket. */
export const createApp = (rooms: Rooms): Hono<AppEnv> => {
  const app = new Hono<AppEnv>()
  app.use(requestLog(rooms.log))
  app.get('/healthz', live)
  app.get('/livez', live)
  app.get('/readyz', ready(rooms))
  app.route('/', openAiSurface(rooms))
  app.notFound(unknownUrl)
  app.onError(answerFailure(rooms.log))
  return app
}
