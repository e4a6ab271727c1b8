/** What a model's name carries to the fake Ollama, and what comes back of it. */
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { planAnswer } from './answer-plan.ts'
import { faultIn, hearAnswer } from './heard.ts'
import { bodyOf } from './load-connection.ts'
import { RequestReader } from './request-reader.ts'
import { nowUs, putStamp, stampAt } from './stamp.ts'
import { spoken, STAMP_DIGITS } from './tokens.ts'
import { modelOf, WORKLOADS, workloadOf } from './workload.ts'

describe('a workload', () => {
  const count = fc.nat({ max: 1_000_000 })

  test('survives in the name of a model, with and without a tag', () => {
    const workload = fc.record({
      tokens: count,
      thinking: count,
      delayMs: count,
      perWrite: count,
      firstMs: count,
      restMs: count,
    })
    fc.assert(
      fc.property(workload, (one) => {
        expect(workloadOf(modelOf(one))).toEqual(one)
        expect(workloadOf(`${modelOf(one)}:latest`)).toEqual(one)
      }),
    )
  })

  test.each(['llama3', 'bench-t1-k2', 'bench-t1-k0-d0-w1-f0-r0x', 'a-bench-t1-k0-d0-w1-f0-r0'])(
    'is not read from %s',
    (model) => {
      expect(() => workloadOf(model)).toThrow('not a model of the bench')
    },
  )
})

const answerTo = (model: string, speech: 'native' | 'openai'): string => {
  const { head, frames, writes, end } = planAnswer(model, speech)
  const tokens = Array.from({ length: writes }, (_, at) => frames[at % frames.length]?.bytes)
  return bodyOf(Buffer.concat([head, ...tokens.filter((bytes) => bytes !== undefined), end]))
}

describe('an answer of the fake Ollama', () => {
  test.each([
    ['coalesced', WORKLOADS.coalesced],
    ['brief', WORKLOADS.brief],
    ['paced', WORKLOADS.paced],
    ['longer than what was built', { ...WORKLOADS.megabyte, tokens: 12_000 }],
  ])('says everything, and ends: %s', (_, workload) => {
    for (const speech of ['native', 'openai'] as const) {
      const heard = hearAnswer(answerTo(modelOf(workload), speech), speech)
      expect(faultIn(heard, workload)).toBeUndefined()
    }
  })

  test('is about a megabyte of text where it is said to be', () => {
    const { text } = spoken(WORKLOADS.megabyte)
    expect(Math.round(Buffer.byteLength(text) / 100_000)).toBe(10)
  })

  test.each([
    ['another text', { text: 'Last' }],
    ['another reasoning', { reasoning: '' }],
    ['finish_reason length', { finishReason: 'length' }],
    ['no end', { isDone: false }],
  ])('is found to be wrong: %s', (fault, wrong) => {
    const model = modelOf(WORKLOADS.brief)
    const heard = hearAnswer(answerTo(model, 'openai'), 'openai')
    expect(faultIn({ ...heard, ...wrong }, WORKLOADS.brief)).toBe(fault)
  })

  test('may lack the reasoning only of a proxy that is known for it', () => {
    const heard = hearAnswer(answerTo(modelOf(WORKLOADS.brief), 'native'), 'native')
    const silent = { ...heard, reasoning: '' }
    expect(faultIn(silent, WORKLOADS.brief, true)).toBeUndefined()
    expect(faultIn({ ...heard, reasoning: 'other' }, WORKLOADS.brief, true)).toBe(
      'another reasoning',
    )
  })
})

describe('a moment', () => {
  test('comes back from the digits it was written as', () => {
    const bytes = Buffer.from(`"content":" @${'0'.repeat(STAMP_DIGITS)}"`)
    const us = nowUs()
    putStamp(bytes, bytes.indexOf('@') + 1, us)
    expect(stampAt(bytes, bytes.indexOf('@') + 1)).toBe(us)
  })

  test('is not read from anything else', () => {
    expect(stampAt(Buffer.from('you@example.org and so on'), 4)).toBeNaN()
    expect(stampAt(Buffer.from('123'), 0)).toBeNaN()
  })
})

describe('a request to the fake Ollama', () => {
  const body = JSON.stringify({ model: 'm', text: 'x'.repeat(5000) })
  const withLength = `POST /api/chat HTTP/1.1\r\nContent-Length: ${body.length}\r\n\r\n${body}`
  const chunked = `POST /api/chat HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n${body.length.toString(16)}\r\n${body}\r\n0\r\n\r\n`

  test.each([
    ['with a length', withLength],
    ['chunked', chunked],
  ])('is whole when its last byte came, %s, however it was cut', (_, text) => {
    for (const size of [1, 100, 1500, text.length]) {
      const reader = new RequestReader()
      const asked = []
      for (const again of [text, text]) {
        for (let at = 0; at < again.length; at += size) {
          const one = reader.feed(Buffer.from(again.slice(at, at + size)))
          if (one !== null) asked.push({ ...one, at: Math.min(at + size, again.length) })
        }
      }
      expect(asked.map(({ line, at }) => ({ line, at }))).toEqual([
        { line: 'POST /api/chat', at: text.length },
        { line: 'POST /api/chat', at: text.length },
      ])
      expect(asked[1]?.bodyStart).toContain('"model":"m"')
    }
  })
})
