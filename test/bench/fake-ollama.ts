/**
 * The fake Ollama, a process of its own: raw TCP and frames built before, so that it costs next to nothing.
 *
 * `node fake-ollama.ts`; it tells its port, and what matters of its clients, over IPC.
 */
import { createServer, type Socket } from 'node:net'
import { type AnswerPlan, type Dialect, planAnswer } from './answer-plan.ts'
import { discoveryAnswer } from './discovery.ts'
import type { UpstreamNews } from './news.ts'
import { RequestReader } from './request-reader.ts'
import { nowUs, putStamp } from './stamp.ts'
import { TimeWheel } from './time-wheel.ts'

/** An answer under way. */
type Answer = {
  readonly socket: Socket
  readonly plan: AnswerPlan
  /** Of the next write, in the wheel's milliseconds. */
  dueMs: number
  written: number
  isHeaded: boolean
}

/** What waits to be sent before a fast answer stops writing, bytes. */
const HIGH_WATER = 65_536
/** Streams of one pace begin within this time of each other, ms: they do not write in step. */
const SCATTER_MS = 1000

const tell = (news: UpstreamNews): void => {
  process.send?.(news)
}

const write = (answer: Answer): boolean => {
  const { socket, plan } = answer
  const frame = plan.frames[answer.written++ % plan.frames.length]
  if (frame === undefined) throw new Error('an answer without frames')
  if (frame.stamps.length === 0) return socket.write(frame.bytes)
  // The socket may still hold the last one.
  const bytes = Buffer.from(frame.bytes)
  const us = nowUs()
  for (const at of frame.stamps) putStamp(bytes, at, us)
  return socket.write(bytes)
}

const underWay = new Map<Socket, Answer>()

/** The last line, at once or after its rest. */
const end = ({ socket, plan }: Answer): void => {
  const { restMs } = plan.workload
  if (restMs > 0) tell({ news: 'resting' })
  const say = (): void => {
    if (socket.destroyed) return
    socket.write(plan.end)
    underWay.delete(socket)
  }
  if (restMs > 0) setTimeout(say, restMs)
  else say()
}

/** All that is left, as fast as the socket takes it. */
const pour = (answer: Answer): void => {
  const { socket, plan } = answer
  if (socket.destroyed) return
  while (answer.written < plan.writes) {
    if (!write(answer) && socket.writableLength > HIGH_WATER) {
      socket.once('drain', () => pour(answer))
      return
    }
  }
  end(answer)
}

const wheel = new TimeWheel<Answer>((answer) => {
  const { socket, plan } = answer
  if (socket.destroyed) return
  if (!answer.isHeaded) socket.write(plan.head)
  answer.isHeaded = true
  if (answer.written >= plan.writes) return end(answer)
  write(answer)
  answer.dueMs += plan.workload.delayMs * plan.workload.perWrite
  wheel.add(answer, answer.dueMs)
})

const begin = (socket: Socket, plan: AnswerPlan): void => {
  const { delayMs, firstMs, perWrite } = plan.workload
  const answer: Answer = { socket, plan, dueMs: 0, written: 0, isHeaded: firstMs === 0 }
  underWay.set(socket, answer)
  if (answer.isHeaded) socket.write(plan.head)
  else tell({ news: 'asked' })
  if (delayMs === 0) return pour(answer)
  const scatterMs = perWrite === 1 ? Math.random() * Math.min(delayMs, SCATTER_MS) : 0
  answer.dueMs = wheel.now() + firstMs + scatterMs
  wheel.add(answer, answer.dueMs)
}

const plans = new Map<string, AnswerPlan>()

const planOf = (body: string, dialect: Dialect): AnswerPlan => {
  const [, model = ''] = /"model"\s*:\s*"([^"]+)"/.exec(body) ?? []
  const key = `${dialect} ${model}`
  const plan = plans.get(key) ?? planAnswer(model, dialect)
  plans.set(key, plan)
  return plan
}

const answer = (socket: Socket, line: string, body: string): void => {
  const known = discoveryAnswer(line)
  if (known !== undefined) socket.write(known)
  else if (!line.startsWith('POST ')) {
    socket.write('HTTP/1.1 200 OK\r\nContent-Length: 17\r\n\r\nOllama is running')
  } else begin(socket, planOf(body, line.startsWith('POST /v1/') ? 'openai' : 'native'))
}

const server = createServer({ noDelay: true }, (socket) => {
  const reader = new RequestReader()
  socket.on('data', (bytes) => {
    const asked = reader.feed(bytes)
    if (asked !== null) answer(socket, asked.line, asked.bodyStart)
  })
  socket.on('error', () => {})
  socket.on('close', () => {
    if (underWay.delete(socket)) tell({ news: 'left', us: nowUs() })
  })
})

server.listen({ port: 0, host: '127.0.0.1', backlog: 4096 }, () => {
  const address = server.address()
  if (address !== null && typeof address === 'object') tell({ news: 'ready', port: address.port })
})
process.on('disconnect', () => process.exit())
