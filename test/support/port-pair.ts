/** A channel between a primary and a worker without processes: messages arrive later, and as copies. */
import { deserialize, serialize } from 'node:v8'
import type { FromPrimary, FromWorker, Port } from '../../src/workers/messages.ts'

export type PortPair = {
  readonly primary: Port<FromPrimary, FromWorker>
  readonly worker: Port<FromWorker, FromPrimary>
  /** What the worker said so far. */
  readonly said: readonly FromWorker[]
  /** Ends the channel: nothing more can be sent. */
  cut(): void
}

export const portPair = (): PortPair => {
  const toWorker: ((message: FromPrimary) => void)[] = []
  const toPrimary: ((message: FromWorker) => void)[] = []
  const said: FromWorker[] = []
  let isOpen = true

  const deliver = <T>(message: T, listeners: readonly ((message: T) => void)[]): boolean => {
    // As node:child_process does with `serialization: 'advanced'`.
    const bytes = serialize(message)
    if (isOpen) {
      queueMicrotask(() => {
        for (const listener of listeners) listener(deserialize(bytes))
      })
    }
    return isOpen
  }
  return {
    primary: {
      send: (message) => deliver(message, toWorker),
      hear: (listener) => void toPrimary.push(listener),
    },
    worker: {
      send: (message) => {
        said.push(message)
        return deliver(message, toPrimary)
      },
      hear: (listener) => void toWorker.push(listener),
    },
    said,
    cut: () => {
      isOpen = false
    },
  }
}
