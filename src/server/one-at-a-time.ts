/** One request at a time on each connection, and on each only so many. */
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Socket } from 'node:net'

export type Serve = (incoming: IncomingMessage, outgoing: ServerResponse) => void

/**
 * Node serves all requests of a connection at once and only orders their answers: fifty in one write
 * would be fifty generations for one client (reliability M1). A request that comes while another is
 * answered is not served, and its connection closes after that answer: a client that pipelines sends it
 * again (RFC 9112 § 9.3.2).
 *
 * @param maxRequests after which a connection closes, said in the head of its last answer; 0 for as many as
 *   come. Node's own limit closes nothing and answers the next request with a 503 without a body.
 */
export const oneAtATime = (serve: Serve, maxRequests: number): Serve => {
  const connections = new WeakMap<Socket, Connection>()
  return (incoming, outgoing) => {
    const { socket } = incoming
    const connection = connections.get(socket)
    if (connection === undefined) {
      const first: Connection = { answering: outgoing, requests: 1, isClosing: false }
      connections.set(socket, first)
      // Who says no more has left (reliability M3); Node would first wait until all is read that is owed.
      socket.once('end', () => {
        if (!first.answering.writableEnded) socket.destroy()
      })
      if (maxRequests === 1) outgoing.shouldKeepAlive = false
      return serve(incoming, outgoing)
    }
    const before = connection.answering
    if (before.writableFinished) {
      connection.answering = outgoing
      connection.requests += 1
      if (connection.requests === maxRequests) outgoing.shouldKeepAlive = false
      return serve(incoming, outgoing)
    }
    // Left unread, its body would keep the socket from being read, and nobody would see the client leave.
    incoming.resume()
    if (connection.isClosing) return
    connection.isClosing = true
    before.shouldKeepAlive = false
    before.once('close', () => socket.destroySoon())
  }
}

type Connection = { answering: ServerResponse; requests: number; isClosing: boolean }
