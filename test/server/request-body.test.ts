/** A request's body, however it comes; what a client sees of it is in `test/e2e/bad-requests.test.ts`. */
import { IncomingMessage } from 'node:http'
import { Socket } from 'node:net'
import { describe, expect, test, vi } from 'vitest'
import { Failed } from '../../src/failure.ts'
import { BodyBudget } from '../../src/server/body-budget.ts'
import { type BodyLimits, readJsonBody } from '../../src/server/request-body.ts'
import { atRandom, inPieces, WAYS } from '../support/feed.ts'

const LIMIT = 1000
const LIMITS = { maxBodyBytes: LIMIT, maxJsonDepth: 64, maxJsonTokens: 500_000 }

const request = (
  headers: Readonly<Record<string, string>> = {},
  limits: BodyLimits = LIMITS,
  budget = new BodyBudget(Infinity),
) => {
  const incoming = new IncomingMessage(new Socket())
  incoming.headers = { 'content-type': 'application/json', ...headers }
  const outgoing = { writeContinue: vi.fn<() => void>() }
  return { incoming, outgoing, body: readJsonBody({ incoming, outgoing }, limits, budget.open()) }
}

describe('the same, cut', () => {
  const value = { text: 'Grüße 🦊 \u2028', seed: 1 }

  test.each(WAYS)('$way', async ({ slices }) => {
    const { incoming, body } = request()
    for (const slice of slices(Buffer.from(JSON.stringify(value)))) incoming.push(slice)
    incoming.push(null)
    expect(await body).toEqual(value)
  })
})

test('a byte order mark is no part of it', async () => {
  const { incoming, body } = request()
  incoming.push(Buffer.from('\uFEFF{"a":1}'))
  incoming.push(null)
  expect(await body).toEqual({ a: 1 })
})

test('what was read is kept by nobody: no listener stays', async () => {
  const { incoming, body } = request()
  incoming.push('{}')
  incoming.push(null)
  await body
  for (const event of ['data', 'end', 'close']) expect(incoming.listenerCount(event)).toBe(0)
  // Without a listener an error would end the process.
  expect(incoming.listenerCount('error')).toBe(1)
})

test('keeps every digit', async () => {
  const { incoming, body } = request()
  incoming.push('{"seed":12345678901234567890}')
  incoming.push(null)
  expect(JSON.stringify(await body)).toBe('{"seed":12345678901234567890}')
})

test('a lone surrogate in an escape is kept', async () => {
  const { incoming, body } = request()
  incoming.push(String.raw`{"a":"\ud83d"}`)
  incoming.push(null)
  expect(await body).toEqual({ a: '\uD83D' })
})

test('one byte too many is refused when it comes, and nothing is read after it', async () => {
  const { incoming, body } = request()
  for (let at = 0; at < 3; at++) incoming.push('x'.repeat(400))
  await expect(body).rejects.toMatchObject({ failure: { kind: 'too-large', limitBytes: LIMIT } })
  expect(incoming.isPaused()).toBe(true)
})

test('a length that is too large is refused before anything is read', async () => {
  const { incoming, body } = request({ 'content-length': String(LIMIT + 1) })
  await expect(body).rejects.toMatchObject({ failure: { kind: 'too-large' } })
  expect(incoming.listenerCount('data')).toBe(0)
})

describe('R-05 the budget of all bodies', () => {
  test('counts what comes, not what was announced', async () => {
    const budget = new BodyBudget(1500)
    const one = request({ 'content-length': '900' }, LIMITS, budget)
    expect(budget.heldBytes).toBe(0)
    one.incoming.push('"')
    for (let at = 0; at < 2; at++) one.incoming.push('x'.repeat(400))
    await expect.poll(() => budget.heldBytes).toBe(801)
    one.incoming.push('"')
    one.incoming.push(null)
    expect(await one.body).toHaveLength(800)
    // Whoever reads it gives it back, when nothing is left of it.
    expect(budget.heldBytes).toBe(802)
  })

  test('refuses a body in the middle when the others leave no room, and reads no more of it', async () => {
    const budget = new BodyBudget(1500)
    const first = request({}, LIMITS, budget)
    first.incoming.push('x'.repeat(900))
    await expect.poll(() => budget.heldBytes).toBe(900)
    const second = request({}, LIMITS, budget)
    for (let at = 0; at < 3; at++) second.incoming.push('x'.repeat(300))
    await expect(second.body).rejects.toMatchObject({
      failure: { kind: 'overloaded', shed: 'bodies' },
    })
    expect(second.incoming.isPaused()).toBe(true)
    expect(budget.heldBytes).toBe(1500)
  })

  test('refuses a length that has no room unread, and gives no leave to send it', async () => {
    const budget = new BodyBudget(500)
    const headers = { 'content-length': '501', expect: '100-continue' }
    const { incoming, outgoing, body } = request(headers, LIMITS, budget)
    await expect(body).rejects.toMatchObject({ failure: { kind: 'overloaded' } })
    expect(incoming.listenerCount('data')).toBe(0)
    expect(outgoing.writeContinue).not.toHaveBeenCalled()
  })
})

