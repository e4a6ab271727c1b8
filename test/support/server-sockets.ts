/** The sockets that a server of this process has taken: what no client can see of them. */
import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import { Server, Socket } from 'node:net'

export type ServerSockets = {
  /** Those taken at this port since the beginning, the latest last. */
  at(url: string): readonly Socket[]
  stop(): void
}

/** Watches every server of this process from now on (Node's channel `net.server.socket`). */
export const watchServerSockets = (): ServerSockets => {
  const taken: { readonly socket: Socket; readonly port: number | undefined }[] = []
  const note = (message: unknown): void => {
    const socket: unknown = Reflect.get(Object(message), 'socket')
    // Of a closed one nobody knows the port any more.
    if (socket instanceof Socket) taken.push({ socket, port: socket.localPort })
  }
  subscribe('net.server.socket', note)
  return {
    at: (url) => {
      const wanted = Number(new URL(url).port)
      return taken.filter(({ port }) => port === wanted).map(({ socket }) => socket)
    },
    stop: () => void unsubscribe('net.server.socket', note),
  }
}

/** The server that took a socket. @throws when there is none. */
export const serverOf = (socket: Socket): Server => {
  const server: unknown = Reflect.get(socket, 'server')
  if (server instanceof Server) return server
  throw new Error('a socket of no server')
}
