import { describe, expect, test } from 'vitest'
import { decodeReasoningHeader } from '../../../src/dialects/openai/reasoning-field.ts'
import { accepted, faultOf } from '../../support/chat-body.ts'

describe('the field that reasoning is given out in', () => {
  test.each([
    [{}, undefined],
    [{ reasoning_field: 'reasoning' }, 'reasoning'],
    [{ reasoning_field: 'reasoning_content' }, 'reasoning_content'],
    [{ reasoning_field: 'think-tags' }, 'think-tags'],
    [{ reasoning_field: 'none' }, 'none'],
    [{ include_reasoning: false }, 'none'],
    [{ include_reasoning: true }, undefined],
    [{ reasoning: { exclude: true } }, 'none'],
    [{ reasoning: { exclude: false } }, undefined],
    [{ reasoning_field: 'reasoning', include_reasoning: false }, 'reasoning'],
  ])('asked for as %j is %j', (fields, field) => {
    expect(accepted(fields).reasoningField).toBe(field)
  })

  test.each([
    [{ reasoning_field: 'thoughts' }, 'invalid_value', 'reasoning_field'],
    [{ reasoning_field: true }, 'invalid_type', 'reasoning_field'],
    [{ include_reasoning: 'no' }, 'invalid_type', 'include_reasoning'],
    [{ reasoning: { exclude: 1 } }, 'invalid_type', 'reasoning.exclude'],
  ])('asked for as %j is refused as %s, naming %s', (fields, code, param) => {
    expect(faultOf(fields)).toEqual([code, param])
  })

  test('may be asked for in a header', () => {
    expect(decodeReasoningHeader(undefined)).toBeUndefined()
    expect(decodeReasoningHeader(' Reasoning ')).toBe('reasoning')
    expect(() => decodeReasoningHeader('thoughts')).toThrow('invalid-request')
  })
})
