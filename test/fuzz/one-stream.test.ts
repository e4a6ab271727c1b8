/** Anything that can happen to a stream, in any order: it goes as its model does, and leaves nothing behind. */
import { IncomingMessage, ServerResponse } from 'node:http'
import { Socket } from 'node:net'
import { createParser } from 'eventsource-parser'
import fc from 'fast-check'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { z } from 'zod'
import { Turn } from '../../src/chat/turn.ts'
import { ChatResponseDecoder } from '../../src/dialects/ollama/chat-response.ts'
import { decodeError } from '../../src/dialects/ollama/error.ts'
import { ChunkEncoder } from '../../src/dialects/openai/chat-completion-chunk.ts'
import { createLog } from '../../src/log.ts'
import { EventStream } from '../../src/server/event-stream.ts'
import { OpenTurns } from '../../src/server/open-turns.ts'
import { ordered } from '../../src/server/ordered.ts'
import type { RequestRecord } from '../../src/server/request-record.ts'
import { Pump } from '../../src/upstream/pump.ts'
import { doneLine, line } from '../support/fault-upstream.ts'
import * as model from './one-stream.ts'
import { runs } from './runs.ts'

beforeEach(() => void vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval', 'performance'] }))
afterEach(() => void vi.useRealTimers())

/** What is far more than a socket keeps for a reader that does not read. */
const LONG = 'x'.repeat(64 * 1024)

/** A client's socket that holds what is written while nobody reads. */
class ClientSocket extends Socket {
  received = ''
  isStalled = false
  #taken: (() => void) | undefined

  override _write(chunk: string | Buffer, _: BufferEncoding, taken: () => void): void {
    this.#take([chunk], taken)
  }

  override _writev(all: readonly { readonly chunk: string | Buffer }[], taken: () => void): void {
    this.#take(
      all.map(({ chunk }) => chunk),
      taken,
    )
  }

  #take(chunks: readonly (string | Buffer)[], taken: () => void): void {
    for (const chunk of chunks) {
      this.received += typeof chunk === 'string' ? chunk : chunk.toString('latin1')
    }
    if (this.isStalled) this.#taken = taken
    else taken()
  }

  readOn(): void {
    this.isStalled = false
    const taken = this.#taken
    this.#taken = undefined
    taken?.()
  }
}

const HTTP_1_1 = { httpVersionMajor: 1, httpVersionMinor: 1 }

const settled = (): Promise<void> =>
  new Promise((resolve) => setImmediate(() => setImmediate(resolve)))

/** The real thing, from the octets of an upstream to those of a client, but for sockets and time. */
class Rig {
  readonly socket = new ClientSocket()
  readonly turns = new OpenTurns()
  readonly pump: Pump
  refused = false
  dropped = 0
  isPaused = false
  /** What is left of a line that was begun. */
  #rest = ''
  #words = 0

  constructor(grace: number) {
    const incoming = Object.assign(new IncomingMessage(this.socket), HTTP_1_1)
    const response = new ServerResponse(incoming)
    this.socket.on('error', () => {})
    response.assignSocket(this.socket)
    // As Node's server does.
    response.once('finish', () => {
      response.detachSocket(this.socket)
      response.emit('close')
    })
    const record: RequestRecord = { id: 'req_0', started: 0, deltas: 0, heartbeats: 0 }
    const stamp = { id: 'chatcmpl-0', created: 0, model: 'm' }
    const encoder = new ChunkEncoder({ stamp, reasoningField: 'none', includeUsage: false })
    const stream = new EventStream(response, encoder, model.TIMES, record)
    stream.opened.catch(() => {
      this.refused = true
      // The app answers with a status.
      if (!response.destroyed) response.end()
    })
    this.turns.hold({ fail: (failure) => stream.fail(failure), over: () => {} }, response)
    const turn = new Turn({
      maxCalls: Number.POSITIVE_INFINITY,
      usedCallIds: new Set(),
      offered: [],
      mintCallId: () => 'call_0',
    })
    this.pump = new Pump({
      decoder: new ChatResponseDecoder(1 << 20),
      listener: ordered(
        turn,
        record,
        createLog('silent', () => {}),
        stream,
      ),
      patience: { ...model.TIMES, loadGraceMs: grace },
      refusal: ({ status, body }) => decodeError({ status, body }, 'm'),
      model: 'm',
      lingering: new Set(),
    }).start({
      isSent: true,
      pause: () => (this.isPaused = true),
      resume: () => (this.isPaused = false),
      abort: () => (this.dropped += 1),
    })
    stream.carry(this.pump)
  }

