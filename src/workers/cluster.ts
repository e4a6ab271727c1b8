/** node:cluster, which gives workers one port: a worker as a Child, and the primary as a Port. */
import cluster from 'node:cluster'
import type { FromPrimary, FromWorker, Port } from './messages.ts'
import type { Child } from './primary.ts'

/** The number of this worker, from 1; null in a process that is none. */
export const workerId: number | null = cluster.worker?.id ?? null

/** Starts the program anew, with the same arguments and environment. */
export const forkWorker = (): Child => {
  // Sets and `undefined` are to arrive as what they are.
  cluster.setupPrimary({ serialization: 'advanced' })
  const worker = cluster.fork()
  return {
    id: worker.id,
    pid: worker.process.pid,
    send: (message) => {
      const isThere = worker.isConnected()
      if (isThere) worker.send(message, ignoreFailure)
      return isThere
    },
    hear: (listener) => void worker.on('message', listener),
    onGone: (listener) => {
      worker.once('exit', (code, signal) => listener(signal ?? `exit code ${code}`))
      // What could not be started does not exit either.
      worker.on('error', (error) => {
        if (worker.process.pid === undefined) listener(error.message)
      })
    },
    kill: () => void worker.process.kill('SIGKILL'),
  }
}

/**
 * The way to the process that started this one. Should that die, Node ends this one at once
 * (`internal/cluster/child`, Node 22 and 24): nobody lingers on the port.
 */
export const primaryPort: Port<FromWorker, FromPrimary> = {
  send: (message) => {
    const isThere = cluster.worker?.isConnected() === true
    if (isThere) cluster.worker?.send(message, ignoreFailure)
    return isThere
  },
  hear: (listener) => void cluster.worker?.on('message', listener),
}

/** Lets go of the primary; a worker with nothing left to do then ends by itself. */
export const leavePrimary = (): void => void cluster.worker?.disconnect()

/** Without it a send that fails is an error of the process; the end of the other one says it all. */
const ignoreFailure = (): void => {}
