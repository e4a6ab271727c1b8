import { describe, expect, test } from 'vitest'
import { accepted, faultOf, STRICT } from '../../support/chat-body.ts'

describe('what is asked for in vain', () => {
  test.each([
    [{ logit_bias: { 50256: -100 } }, ['logit_bias']],
    [{ prediction: { type: 'content', content: 'x' } }, ['prediction']],
    [{ modalities: ['text', 'audio'], audio: { voice: 'a' } }, ['modalities', 'audio']],
    [{ web_search_options: {} }, ['web_search_options']],
    [{ min_tokens: 5, guided_json: {} }, ['min_tokens', 'guided_json']],
    [{ 'x.y-z_1': true }, ['x.y-z_1']],
    [{ reasoning: { max_tokens: 2000 } }, ['reasoning.max_tokens']],
    [{ thinking: { type: 'enabled', budget_tokens: 1 } }, ['thinking.budget_tokens']],
    [
      { chat_template_kwargs: { enable_thinking: true, custom: 'a', other: false } },
      ['chat_template_kwargs.custom', 'chat_template_kwargs.other'],
    ],
    [{ response_format: { type: 'json_object', schema: {} } }, ['response_format.schema']],
    [
      { response_format: { type: 'json_object', json_schema: { schema: {} } } },
      ['response_format.json_schema'],
    ],
    [{ response_format: { type: 'text' }, format: 'json' }, ['format']],
  ])('of %j is told by name, and refused in strict mode', (fields, ignored) => {
    expect(accepted(fields).ignored).toEqual(ignored)
    expect(faultOf(fields, STRICT)).toEqual(['unsupported-parameter', ignored[0]])
  })

  test.each([
    { logit_bias: {} },
    { modalities: ['text'] },
    { mystery: null },
    { reasoning: { max_tokens: null, exclude: null } },
    { chat_template_kwargs: { custom: null } },
    { response_format: { type: 'text', json_schema: null }, format: '' },
    {
      user: 'u',
      metadata: { a: 'b' },
      store: true,
      service_tier: 'auto',
      safety_identifier: 's',
      prompt_cache_key: 'k',
      prompt_cache_retention: '24h',
      verbosity: 'low',
    },
  ])('is nothing in %j, not in strict mode either', (fields) => {
    expect(accepted(fields, STRICT)).toEqual(accepted({}))
  })

  test.each(['a b', 'x\r\nset-cookie: a=b', 'é', '', 'a'.repeat(65), 'a,b'])(
    'is not told in a header by the name %j',
    (name) => {
      expect(accepted({ [name]: 1 }).ignored).toEqual([])
      expect(faultOf({ [name]: 1 }, STRICT)[0]).toBe('unsupported-parameter')
    },
  )

  test.each(['a b', 'x\r\ny', 'a'.repeat(64)])(
    'is not told in a header by the path of %j',
    (name) => {
      expect(accepted({ chat_template_kwargs: { [name]: 1 } }).ignored).toEqual([])
    },
  )

  test('of a thousand fields names as many as a header holds', () => {
    const fields = Object.fromEntries(Array.from({ length: 1_000 }, (_, at) => [`field_${at}`, at]))
    expect(accepted(fields).ignored).toHaveLength(32)
  })
})
