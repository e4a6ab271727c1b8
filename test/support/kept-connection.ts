/** A client that asks again and again on one connection, as pools do. */
import { answerIn, connectTo, type PlainAnswer } from './socket-client.ts'
import { inTime } from './deadline.ts'

export type KeptConnection = {
  /** Asks, and waits for the whole answer. @throws when the connection ends before. */
  ask(request: string): Promise<PlainAnswer>
  leave(): void
}

/** Connects to the host and port of a URL. */
export const keptConnection = async (url: string): Promise<KeptConnection> => {
  const client = await connectTo(url)
  const { socket } = client
  let received = ''
  let heard: (() => void) | undefined
  socket.on('data', (text: string) => {
    received += text
    heard?.()
  })
  socket.once('close', () => heard?.())
  return {
    ask: async (request) => {
      received = ''
      const { promise, resolve, reject } = Promise.withResolvers<PlainAnswer>()
      heard = () => {
        if (isWhole(received)) resolve(answerIn(received))
        else if (socket.destroyed) reject(new Error(`torn: ${received}`))
      }
      client.send(request)
      return inTime('an answer', promise, 15_000)
    },
    leave: () => void socket.destroy(),
  }
}

const isWhole = (text: string): boolean => {
  const end = text.indexOf('\r\n\r\n')
  if (end === -1) return false
  const length = /\r\ncontent-length: (\d+)/i.exec(text)?.[1]
  return length === undefined
    ? text.endsWith('\r\n0\r\n\r\n')
    : Buffer.byteLength(text) >= end + 4 + Number(length)
}
