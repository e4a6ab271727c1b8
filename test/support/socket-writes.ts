/** Counts what a server's sockets are given to write, as the kernel sees it: corked pieces are one. */
import { Socket } from 'node:net'
import { vi } from 'vitest'

export type SocketWrites = {
  /** How many so far. */
  readonly count: () => number
  readonly stop: () => void
}

/** @param port what the server listens on; all its connections count together. */
export const watchWrites = (port: number): SocketWrites => {
  let count = 0
  const spies = (['_write', '_writev'] as const).map((method) => {
    const original = Socket.prototype[method]
    const spy = vi.spyOn(Socket.prototype, method)
    // Looked at while it is written: a closed socket no longer knows its port.
    return spy.mockImplementation(function counted(this: Socket, ...args: unknown[]): void {
      if (this.localPort === port) count += 1
      if (original !== undefined) Reflect.apply(original, this, args)
    })
  })
  return {
    count: () => count,
    stop: () => {
      for (const spy of spies) spy.mockRestore()
    },
  }
}
