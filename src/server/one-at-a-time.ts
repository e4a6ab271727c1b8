/** One request at a time on each connection: a pipelined one waits for the answer before it. */
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Socket } from 'node:net'

export type Serve = (incoming: IncomingMessage, outgoing: ServerResponse) => void

/** How many may wait on one connection before it is cut: they lie in memory, and nobody pipelines by accident. */
const MAX_WAITING = 100

/**
 * Node serves all requests of a connection at once and only orders their answers: fifty in one write
 * would be fifty generations for one client (reliability M1).
 */
export const oneAtATime = (serve: Serve): Serve => {
  const queues = new WeakMap<Socket, { last: ServerResponse; waiting: number }>()
  return (incoming, outgoing) => {
    const { socket } = incoming
    const queue = queues.get(socket) ?? { last: outgoing, waiting: 0 }
    queues.set(socket, queue)
    const before = queue.last
    queue.last = outgoing
    if (before === outgoing || before.writableFinished) return serve(incoming, outgoing)
    if (queue.waiting >= MAX_WAITING) return void socket.destroy()
    queue.waiting++
    before.once('close', () => {
      queue.waiting--
      if (!socket.destroyed) serve(incoming, outgoing)
    })
  }
}
