/** Plays a script onto one HTTP answer: a slice at a time, each its own TCP write. */
import type { ServerResponse } from 'node:http'
import { TLSSocket } from 'node:tls'
import type { Duplex } from 'node:stream'
import { setImmediate as nextTurn, setTimeout as sleep } from 'node:timers/promises'
import { goJson } from './go-json.ts'
import type { Script, Slicing, Step } from './script.ts'
import type { Ending } from './stand-in-request.ts'

const NDJSON = 'application/x-ndjson'
const JSON_TYPE = 'application/json; charset=utf-8'

/**
 * Resolves when the script is over and its last byte is with the kernel, or the client has left.
 *
 * @param ending once its `gone` is aborted, whatever the script waits for is given up.
 * @throws whatever the script throws.
 */
export const play = async (
  script: Script,
  response: ServerResponse,
  slices: Slicing,
  ending: Ending,
): Promise<void> => {
  const { gone } = ending
  const answer = createAnswer(response, slices, ending)
  for await (const step of script) {
    if (gone.aborted || (await answer.take(step)) === 'over') return
  }
  if (!gone.aborted) await answer.end()
}

type Answer = {
  /** Plays one step; `over` after the last that may be played. */
  take(step: Step): Promise<'over' | 'on'>
  end(): Promise<void>
}

const createAnswer = (response: ServerResponse, slices: Slicing, ending: Ending): Answer => {
  const { gone } = ending
  const { socket } = response
  let spokeRaw = false

  const send = async (bytes: string | Uint8Array, cut: Slicing): Promise<void> => {
    if (!response.headersSent && !response.hasHeader('content-type')) {
      response.setHeader('content-type', NDJSON)
    }
    for (const slice of cut(Buffer.from(bytes))) {
      if (gone.aborted) return
      if (slice.length === 0) continue
      await written((done) => response.write(slice, done))
    }
  }

  const end = async (): Promise<void> => {
    if (spokeRaw) {
      ending.own()
      await written((done) => socket?.end(done))
    } else await written((done) => response.end(done))
  }

  const written = async (write: (done: () => void) => void): Promise<void> => {
    await unlessGone(gone, new Promise<void>((resolve) => write(resolve)))
    // Lets a reader in this very process read, or the kernel would glue the slices together again.
    await nextTurn()
  }

  const take = async (step: Step): Promise<'over' | 'on'> => {
    if ('status' in step) {
      head(response, step)
      if (step.body === undefined) return 'on'
      await inOnePiece(response, step.body, gone)
      return 'over'
    }
    if ('line' in step) {
      await send(`${typeof step.line === 'string' ? step.line : goJson(step.line)}\n`, slices)
    } else if ('bytes' in step) {
      await send(step.bytes, step.slices ?? slices)
    } else if ('pause' in step) {
      await unlessGone(gone, sleep(step.pause, undefined, { signal: gone }))
    } else if ('until' in step) {
      await unlessGone(gone, step.until)
    } else if ('raw' in step) {
      spokeRaw = true
      await written((done) => socket?.write(step.raw, done))
    } else if ('hold' in step) {
      await unlessGone(gone, new Promise(() => {}))
    } else if ('tear' in step) {
      ending.own()
      socket?.end()
      return 'over'
    } else if ('reset' in step) {
      ending.own()
      reset(socket)
      return 'over'
    } else {
      await end()
      return 'over'
    }
    return 'on'
  }

  return { take, end }
}

const head = (response: ServerResponse, step: Extract<Step, { status: number }>): void => {
  response.statusCode = step.status
  for (const [name, value] of Object.entries(step.headers ?? {})) response.setHeader(name, value)
}

/** A body known in one piece gets a `Content-Length`, as Go gives it. */
const inOnePiece = async (
  response: ServerResponse,
  body: string | Uint8Array | object,
  gone: AbortSignal,
): Promise<void> => {
  const plain = typeof body === 'string' || body instanceof Uint8Array
  if (!plain && !response.hasHeader('content-type')) response.setHeader('content-type', JSON_TYPE)
  await unlessGone(
    gone,
    new Promise<void>((resolve) => response.end(plain ? body : goJson(body), resolve)),
  )
}

/** A client that has left is no error of the script's: the wait just ends. */
const unlessGone = async (gone: AbortSignal, work: Promise<unknown>): Promise<void> => {
  const { promise: left, resolve } = Promise.withResolvers<void>()
  const leave = (): void => resolve()
  if (gone.aborted) leave()
  gone.addEventListener('abort', leave, { once: true })
  try {
    await Promise.race([left, work])
  } catch (error) {
    if (!gone.aborted) throw error
  } finally {
    gone.removeEventListener('abort', leave)
  }
}

const reset = (socket: Duplex | null): void => {
  if (socket === null) return
  if (socket instanceof TLSSocket || !('resetAndDestroy' in socket)) socket.destroy()
  else if (typeof socket.resetAndDestroy === 'function') socket.resetAndDestroy()
}
