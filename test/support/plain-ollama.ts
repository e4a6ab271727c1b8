/** An Ollama that checks nothing and costs next to nothing: for a test that asks ten thousand times. */
import { createServer, type ServerResponse } from 'node:http'
import { HELLO, textOf } from './scripted-ollama.ts'

export type PlainOllama = {
  readonly url: string
  /** TCP connections, idle ones included. */
  connections(): number
  close(): Promise<void>
}

/** @param ways what is done with a chat, by its only message; one without a way is answered "Hello.". */
export const createPlainOllama = async (
  ways: Readonly<Record<string, (response: ServerResponse) => unknown>>,
): Promise<PlainOllama> => {
  // Like Go's, it keeps an idle connection and promises nothing about it.
  const server = createServer({ keepAliveTimeout: 0 }, (request, response) => {
    let body = ''
    request.setEncoding('latin1').on('data', (text: string) => (body += text))
    request.once('end', () => {
      const prompt = /"content":"([^"]*)"/.exec(body)?.[1] ?? ''
      if (request.url === '/api/chat') (ways[prompt] ?? hello)(response)
      else response.end('{"version":"0.33.0"}')
    })
  })
  const sockets = new Set<unknown>()
  server.on('connection', (socket) => {
    sockets.add(socket)
    socket.once('close', () => sockets.delete(socket))
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const address = server.address()
  return {
    url: `http://127.0.0.1:${typeof address === 'object' ? address?.port : 0}`,
    connections: () => sockets.size,
    close: async () => {
      const closed = new Promise((resolve) => server.close(resolve))
      server.closeAllConnections()
      await closed
    },
  }
}

const ANSWER = HELLO.map(textOf).join('')

const hello = (response: ServerResponse): unknown => response.end(ANSWER)