test.each(['close', 'error'])(
  'a client that leaves (%s) is no fault of the body',
  async (event) => {
    const { incoming, body } = request()
    incoming.push('{"a":')
    incoming.emit(event, new Error('aborted'))
    await expect(body).rejects.toMatchObject({ failure: { kind: 'client-closed' } })
  },
)

test('what the parser found wrong is said as it is', async () => {
  const { incoming, body } = request()
  incoming.emit('error', new Failed({ kind: 'request-timeout', message: 'too slow' }))
  await expect(body).rejects.toMatchObject({ failure: { kind: 'request-timeout' } })
})

describe('a large one', () => {
  const MiB = 1024 * 1024
  const limits = { ...LIMITS, maxBodyBytes: 20 * MiB }
  const elements = Array.from({ length: 10_000 }, (_, i) => ({ i, text: 'Grüße 🦊 '.repeat(90) }))
  const bytes = Buffer.from(JSON.stringify({ elements, seed: 1 }))

  test('leaves the others a turn for every 256 KiB of it', async () => {
    const { incoming, body } = request({}, limits)
    const turns = new Turns()
    for (const slice of inPieces(64 * 1024)(bytes)) incoming.push(slice)
    incoming.push(null)
    expect(await body).toEqual({ elements, seed: 1 })
    expect(bytes.length).toBeGreaterThan(10 * MiB)
    expect(turns.stop()).toBeGreaterThanOrEqual(Math.floor(bytes.length / (256 * 1024)))
  })

  test('is the same, cut at random', async () => {
    const { incoming, body } = request({}, limits)
    for (const slice of atRandom(7, 100_000)(bytes)) incoming.push(slice)
    incoming.push(null)
    expect(await body).toEqual({ elements, seed: 1 })
  })

  test.each([
    ['first', 10],
    ['last', -10],
  ])('is refused at its end when its %s part is not UTF-8', async (_, at) => {
    const { incoming, body } = request({}, limits)
    const wrong = Buffer.from(bytes)
    wrong[at < 0 ? wrong.length + at : at] = 0xff
    for (const slice of inPieces(100_000)(wrong)) incoming.push(slice)
    incoming.push(null)
    await expect(body).rejects.toMatchObject({
      failure: { message: expect.stringContaining('not valid UTF-8') },
    })
    expect(incoming.readableEnded).toBe(true)
  })

  test('one byte too many is refused when it comes', async () => {
    const { incoming, body } = request({}, limits)
    for (let at = 0; at < 21; at++) incoming.push(Buffer.alloc(MiB, 0x20))
    await expect(body).rejects.toMatchObject({ failure: { kind: 'too-large' } })
  })
})

/** How often the event loop came round. */
class Turns {
  #count = 0
  #next: NodeJS.Immediate

  constructor() {
    const turn = () => {
      this.#count++
      this.#next = setImmediate(turn)
    }
    this.#next = setImmediate(turn)
  }

  stop(): number {
    clearImmediate(this.#next)
    return this.#count
  }
}

describe('leave to send it', () => {
  test('is given to a client that waits for it', async () => {
    const { incoming, outgoing, body } = request({ expect: '100-Continue' })
    expect(outgoing.writeContinue).toHaveBeenCalledTimes(1)
    incoming.push('{}')
    incoming.push(null)
    await body
  })

  test.each<[why: string, headers: Readonly<Record<string, string>>]>([
    ['too large', { 'content-length': '5000' }],
    ['in another charset', { 'content-type': 'application/json; charset=latin1' }],
    ['of another type', { 'content-type': 'text/plain' }],
    ['compressed', { 'content-encoding': 'gzip' }],
  ])('is not given to one whose body is %s', async (_, headers) => {
    const { outgoing, body } = request({ expect: '100-continue', ...headers })
    await expect(body).rejects.toBeInstanceOf(Failed)
    expect(outgoing.writeContinue).not.toHaveBeenCalled()
  })
})
