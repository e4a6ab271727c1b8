/** One request at a time on each connection. */
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Socket } from 'node:net'

export type Serve = (incoming: IncomingMessage, outgoing: ServerResponse) => void

/**
 * Node serves all requests of a connection at once and only orders their answers: fifty in one write
 * would be fifty generations for one client (reliability M1). A request that comes while another is
 * answered is not served, and its connection closes after that answer: a client that pipelines sends it
 * again (RFC 9112 § 9.3.2).
 */
export const oneAtATime = (serve: Serve): Serve => {
  const answering = new WeakMap<Socket, ServerResponse>()
  const closing = new WeakSet<Socket>()
  return (incoming, outgoing) => {
    const { socket } = incoming
    const before = answering.get(socket)
    if (before === undefined || before.writableFinished) {
      answering.set(socket, outgoing)
      return serve(incoming, outgoing)
    }
    // Left unread, its body would keep the socket from being read, and nobody would see the client leave.
    incoming.resume()
    if (closing.has(socket)) return
    closing.add(socket)
    before.shouldKeepAlive = false
    before.once('close', () => socket.destroySoon())
  }
}
