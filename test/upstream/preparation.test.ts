/** A request that is written before it is sent: at once when it is short, in turns when it is long, not at all for nobody. */
import { describe, expect, test, vi } from 'vitest'
import { Failed, type Failure } from '../../src/failure.ts'
import { Preparation } from '../../src/upstream/preparation.ts'
import type { Sending } from '../../src/upstream/http.ts'

const start = (pieces: Iterator<string>) => {
  const exchange = {
    isSent: true,
    pause: vi.fn<() => void>(),
    resume: vi.fn<() => void>(),
    abort: vi.fn<() => void>(),
  }
  const send = vi.fn<(body: string | Buffer) => Sending>(() => exchange)
  const fail = vi.fn<(failure: Failure, cause: unknown) => void>()
  return { preparation: new Preparation(pieces, send, { fail }), exchange, send, fail }
}

test('one piece is sent at once, as it is', () => {
  const { send } = start(['{"short":true}'].values())
  expect(send.mock.calls).toEqual([['{"short":true}']])
})

describe('many pieces', () => {
  test('are sent as one body of bytes', async () => {
    const { send } = start(['{"text":"', 'né', '漢', '"}'].values())
    await expect.poll(() => send.mock.calls.length).toBe(1)
    expect(send.mock.calls[0]?.[0]).toEqual(Buffer.from('{"text":"né漢"}'))
  })

  test('leave the others their turn between any two', async () => {
    let turns = 0
    const count = (): void => {
      turns++
      immediate = setImmediate(count)
    }
    let immediate = setImmediate(count)
    const { send } = start(Array<string>(50).fill('piece').values())
    await expect.poll(() => send.mock.calls.length).toBe(1)
    clearImmediate(immediate)
    expect(turns).toBeGreaterThanOrEqual(48)
  })

  test('are not sent, nor written any further, when nobody wants the answer', async () => {
    const pieces = ['a', 'b', 'c', 'd'].values()
    const { preparation, send } = start(pieces)
    preparation.abort()
    await new Promise((resolve) => {
      setImmediate(resolve)
    })
    expect(send).not.toHaveBeenCalled()
    expect([...pieces]).toEqual(['c', 'd'])
  })
})

function* breaking(error: unknown): Generator<string> {
  yield 'a'
  throw error
}

describe('a piece that cannot be written', () => {
  test.each<[what: string, error: unknown, failure: object]>([
    ['its own failure', new Failed({ kind: 'draining' }), { kind: 'draining' }],
    ['a fault of ours', new Error('odd'), { kind: 'internal' }],
  ])('is heard as %s, and nothing is sent', (_what, error, failure) => {
    const { fail, send } = start(breaking(error))
    expect(fail).toHaveBeenCalledTimes(1)
    expect(fail.mock.calls[0]?.[0]).toMatchObject(failure)
    expect(send).not.toHaveBeenCalled()
  })
})

test('a pause before it is sent is one of the exchange, unless it is over', async () => {
  for (const isOver of [true, false]) {
    const { preparation, exchange, send } = start(['a', 'b', 'c'].values())
    preparation.pause()
    if (isOver) preparation.resume()
    await expect.poll(() => send.mock.calls.length).toBe(1)
    expect(exchange.pause).toHaveBeenCalledTimes(isOver ? 0 : 1)
  }
})

test('once it is sent, pause, resume and abort are those of the exchange', () => {
  const { preparation, exchange } = start(['a'].values())
  preparation.pause()
  preparation.resume()
  preparation.abort()
  expect(exchange.pause).toHaveBeenCalledTimes(1)
  expect(exchange.resume).toHaveBeenCalledTimes(1)
  expect(exchange.abort).toHaveBeenCalledTimes(1)
})
