/** A tap between two sides: passes on every octet, every end and every pause, and notes what it passed. */
import { connect, createServer, type AddressInfo, type Socket } from 'node:net'
import type { Side, Wire } from './wire.ts'

export type Tap = {
  /** Where the one who asks connects; what stands behind the host is his own. */
  readonly url: string
  close(): Promise<void>
}

/** @param to the one who answers, and the URL where he listens. */
export const createTap = async (
  wire: Wire,
  from: Side,
  to: { readonly side: Side; readonly url: string },
): Promise<Tap> => {
  const { hostname, port } = new URL(to.url)
  const open = new Set<Socket>()
  let connections = 0
  const server = createServer({ noDelay: true, allowHalfOpen: true }, (asking) => {
    const connection = (connections += 1)
    const answering = connect({
      host: hostname,
      port: Number(port),
      noDelay: true,
      allowHalfOpen: true,
    })
    for (const socket of [asking, answering]) {
      open.add(socket)
      socket.once('close', () => open.delete(socket))
    }
    passOn(asking, answering, (heard) => wire.note(from, to.side, connection, heard))
    passOn(answering, asking, (heard) => wire.note(to.side, from, connection, heard))
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return {
    url: `http://127.0.0.1:${portOf(server.address())}`,
    close: () => {
      for (const socket of open) socket.destroy()
      return new Promise((resolve) => server.close(() => resolve()))
    },
  }
}

const passOn = (source: Socket, target: Socket, note: (heard: Buffer | 'FIN' | 'RST') => void) => {
  source.on('data', (octets: Buffer) => {
    note(octets)
    // Who does not read is not read for.
    if (!target.destroyed && !target.write(octets)) source.pause()
  })
  target.on('drain', () => source.resume())
  source.on('end', () => {
    note('FIN')
    target.end()
  })
  source.on('error', () => {
    note('RST')
    target.resetAndDestroy()
  })
  source.on('close', () => {
    if (!source.readableEnded && !target.destroyed) target.destroy()
  })
}

const portOf = (address: AddressInfo | string | null): number =>
  typeof address === 'object' && address !== null ? address.port : 0
