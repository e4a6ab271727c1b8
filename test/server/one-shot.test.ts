/** A whole answer: gathered to its last word, or nothing at all. */
import { IncomingMessage, ServerResponse } from 'node:http'
import { Socket } from 'node:net'
import { describe, expect, test, vi } from 'vitest'
import type { ChatEvent } from '../../src/chat/event.ts'
import { CompletionFold, retold } from '../../src/chat/completion.ts'
import { atOnce, OneShot } from '../../src/server/one-shot.ts'
import { reasoning, text } from '../support/chat-events.ts'

const finish: ChatEvent = { type: 'finish', reason: 'stop', usage: { completionTokens: 2 } }
const failing: ChatEvent = { type: 'failure', failure: { kind: 'upstream-truncated' } }

describe('OneShot', () => {
  test('gives the turn whole', async () => {
    const { whole } = start()
    whole.events([text('a')])
    whole.events([text('b'), finish])
    expect(await whole.completion).toMatchObject({
      passages: [{ type: 'text', pieces: ['ab'] }],
      finish,
    })
  })

  test('the close of an answer that was given is not heard upstream', async () => {
    const { whole, response, abort } = start()
    whole.events([text('a'), finish])
    await whole.completion
    response.emit('close')
    expect(abort).not.toHaveBeenCalled()
  })

  test('a failure anywhere leaves nothing of it', async () => {
    const { whole } = start()
    whole.events([text('a')])
    whole.events([failing])
    await expect(whole.completion).rejects.toMatchObject({
      failure: { kind: 'upstream-truncated' },
    })
  })

  test('a client that leaves is heard upstream', async () => {
    const { whole, response, abort } = start()
    response.emit('close')
    await expect(whole.completion).rejects.toMatchObject({ failure: { kind: 'client-closed' } })
    expect(abort).toHaveBeenCalledWith()
  })

  test('one that had left before is noticed when the turn begins', async () => {
    const { whole, abort } = start({ destroyed: true })
    await expect(whole.completion).rejects.toMatchObject({ failure: { kind: 'client-closed' } })
    expect(abort).toHaveBeenCalledWith()
  })

  test('R-24 one that grows beyond its limit fails, and is stopped upstream', async () => {
    const { whole, abort } = start()
    whole.events([text('x'.repeat(1000))])
    expect(abort).not.toHaveBeenCalled()
    whole.events([text('y')])
    await expect(whole.completion).rejects.toMatchObject({
      failure: { kind: 'upstream-malformed', message: expect.stringContaining('1000 bytes') },
    })
    expect(abort).toHaveBeenCalledWith()
  })

  test('fail ends it from outside', async () => {
    const { whole, abort } = start()
    whole.fail({ kind: 'draining' })
    await expect(whole.completion).rejects.toMatchObject({ failure: { kind: 'draining' } })
    expect(abort).toHaveBeenCalledWith()
  })
})

describe('atOnce', () => {
  test('says nothing before the end, then everything in one batch', () => {
    const events = vi.fn<(batch: readonly ChatEvent[]) => void>()
    const listener = atOnce({ events }, retold, 1000)
    listener.events([text('a')])
    listener.events([reasoning('r'), text('b')])
    expect(events).not.toHaveBeenCalled()
    listener.events([finish])
    expect(events).toHaveBeenCalledTimes(1)
    expect(events).toHaveBeenCalledWith([reasoning('r'), text('ab'), finish])
  })

  test('of a turn that failed it says the failure alone', () => {
    const events = vi.fn<(batch: readonly ChatEvent[]) => void>()
    const listener = atOnce({ events }, retold, 1000)
    listener.events([text('a')])
    listener.events([failing])
    expect(events.mock.calls).toEqual([[[failing]]])
  })
})

function start({ destroyed } = { destroyed: false }) {
  const response = new ServerResponse(new IncomingMessage(new Socket()))
  if (destroyed) response.destroy()
  const whole = new OneShot(response, 60_000, new CompletionFold(1000))
  const abort = vi.fn<() => void>()
  whole.carry({ pause: () => {}, resume: () => {}, abort })
  return { whole, response, abort }
}
