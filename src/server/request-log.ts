/** One line when an exchange ends: who asked which model, what came of it, and how long it took. */
import type { IncomingHttpHeaders } from 'node:http'
import type { Log } from '../log.ts'
import { createStorms, type Storms } from '../log-storms.ts'
import { now } from '../ticker.ts'
import type { AppContext } from './context.ts'
import { wasCutOff } from './cut-off.ts'
import { PROBES } from './health.ts'
import type { LoopWatch } from './loop-watch.ts'
import { type Ended, type Observer, phaseOf } from './observer.ts'
import { randomHex } from './random-hex.ts'
import type { RequestRecord } from './request-record.ts'

/**
 * Gives each request its id and its record, and writes the line when its socket is done with it.
 *
 * @param config how many lines of refused requests may be alike.
 * @param observer hears the same at the same moment.
 * @param loop is told which target is asked for.
 */
export const requestLog = (
  log: Log,
  config: { readonly maxAlike: number },
  observer?: Observer,
  loop?: Pick<LoopWatch, 'target'>,
): ((c: AppContext) => void) => {
  const storms = createStorms(log, config.maxAlike)
  return (c) => {
    const { incoming, outgoing } = c.env
    const record: RequestRecord = {
      id: `req_${randomHex()}`,
      started: now(),
      deltas: 0,
      heartbeats: 0,
    }
    c.set('record', record)
    // On the raw response, because a header set through Hono makes node-server rebuild the response
    // of a stream that was sent already (performance, pitfall 1).
    outgoing.setHeader('x-request-id', record.id)
    outgoing.setHeader('x-content-type-options', 'nosniff')
    const { method = '', url = '' } = incoming
    if (loop !== undefined) loop.target = url
    const path = url.split('?', 1)[0]?.slice(0, 200) ?? ''
    let complete = false
    if ('on' in outgoing) {
      observer?.begun()
      const isRetry = observer !== undefined && hasAskedBefore(incoming.headers)
      // Node 22 says "finish" of what a destroyed socket never took, too.
      outgoing.on('finish', () => (complete = !incoming.socket.destroyed))
      outgoing.on('close', () => {
        const left = !complete && record.failure === undefined
        const ended: Ended = {
          path,
          // nginx's number for a client that left; no status of ours was heard.
          status: left ? 499 : outgoing.statusCode,
          outcome: left
            ? wasCutOff(outgoing)
              ? 'client-stalled'
              : 'client-closed'
            : (record.failure ?? 'ok'),
          isRetry,
          record,
        }
        if (isWritten(ended, storms)) write(log, method, ended)
        observer?.ended(ended)
      })
    }
  }
}

/** What was refused has done no work, and its line is like all the others of its outcome. */
const isWritten = ({ status, outcome, record }: Ended, storms: Storms): boolean =>
  record.failure === undefined || status === 200 || storms.admits(outcome)

/** As OpenAI's SDKs count their own tries, from 0. */
const hasAskedBefore = (headers: IncomingHttpHeaders): boolean =>
  Number(headers['x-stainless-retry-count']) > 0

const write = (log: Log, method: string, { path, status, outcome, record }: Ended): void => {
  const { usage } = record
  // A probe asks every few seconds, for ever.
  const level = PROBES.has(path) && status === 200 ? 'debug' : 'info'
  log[level]('request', {
    request_id: record.id,
    key: record.key,
    method,
    path,
    status,
    outcome,
    ...(status === 499 && { phase: phaseOf(record), deltas: record.deltas }),
    model: record.model,
    stream: record.stream,
    shed: record.shed,
    queue_ms: record.queueMs && Math.round(record.queueMs),
    first_event_ms: record.firstEvent && Math.round(record.firstEvent - record.started),
    duration_ms: Math.round(now() - record.started),
    finish_reason: record.finishReason,
    prompt_tokens: usage?.promptTokens,
    completion_tokens: usage?.completionTokens,
  })
}
