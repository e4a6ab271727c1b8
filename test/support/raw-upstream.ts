/** An upstream that is a socket: it says what no HTTP server would, when none would. */
import { createServer, type AddressInfo, type Socket } from 'node:net'

export type RawRequest = {
  /** The octets of the head, and of the body once it is read. */
  readonly head: string
  readonly body: () => string
  /** Which connection it came on, and which of its requests it is; both from 1. */
  readonly connection: number
  readonly nth: number
}

export type RawUpstream = {
  readonly url: string
  /** Every request so far whose head was read. */
  readonly requests: readonly RawRequest[]
  /** Connections that are open. */
  readonly open: ReadonlySet<Socket>
  /** How many connections there were. */
  connections(): number
  close(): Promise<void>
}

/** Answers with a whole answer, as it stands on the wire. */
export const ok = (body: string, ...lines: readonly string[]): string =>
  ['HTTP/1.1 200 OK', `Content-Length: ${body.length}`, ...lines, '', body].join('\r\n')

/** @param answer is called once a request's head is read; its body may still be on its way. */
export const createRawUpstream = async (
  answer: (request: RawRequest, socket: Socket) => void,
  host = '127.0.0.1',
): Promise<RawUpstream> => {
  const requests: RawRequest[] = []
  const open = new Set<Socket>()
  let connections = 0

  const server = createServer({ noDelay: true }, (socket) => {
    connections += 1
    const connection = connections
    open.add(socket)
    socket.once('close', () => open.delete(socket))
    socket.on('error', () => {})
    let held = ''
    let body = ''
    let missing = 0
    let nth = 0
    socket.setEncoding('latin1').on('data', (octets: string) => {
      held += octets
      for (;;) {
        const part = held.slice(0, missing)
        body += part
        missing -= part.length
        held = held.slice(part.length)
        const end = held.indexOf('\r\n\r\n')
        if (missing > 0 || end === -1) return
        const head = held.slice(0, end + 4)
        held = held.slice(end + 4)
        missing = Number(/content-length: (\d+)/i.exec(head)?.[1] ?? 0)
        // What can be had of the body is had before the answer.
        body = held.slice(0, missing)
        held = held.slice(body.length)
        missing -= body.length
        nth += 1
        const request = { head, body: () => body, connection, nth }
        requests.push(request)
        answer(request, socket)
      }
    })
  })
  await new Promise<void>((resolve) => server.listen(0, host, resolve))

  return {
    url: `http://${host.includes(':') ? `[${host}]` : host}:${portOf(server.address())}`,
    requests,
    open,
    connections: () => connections,
    close: () => {
      for (const socket of open) socket.destroy()
      return new Promise((resolve) => server.close(() => resolve()))
    },
  }
}

const portOf = (address: AddressInfo | string | null): number =>
  typeof address === 'object' && address !== null ? address.port : 0