  word(isLong: boolean): void {
    this.#begin(isLong)
    this.pump.data([this.#rest])
    this.#rest = ''
  }

  part(): void {
    this.#begin(false)
    const half = Math.floor(this.#rest.length / 2)
    this.pump.data([this.#rest.slice(0, half)])
    this.#rest = this.#rest.slice(half)
  }

  finish(): void {
    this.pump.data([this.#rest + doneLine()])
    this.#rest = ''
  }

  leave(): void {
    this.socket.destroy()
  }

  drain(): void {
    this.turns.failAll({ kind: 'draining' })
  }

  #begin(isLong: boolean): void {
    if (this.#rest !== '') return
    this.#words++
    this.#rest = line(`word ${this.#words}${isLong ? LONG : ''}`)
  }

  /** What the client has got, as the model says it. */
  body(): readonly string[] {
    const said: string[] = []
    const parser = createParser({
      onComment: () => said.push('beat'),
      onEvent: ({ data }) => {
        if (data === '[DONE]') return void said.push('done')
        const { error, choices = [] } = chunk.parse(JSON.parse(data))
        if (error !== undefined) said.push('error')
        for (const { delta } of choices) {
          if (delta.content !== undefined) said.push(delta.content.replace(LONG, ''))
        }
      },
      onError: (fault) => {
        throw fault
      },
    })
    parser.feed(unchunked(this.socket.received))
    return said
  }
}

const chunk = z.object({
  error: z.looseObject({}).optional(),
  choices: z.array(z.object({ delta: z.object({ content: z.string().optional() }) })).optional(),
})

/** The payload of all chunks that are there in whole. */
const unchunked = (received: string): string => {
  let payload = ''
  for (let at = received.indexOf('\r\n\r\n') + 4; at > 3;) {
    const end = received.indexOf('\r\n', at)
    const size = Number.parseInt(received.slice(at, end), 16)
    if (end === -1 || end + 2 + size > received.length) break
    payload += received.slice(end + 2, end + 2 + size)
    if (size === 0) break
    at = end + 2 + size + 2
  }
  return payload
}

/** One thing that happens, to the model and to the real thing; then both are held against each other. */
class Command implements fc.AsyncCommand<model.Model, Rig> {
  readonly #name: string
  readonly #isPossible: (of: model.Model) => boolean
  readonly #does: (of: model.Model, rig: Rig) => void | Promise<void>

  constructor(
    name: string,
    isPossible: (of: model.Model) => boolean,
    does: (of: model.Model, rig: Rig) => void | Promise<void>,
  ) {
    this.#name = name
    this.#isPossible = isPossible
    this.#does = does
  }

  check(of: Readonly<model.Model>): boolean {
    return this.#isPossible(of)
  }

  async run(of: model.Model, rig: Rig): Promise<void> {
    await this.#does(of, rig)
    await settled()
    agree(of, rig)
  }

  toString(): string {
    return this.#name
  }
}

const agree = (of: model.Model, rig: Rig): void => {
  const { refused, isDropped } = of
  const isOver = of.client === 'over' || of.client === 'ended'
  expect({
    refused: rig.refused,
    isDropped: rig.dropped > 0,
    isPaused: rig.isPaused && of.upstream !== 'closed',
    // One ticker for both sides, and none when neither waits for anything.
    timers: vi.getTimerCount(),
  }).toEqual({
    // A client that left was told nothing, but its turn did not open either.
    refused: refused || (of.client === 'over' && of.body.length === 0),
    isDropped,
    isPaused: of.isPaused && of.upstream !== 'closed',
    timers: isOver && of.upstream === 'closed' ? 0 : 1,
  })
  if (refused) return
  const got = rig.body()
  // What is held in a socket that nobody reads has not come, and may never.
  if (of.isStalled || rig.socket.destroyed) expect(of.body.slice(0, got.length)).toEqual(got)
  else expect(got).toEqual(of.body)
  const lastWords = got.filter((said) => said === 'done' || said === 'error')
  expect(lastWords).toEqual(got.slice(-1).filter((said) => said === 'done' || said === 'error'))
}

const always = (): boolean => true
const isUnderWay = ({ upstream }: model.Model): boolean => upstream !== 'closed'

const commands: readonly fc.Arbitrary<Command>[] = [
  fc.boolean().map(
    (isLong) =>
      new Command(isLong ? 'long word' : 'word', model.canSpeak, (of, rig) => {
        // A word that was begun is as long as it is.
        model.word(of, isLong && !of.isHalfSaid)
        rig.word(isLong)
      }),
  ),
  fc.constant(
    new Command(
      'part',
      (of) => model.canSpeak(of) && !of.isHalfSaid,
      (of, rig) => {
        model.part(of)
        rig.part()
      },
    ),
  ),
  fc.constant(
    new Command('finish', model.canSpeak, (of, rig) => {
      model.finish(of)
      rig.finish()
    }),
  ),
  fc.constant(
    new Command('hang up', model.canSpeak, (of, rig) => {
      model.hangUp(of)
      rig.pump.end()
    }),
  ),
  fc.constantFrom('no JSON\n', '{"error":"boom"}\n', '{}\n').map(
    (said) =>
      new Command(`says ${said}`, model.canSpeak, (of, rig) => {
        model.fault(of, true)
        rig.pump.data([said])
      }),
  ),
  fc.constant(
    new Command('reset', isUnderWay, (of, rig) => {
      model.fault(of)
      rig.pump.fail({ kind: 'upstream-truncated' })
    }),
  ),
  fc.constant(
    new Command(
      'status 500',
      (of) => of.upstream === 'silent' && !of.isHalfSaid && of.words === 0,
      (of, rig) => {
        model.fault(of)
        rig.pump.head(500, {})
        rig.pump.data(['{"error":"boom"}'])
        rig.pump.end()
      },
    ),
  ),
  fc.constant(
    new Command('stall', always, (of, rig) => {
      model.stall(of)
      rig.socket.isStalled = true
    }),
  ),
  fc.constant(
    new Command('read on', always, (of, rig) => {
      model.readOn(of)
      rig.socket.readOn()
    }),
  ),
  fc.constant(
    new Command('leave', always, (of, rig) => {
      model.leave(of)
      rig.leave()
    }),
  ),
  fc.constant(
    new Command('drain', always, (of, rig) => {
      model.drain(of)
      rig.drain()
    }),
  ),
  fc.integer({ min: 1, max: 20 }).map(
    (ticks) =>
      new Command(`${ticks} ticks`, always, async (of, rig) => {
        for (let left = ticks; left > 0; left--) {
          model.tick(of)
          vi.advanceTimersByTime(model.TICK_MS)
          await settled()
          agree(of, rig)
        }
      }),
  ),
]

/** Most of what happens is that somebody says something, or that time goes by. */
const weighted = commands.flatMap((command, index) => (index === 0 || index === 11 ? [command, command, command] : [command])) // prettier-ignore

test('goes as its model does, and holds nothing once both sides are gone', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.constantFrom(0, model.TIMES.loadGraceMs),
      fc.commands([...weighted], { maxCommands: 30 }),
      async (grace, all) => {
        const rig = new Rig(grace)
        const of = model.begin(grace)
        try {
          await fc.asyncModelRun(() => ({ model: of, real: rig }), all)
          rig.leave()
          model.leave(of)
          await settled()
          // Whatever still waits has its deadline.
          for (let left = 100; left > 0; left--) {
            model.tick(of)
            vi.advanceTimersByTime(model.TICK_MS)
          }
          await settled()
          agree(of, rig)
          expect([of.client, of.upstream, vi.getTimerCount()]).toEqual(['over', 'closed', 0])
          await rig.turns.idle()
        } finally {
          // Whatever a case that failed has left is over before the next.
          rig.leave()
          rig.pump.abort()
          await settled()
          vi.advanceTimersByTime(20_000)
        }
      },
    ),
    runs(300),
  )
})
