/** A client that speaks to a socket itself: for everything an HTTP library would never send. */
import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import { inTime } from './deadline.ts'

export type SocketClient = {
  readonly socket: Socket
  send(text: string | Uint8Array): void
  /** All that came so far. */
  received(): string
  /** Waits until what came matches. @returns all that came. */
  until(pattern: RegExp, ms?: number): Promise<string>
  /** Waits until the other side has ended the connection. @returns all that came. */
  closed(ms?: number): Promise<string>
}

/** One HTTP answer, whole, as it stood on the wire. */
export type PlainAnswer = {
  readonly status: number
  /** By lower-case name. */
  readonly headers: Readonly<Record<string, string>>
  readonly body: string
}

/** Connects to the host and port of a URL. */
export const connectTo = async (url: string): Promise<SocketClient> => {
  const { hostname, port } = new URL(url)
  const socket = connect({ host: hostname, port: Number(port), noDelay: true })
  let received = ''
  const isOver = new Promise<void>((resolve) => {
    socket.once('end', resolve)
    socket.once('close', () => resolve())
  })
  socket.on('error', () => {})
  socket.setEncoding('utf8').on('data', (text: string) => (received += text))
  await inTime('a connection', once(socket, 'connect'))
  return {
    socket,
    send: (text) => void socket.write(text),
    received: () => received,
    until: async (pattern, ms) => {
      while (!pattern.test(received)) {
        const more = Promise.race([once(socket, 'data'), isOver])
        await inTime(`${pattern} after ${JSON.stringify(received.slice(-200))}`, more, ms)
        if (socket.readableEnded || socket.destroyed) break
      }
      if (!pattern.test(received)) throw new Error(`no ${pattern} in ${JSON.stringify(received)}`)
      return received
    },
    closed: async (ms) => {
      await inTime('the end of a connection', isOver, ms)
      return received
    },
  }
}

/** Sends these bytes on a connection of their own, and waits until it is closed. */
export const sendRaw = async (url: string, text: string, ms?: number): Promise<PlainAnswer> => {
  const client = await connectTo(url)
  client.send(text)
  const answer = answerIn(await client.closed(ms))
  client.socket.destroy()
  return answer
}

/** The first answer in a text; its body is what follows the head, chunks and all. */
export const answerIn = (text: string): PlainAnswer => {
  const [head = '', ...body] = text.split('\r\n\r\n')
  const [first = '', ...lines] = head.split('\r\n')
  return {
    status: Number(/^HTTP\/1\.1 (\d{3})/.exec(first)?.[1] ?? 0),
    headers: Object.fromEntries(
      lines.map((line) => {
        const colon = line.indexOf(':')
        return [line.slice(0, colon).toLowerCase(), line.slice(colon + 1).trim()]
      }),
    ),
    body: body.join('\r\n\r\n'),
  }
}

/** A POST of JSON, as it stands on the wire. */
export const postOf = (
  path: string,
  body: object | string,
  headers: Readonly<Record<string, string>> = {},
): string => {
  const text = typeof body === 'string' ? body : JSON.stringify(body)
  const all = {
    Host: '127.0.0.1',
    'Content-Type': 'application/json',
    'Content-Length': String(Buffer.byteLength(text)),
    ...headers,
  }
  const lines = Object.entries(all).map(([name, value]) => `${name}: ${value}\r\n`)
  return `POST ${path} HTTP/1.1\r\n${lines.join('')}\r\n${text}`
}
