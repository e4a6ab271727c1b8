/** One connection of the load: it asks, reads its answer to the end, and asks again. */
import { connect, type Socket } from 'node:net'
import { nowUs, stampAt } from './stamp.ts'
import { FIRST_WORD, STAMP_DIGITS } from './tokens.ts'

/** What a connection tells of itself; a load listens to thousands of them. */
export type Listener = {
  /** Whether reads are searched for moments: they are in every token of a paced answer, and nowhere else. */
  readonly isPaced: boolean
  /** Whether the next answer is kept, to be looked at. */
  wantsSample(): boolean
  read(bytes: number): void
  firstToken(afterUs: number): void
  /** A token of a paced answer came. */
  stamped(transitUs: number): void
  /** @param sample its bytes, head and chunks as they came, when it was wanted. */
  answered(sample: readonly Buffer[] | null): void
  /** The connection is closed, by whomever. */
  closed(why: string): void
}

/** All reads of all connections go through one buffer: none is made for them. */
const shared = Buffer.allocUnsafe(1 << 18)
const AT = '@'.charCodeAt(0)
const END = '\r\n0\r\n\r\n'
const HEAD_END = '\r\n\r\n'
/** Where the first digit of the status stands, behind `HTTP/1.1 `. */
const STATUS_AT = 9

/** @returns the socket, to be destroyed when enough was asked. */
export const openConnection = (port: number, request: Buffer, listener: Listener): Socket => {
  let sentUs = 0
  let isHeaded = false
  let isFirst = true
  let tail = ''
  let sample: Buffer[] | null = null

  const ask = (): void => {
    isHeaded = false
    isFirst = true
    tail = ''
    sample = listener.wantsSample() ? [] : null
    sentUs = nowUs()
    socket.write(request)
  }

  const hear = (length: number): void => {
    const us = nowUs()
    listener.read(length)
    const bytes = shared.subarray(0, length)
    sample?.push(Buffer.from(bytes))
    if (!isHeaded) {
      if (bytes[STATUS_AT] !== '2'.charCodeAt(0)) return refuse(bytes)
      isHeaded = bytes.includes(HEAD_END)
    }
    if (listener.isPaced) hearMoments(bytes, us)
    else if (isFirst && bytes.includes(FIRST_WORD)) {
      isFirst = false
      listener.firstToken(us - sentUs)
    }
    tail = (tail + bytes.toString('latin1', Math.max(0, length - END.length))).slice(-END.length)
    if (tail !== END) return
    listener.answered(sample)
    ask()
  }

  const hearMoments = (bytes: Buffer, us: number): void => {
    for (let at = bytes.indexOf(AT); at !== -1; at = bytes.indexOf(AT, at + 1)) {
      if (at + STAMP_DIGITS >= bytes.length) return
      const wasUs = stampAt(bytes, at + 1)
      if (!Number.isNaN(wasUs)) listener.stamped(us - wasUs)
    }
  }

  const refuse = (bytes: Buffer): void => {
    why = bytes.toString('latin1', 0, bytes.indexOf('\r\n'))
    socket.destroy()
  }

  const socket = connect({
    host: '127.0.0.1',
    port,
    noDelay: true,
    onread: {
      buffer: shared,
      callback: (length) => {
        hear(length)
        return true
      },
    },
  })
  socket.on('connect', ask)
  let why = 'closed by the proxy'
  socket.on('error', (error) => {
    why = 'code' in error ? String(error.code) : error.name
  })
  socket.on('close', () => listener.closed(why))
  return socket
}

/** A request for a chat, as an SDK sends it. */
export const chatRequest = (
  path: string,
  headers: Readonly<Record<string, string>>,
  model: string,
): Buffer => {
  const body = Buffer.from(
    JSON.stringify({
      model,
      stream: true,
      stream_options: { include_usage: true },
      temperature: 0.7,
      max_tokens: 512,
      messages: [
        { role: 'system', content: 'You answer briefly, and say so when you do not know.' },
        {
          role: 'user',
          content: 'What does an interpreter between two strangers have to leave out?',
        },
      ],
    }),
  )
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`)
  const head = `POST ${path} HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\nAccept: text/event-stream\r\n${lines.join('')}Content-Length: ${body.length}\r\n\r\n`
  return Buffer.concat([Buffer.from(head), body])
}

/** The body of an answer as it came: its head taken off, its chunks put together. */
export const bodyOf = (answer: Buffer): string => {
  const chunks: Buffer[] = []
  let at = answer.indexOf(HEAD_END) + HEAD_END.length
  for (;;) {
    const lineEnd = answer.indexOf('\r\n', at)
    const length = Number.parseInt(answer.toString('latin1', at, lineEnd), 16)
    if (Number.isNaN(length)) throw new Error('an answer that is not chunked')
    if (length === 0) return Buffer.concat(chunks).toString('utf8')
    at = lineEnd + 2
    chunks.push(answer.subarray(at, at + length))
    at += length + 2
  }
}
