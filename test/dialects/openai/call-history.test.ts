import { describe, expect, test } from 'vitest'
import { CallHistory } from '../../../src/dialects/openai/call-history.ts'

const call = (id: string, name: string) => ({ id, name, arguments: {} })

const after = (...turns: readonly (readonly ReturnType<typeof call>[])[]): CallHistory => {
  const history = new CallHistory()
  for (const calls of turns) history.called(calls)
  return history
}

describe('a result', () => {
  test('belongs to the call with its id, whatever name it gives', () => {
    const history = after([call('a', 'f'), call('b', 'g')])
    expect(history.answered({ callId: 'b', name: 'x' })).toEqual({ callId: 'b', name: 'g' })
  })

  test('without an id belongs to the next open call of its name', () => {
    const history = after([call('a', 'f'), call('b', 'g'), call('c', 'g')])
    expect(history.answered({ callId: '', name: 'g' })).toEqual({ callId: 'b', name: 'g' })
    expect(history.answered({ callId: '', name: 'g' })).toEqual({ callId: 'c', name: 'g' })
  })

  test('without an id or a name belongs to the next open call', () => {
    const history = after([call('a', 'f'), call('b', 'g')])
    expect(history.answered({ callId: '', name: '' })).toEqual({ callId: 'a', name: 'f' })
    expect(history.answered({ callId: '', name: '' })).toEqual({ callId: 'b', name: 'g' })
    expect(history.answered({ callId: '', name: '' })).toEqual({ callId: '', name: '' })
  })

  test('keeps an id that no call has, and gets its name by order', () => {
    const history = after([call('a', 'f')])
    expect(history.answered({ callId: 'z', name: '' })).toEqual({ callId: 'z', name: 'f' })
  })

  test('by order skips the calls that were answered by id', () => {
    const history = after([call('a', 'f'), call('b', 'g')])
    history.answered({ callId: 'a', name: '' })
    expect(history.answered({ callId: '', name: '' })).toEqual({ callId: 'b', name: 'g' })
  })

  test('by order answers the last turn that called', () => {
    const history = after([call('a', 'f')], [call('b', 'g')], [])
    expect(history.answered({ callId: '', name: '' })).toEqual({ callId: 'b', name: 'g' })
  })

  test('belongs to the last call of an id that was used twice', () => {
    const history = after([call('call_0', 'f')], [call('call_0', 'g')])
    expect(history.answered({ callId: 'call_0', name: '' })).toEqual({
      callId: 'call_0',
      name: 'g',
    })
  })

  test('of a call from an earlier turn finds it by id', () => {
    const history = after([call('a', 'f')], [call('b', 'g')])
    expect(history.answered({ callId: 'a', name: '' })).toEqual({ callId: 'a', name: 'f' })
  })

  test('without any call says what it said itself', () => {
    expect(after().answered({ callId: 'a', name: 'f' })).toEqual({ callId: 'a', name: 'f' })
  })
})

// The deadline is the check: looking through all calls for each result would take minutes.
test('a hundred thousand calls and results are matched in linear time', { timeout: 15_000 }, () => {
  const calls = Array.from({ length: 100_000 }, () => call('', 'f'))
  const history = after(calls)
  for (let at = 0; at < calls.length; at += 1) {
    expect(history.answered({ callId: '', name: at % 2 === 0 ? 'other' : 'f' }).callId).toBe('')
  }
})
