/** When a process that was just started serves. */
import type { ChildProcess } from 'node:child_process'
import { get } from 'node:http'
import { connect } from 'node:net'

/** How long a process may take, ms. */
const PATIENCE_MS = 15_000
const PAUSE_MS = 2

/** Until something listens on the port. @throws when the process ends, or takes too long. */
export const untilOpen = (port: number, child: ChildProcess): Promise<void> =>
  until(child, () => isOpen(port))

/** Until tolk answers, and knows its models. @throws as {@link untilOpen}. */
export const untilReady = (port: number, child: ChildProcess): Promise<void> =>
  until(child, () => isReady(port))

const until = async (child: ChildProcess, holds: () => Promise<boolean>): Promise<void> => {
  const end = performance.now() + PATIENCE_MS
  while (!(await holds())) {
    if (child.exitCode !== null) throw new Error(`ended with ${child.exitCode} before it served`)
    if (performance.now() > end) throw new Error(`does not serve after ${PATIENCE_MS} ms`)
    await new Promise((resolve) => setTimeout(resolve, PAUSE_MS))
  }
}

const isOpen = (port: number): Promise<boolean> =>
  new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1')
    socket.on('connect', () => {
      socket.destroy()
      resolve(true)
    })
    socket.on('error', () => resolve(false))
  })

const isReady = (port: number): Promise<boolean> =>
  new Promise((resolve) => {
    const request = get(
      { host: '127.0.0.1', port, path: '/readyz', agent: false, timeout: 1000 },
      (answer) => {
        answer.resume()
        resolve(answer.statusCode === 200)
      },
    )
    request.on('timeout', () => request.destroy())
    request.on('error', () => resolve(false))
  })
