/** What a client's program may ask about the upstream: whether it was released, how often it was put to work. */
import { createServer, type ServerResponse } from 'node:http'
import { z } from 'zod'
import type { StandInRequest } from '../../src/demo/stand-in-request.ts'
import type { StandIn } from '../../src/demo/stand-in.ts'
import { inTime } from '../support/deadline.ts'
import { questionIn } from './stand-in.ts'

export type Control = {
  readonly url: string
  close(): Promise<void>
}

/**
 * Serves `GET /released?mark=`, which answers 200 once every request of that mark was left by its client and 504
 * if one was not within 5 s, and `GET /generations?mark=`, how many there were.
 */
export const startControl = async (ollama: StandIn): Promise<Control> => {
  const server = createServer((request, response) => {
    void answer(new URL(request.url ?? '/', 'http://control'), response, ollama)
  })
  const listening = Promise.withResolvers<void>()
  server.listen(0, '127.0.0.1', listening.resolve)
  await listening.promise
  const address = server.address()
  const port = typeof address === 'object' && address !== null ? address.port : 0
  return {
    url: `http://127.0.0.1:${port}`,
    close: async () => {
      const closed = Promise.withResolvers<void>()
      server.close(() => closed.resolve())
      server.closeAllConnections()
      await closed.promise
    },
  }
}

const answer = async (
  { pathname, searchParams }: URL,
  response: ServerResponse,
  ollama: StandIn,
): Promise<void> => {
  const mark = searchParams.get('mark') ?? ''
  const marked = ollama.requests.filter((request) => isMarked(request, mark))
  if (mark === '') say(response, 400, 'Which mark?')
  else if (pathname === '/generations') say(response, 200, String(marked.length))
  else if (pathname !== '/released') say(response, 404, 'There are /released and /generations.')
  else if (marked.length === 0) say(response, 404, `Nothing began with ${mark}.`)
  else await tellEnding(marked, response)
}

const tellEnding = async (
  marked: readonly StandInRequest[],
  response: ServerResponse,
): Promise<void> => {
  try {
    const closings = await inTime('the end', Promise.all(marked.map(({ closed }) => closed)), 5000)
    const wasLeft = closings.every(({ by }) => by === 'client')
    if (wasLeft) say(response, 200, 'released')
    else say(response, 409, 'It ended by itself.')
  } catch {
    say(response, 504, 'The upstream is still at work.')
  }
}

const say = (response: ServerResponse, status: number, text: string): void => {
  response.writeHead(status, { 'content-type': 'text/plain' }).end(text)
}

const asked = z.object({
  messages: z.array(z.object({ role: z.string(), content: z.string().nullish() })),
})

const isMarked = ({ route, json }: StandInRequest, mark: string): boolean => {
  const chat = asked.safeParse(json)
  return route === '/api/chat' && chat.success && questionIn(chat.data).startsWith(mark)
}
