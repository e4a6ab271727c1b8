import { describe, expect, test } from 'vitest'
import { accepted, faultOf, requestOf, STRICT, TRUSTING } from '../../support/chat-body.ts'

describe("Ollama's own options", () => {
  test('that are read at every request are passed on as they are', () => {
    const options = {
      num_keep: 8,
      seed: 1,
      num_predict: -1,
      top_k: 40,
      top_p: 0.9,
      min_p: 0.05,
      typical_p: 1,
      repeat_last_n: 64,
      repeat_penalty: 1.1,
      presence_penalty: 0.5,
      frequency_penalty: 0.5,
      temperature: 0,
      stop: ['a'],
    }
    expect(accepted({ options })).toMatchObject({ request: { options }, ignored: [] })
    expect(accepted({ options }, STRICT)).toMatchObject({ request: { options } })
  })

  test.each(['mystery', 'mirostat', 'num_moe_offload', 'Num_Gpu', 'constructor'])(
    'that may be load-time options for all we know are left out and told: %s',
    (name) => {
      const options = { [name]: 1, seed: 1 }
      const { request, ignored } = accepted({ options })
      expect(request.options).toEqual({ seed: 1 })
      expect(ignored).toEqual([`options.${name}`])
      expect(faultOf({ options }, STRICT)).toEqual(['unsupported-parameter', `options.${name}`])
      expect(accepted({ options }, TRUSTING)).toMatchObject({ request: { options }, ignored: [] })
    },
  )

  test('that nobody knows are passed on unread where the operator allows it', () => {
    const options = { mystery: { deep: [1, null] } }
    expect(requestOf({ options }, TRUSTING).options).toEqual(options)
    expect(faultOf('{"options":{"mystery":1e999}}', TRUSTING)).toEqual([
      'invalid_value',
      'options.mystery',
    ])
  })

  test('are told by names that a header can hold', () => {
    const options = Object.fromEntries(Array.from({ length: 500 }, (_, at) => [`o_${at}`, at]))
    expect(accepted({ options: { ...options, 'a\r\nb': 1 } }).ignored).toHaveLength(32)
    expect(accepted({ options: { 'a\r\nb': 1 } }).ignored).toEqual([])
  })

  test.each([
    [{ options: {} }],
    [{ options: { temperature: null } }],
    [{ options: { stop: [] } }],
    [{ options: { num_gpu: 1 } }],
  ])('that say nothing are absent: %j', (fields) => {
    expect('options' in requestOf(fields)).toBe(false)
  })

  test('may name one stop text', () => {
    expect(requestOf({ options: { stop: 'END' } }).options).toEqual({ stop: ['END'] })
  })

  test('that load a model anew are left out and told', () => {
    const options = { num_ctx: 8192, num_gpu: 1, use_mmap: true, seed: 1, num_batch: null }
    const { request, ignored } = accepted({ num_ctx: 4096, options })
    expect(request.options).toEqual({ seed: 1 })
    expect(request.numCtx).toBeUndefined()
    expect(ignored).toEqual(['num_ctx', 'options.num_ctx', 'options.num_gpu', 'options.use_mmap'])
  })

  test.each([
    [{ num_ctx: 4096 }, 'num_ctx'],
    [{ options: { num_ctx: 4096 } }, 'options.num_ctx'],
    [{ options: { num_thread: 4 } }, 'options.num_thread'],
  ])('that load a model anew are refused in strict mode: %j', (fields, param) => {
    expect(faultOf(fields, STRICT)).toEqual(['unsupported-parameter', param])
  })

  test.each([
    [{ num_ctx: 4096 }, 4096],
    [{ options: { num_ctx: 8192 } }, 8192],
    [{ num_ctx: 4096, options: { num_ctx: 8192 } }, 4096],
  ])('that load a model anew are taken where the operator allows it: %j', (fields, numCtx) => {
    const { request, ignored } = accepted(fields, TRUSTING)
    expect(request.numCtx).toBe(numCtx)
    expect('options' in request).toBe(false)
    expect(ignored).toEqual([])
    expect(requestOf({ options: { num_gpu: 1 } }, TRUSTING).options).toEqual({ num_gpu: 1 })
  })

  test.each([
    ['{"options":5}', 'invalid_type', 'options'],
    ['{"options":[]}', 'invalid_type', 'options'],
    ['{"options":12345678901234567890}', 'invalid_type', 'options'],
    ['{"options":{"temperature":"hot"}}', 'invalid_type', 'options.temperature'],
    ['{"options":{"temperature":1e39}}', 'invalid_value', 'options.temperature'],
    ['{"options":{"top_k":1.5}}', 'invalid_type', 'options.top_k'],
    ['{"options":{"num_predict":"9"}}', 'invalid_type', 'options.num_predict'],
    ['{"options":{"seed":9007199254740993}}', 'invalid_type', 'options.seed'],
    ['{"options":{"stop":5}}', 'invalid_type', 'options.stop'],
    ['{"options":{"stop":["a",5]}}', 'invalid_type', 'options.stop[1]'],
    ['{"options":{"use_mmap":1}}', 'invalid_type', 'options.use_mmap'],
    ['{"options":{"num_gpu":"all"}}', 'invalid_type', 'options.num_gpu'],
    ['{"options":{"num_ctx":0}}', 'invalid_value', 'options.num_ctx'],
    ['{"num_ctx":"4096"}', 'invalid_type', 'num_ctx'],
    ['{"num_ctx":0}', 'invalid_value', 'num_ctx'],
  ])('of the wrong type are refused here, not by Ollama: %s', (wire, code, param) => {
    expect(faultOf(wire)).toEqual([code, param])
  })
})
