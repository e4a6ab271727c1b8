/** The turns under way: who is waited for, and who is told. */
import { EventEmitter } from 'node:events'
import { expect, test, vi } from 'vitest'
import type { ClientKey } from '../../src/client-key.ts'
import type { Failure } from '../../src/failure.ts'
import { OpenTurns } from '../../src/server/open-turns.ts'
import { inTime } from '../support/deadline.ts'

const turn = () => ({ fail: vi.fn<(failure: Failure) => void>(), over: vi.fn<() => void>() })

test('is idle at once when nobody is there', async () => {
  const turns = new OpenTurns()
  expect(turns.draining).toBe(false)
  turns.drain()
  expect(turns.draining).toBe(true)
  await expect(inTime('idle', turns.idle(), 100)).resolves.toBeUndefined()
})

test('is idle when the last response has closed, not before', async () => {
  const turns = new OpenTurns()
  const responses = [new EventEmitter(), new EventEmitter()]
  for (const response of responses) turns.hold(turn(), response)
  const idle = vi.fn<() => void>()
  const waiting = turns.idle().then(idle)
  responses[0]?.emit('close')
  await Promise.resolve()
  expect(idle).not.toHaveBeenCalled()
  responses[1]?.emit('close')
  await inTime('idle', waiting)
  expect(idle).toHaveBeenCalledTimes(1)
})

test('tells those that are left, and them alone', () => {
  const turns = new OpenTurns()
  const [gone, left] = [turn(), turn()]
  const response = new EventEmitter()
  turns.hold(gone, response)
  turns.hold(left, new EventEmitter())
  response.emit('close')
  turns.failAll({ kind: 'draining' })
  expect(gone.fail).not.toHaveBeenCalled()
  expect(left.fail.mock.calls).toEqual([[{ kind: 'draining' }]])
})

test('each hears once that its response is done with', () => {
  const turns = new OpenTurns()
  const [one, other] = [turn(), turn()]
  const response = new EventEmitter()
  turns.hold(one, response)
  turns.hold(other, new EventEmitter())
  response.emit('close')
  response.emit('close')
  expect(one.over).toHaveBeenCalledTimes(1)
  expect(other.over).not.toHaveBeenCalled()
})

const key = (name: string): ClientKey => ({
  name,
  sha256: '',
  models: null,
  requestsPerMinute: null,
})

test('A-09 tells those of some keys alone, and nobody who needed none', () => {
  const turns = new OpenTurns()
  const [gone, kept, open] = [turn(), turn(), turn()]
  turns.hold(gone, new EventEmitter(), key('gone'))
  turns.hold(kept, new EventEmitter(), key('kept'))
  turns.hold(open, new EventEmitter())
  turns.revoke(({ name }) => name === 'gone')
  expect(gone.fail.mock.calls).toMatchObject([[{ kind: 'unauthorized' }]])
  expect(kept.fail).not.toHaveBeenCalled()
  expect(open.fail).not.toHaveBeenCalled()
})
