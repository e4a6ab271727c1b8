/**
 * The soak's upstream, a process of its own: a bare socket that says what each prompt asks it to.
 *
 * `node upstream.ts [port]`; it tells its port and what matters of its clients over IPC, and ends with it.
 */
import { createServer, type Socket } from 'node:net'
import { nowUs } from '../bench/stamp.ts'
import { specIn, type Spec } from './spec.ts'
import { stepsOf, type Step } from './steps.ts'
import type { UpstreamFigures, UpstreamNews } from './upstream-news.ts'

type Figures = { -readonly [Name in keyof UpstreamFigures]: UpstreamFigures[Name] }

const figures: Figures = {
  open: 0,
  sockets: 0,
  chats: 0,
  again: 0,
  tooOften: 0,
  pipelined: 0,
  unreadable: 0,
}

const tell = (news: UpstreamNews): void => {
  // Whoever asked has gone, and so shall we.
  if (process.connected) process.send?.(news)
}

/** How a request came to be known: whether it may come again, and whether it has. */
const known = new Map<number, 'fresh' | 'on a kept connection' | 'again'>()

/** @returns whether it has come before. */
const note = ({ id }: Spec, isKept: boolean): boolean => {
  figures.chats += 1
  const before = known.get(id)
  if (before === undefined) known.set(id, isKept ? 'on a kept connection' : 'fresh')
  else {
    if (before === 'on a kept connection') figures.again += 1
    else figures.tooOften += 1
    known.set(id, 'again')
  }
  // Ids go up: what was long ago does not come again.
  if (known.size > 200_000)
    for (const old of known.keys()) if (known.size > 100_000) known.delete(old)
  return before !== undefined
}

/** What waits to be sent before a fast answer stops writing, bytes. */
const HIGH_WATER = 65_536
/** What one answer may write before it is another's turn, octets. */
const TURN = 65_536
/** How soon a connection is closed behind its answer, ms: when the next request may be on its way. */
const SOON_MS = 5

class Connection {
  readonly #socket: Socket
  #requests = 0
  #text = ''
  /** Of the body that is awaited, octets; NaN while a head is. */
  #length = Number.NaN
  #isAnswering = false
  #watched: number | null = null

  constructor(socket: Socket) {
    this.#socket = socket
    figures.sockets += 1
    socket.setEncoding('latin1').on('data', (octets: string) => this.#read(octets))
    socket.on('error', () => {})
    socket.on('end', () => socket.destroy())
    socket.on('close', () => {
      figures.sockets -= 1
      if (!this.#isAnswering) return
      this.#isAnswering = false
      figures.open -= 1
      if (this.#watched !== null) tell({ news: 'left', id: this.#watched, us: nowUs() })
    })
  }

  #read(octets: string): void {
    this.#text += octets
    if (Number.isNaN(this.#length)) {
      const end = this.#text.indexOf('\r\n\r\n')
      if (end === -1) return
      const head = this.#text.slice(0, end)
      this.#text = this.#text.slice(end + 4)
      this.#length = Number(/\r\ncontent-length: *(\d+)/i.exec(head)?.[1] ?? 0)
      if (!head.startsWith('POST /api/chat ')) {
        this.#length = Number.NaN
        this.#requests += 1
        this.#socket.write(DISCOVERY)
        return
      }
    }
    if (this.#text.length < this.#length) return
    const body = this.#text.slice(0, this.#length)
    this.#text = this.#text.slice(this.#length)
    this.#length = Number.NaN
    this.#ask(body)
  }

  #ask(body: string): void {
    // It crossed our end: nobody has heard it.
    if (this.#socket.writableEnded) return void this.#socket.destroy()
    if (this.#isAnswering) figures.pipelined += 1
    this.#requests += 1
    const isKept = this.#requests > 1
    let spec: Spec
    try {
      spec = specIn(body)
    } catch {
      figures.unreadable += 1
      this.#socket.destroy()
      return
    }
    const isSecond = note(spec, isKept)
    // Closed as it was about to be used again: nobody's fault, and nothing was done.
    if (spec.fault === 'close-on-reuse' && isKept && !isSecond) {
      this.#socket.destroy()
      return
    }
    figures.open += 1
    this.#isAnswering = true
    this.#watched = spec.isWatched ? spec.id : null
    if (spec.isWatched) tell({ news: 'asked', id: spec.id })
    this.#play(stepsOf(spec, nowUs))
  }

  /** @param next is done first, where it was put off. */
  #play(steps: Iterator<Step, void>, next?: Step): void {
    const socket = this.#socket
    let written = 0
    for (let step = next ?? steps.next().value; ; step = steps.next().value) {
      if (socket.destroyed) return
      if (step === undefined) return this.#over()
      if ('write' in step) {
        // While its client takes all that comes, the others would wait for seconds.
        const putOff = step
        if (written > TURN) return void setImmediate(() => this.#play(steps, putOff))
        written += step.write.length
        if (!socket.write(step.write, 'latin1') && socket.writableLength > HIGH_WATER) {
          socket.once('drain', () => this.#play(steps))
          return
        }
      } else if ('waitMs' in step) {
        const go = (): void => this.#play(steps)
        if (step.waitMs === 0) setImmediate(go)
        else setTimeout(go, step.waitMs)
        return
      } else {
        if (step.end === 'hold') return
        this.#over()
        if (step.end === 'fin') socket.end()
        else if (step.end === 'reset') socket.resetAndDestroy()
        else this.#endSoon()
        return
      }
    }
  }

  /** Unless the next request is there first: what came before the end is answered. */
  #endSoon(): void {
    const requests = this.#requests
    setTimeout(() => {
      if (this.#requests === requests) this.#socket.end()
    }, SOON_MS)
  }

  #over(): void {
    this.#isAnswering = false
    figures.open -= 1
  }
}

const VERSION = '{"version":"0.33.0"}'
const DISCOVERY = `HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: ${VERSION.length}\r\n\r\n${VERSION}`

const server = createServer({ noDelay: true, allowHalfOpen: true }, (socket) => {
  void new Connection(socket)
})
server.listen({ port: Number(process.argv[2] ?? 0), host: '127.0.0.1', backlog: 4096 }, () => {
  const address = server.address()
  if (address !== null && typeof address === 'object') tell({ news: 'ready', port: address.port })
})
process.on('message', () => tell({ news: 'figures', ...figures }))
process.on('disconnect', () => process.exit())
