import { describe, expect, test } from 'vitest'
import { faultOf, refused, requestOf } from '../../support/chat-body.ts'

describe('the effort', () => {
  test.each([
    [{}, undefined],
    [{ reasoning_effort: 'none' }, false],
    [{ reasoning_effort: 'off' }, false],
    [{ reasoning_effort: 'disabled' }, false],
    [{ reasoning_effort: 'minimal' }, 'low'],
    [{ reasoning_effort: 'low' }, 'low'],
    [{ reasoning_effort: 'medium' }, 'medium'],
    [{ reasoning_effort: 'high' }, 'high'],
    [{ reasoning_effort: 'xhigh' }, 'max'],
    [{ reasoning_effort: 'max' }, 'max'],
    [{ reasoning_effort: 'ultra' }, 'max'],
    [{ reasoning: { effort: 'minimal' } }, 'low'],
    [{ reasoning: { effort: 'none' } }, false],
    [{ reasoning: { enabled: true } }, true],
    [{ reasoning: { enabled: false } }, false],
    [{ reasoning: { enabled: true, effort: 'high' } }, 'high'],
    [{ reasoning: { exclude: true } }, undefined],
    [{ reasoning: {} }, undefined],
    [{ think: true }, true],
    [{ think: false }, false],
    [{ think: 'none' }, false],
    [{ think: 'off' }, false],
    [{ think: 'disabled' }, false],
    [{ think: 'minimal' }, 'low'],
    [{ think: 'low' }, 'low'],
    [{ think: 'medium' }, 'medium'],
    [{ think: 'high' }, 'high'],
    [{ think: 'xhigh' }, 'max'],
    [{ think: 'max' }, 'max'],
    [{ think: 'ultra' }, 'max'],
    [{ thinking: { type: 'enabled', budget_tokens: 1000 } }, true],
    [{ thinking: { type: 'adaptive' } }, true],
    [{ thinking: { type: 'disabled' } }, false],
    [{ chat_template_kwargs: { enable_thinking: false } }, false],
    [{ chat_template_kwargs: { enable_thinking: true } }, true],
    [{ chat_template_kwargs: {} }, undefined],
    [{ reasoning_effort: 'none', reasoning: { effort: 'high' }, think: true }, false],
    [{ reasoning: { effort: 'high' }, think: false }, 'high'],
    [{ think: false, thinking: { type: 'enabled' } }, false],
    [{ thinking: { type: 'disabled' }, chat_template_kwargs: { enable_thinking: true } }, false],
  ])('of %j is %j', (fields, effort) => {
    expect(requestOf(fields).effort).toEqual(effort)
  })

  test.each([
    [{ reasoning_effort: 'extreme' }, 'invalid_value', 'reasoning_effort'],
    [{ reasoning_effort: true }, 'invalid_type', 'reasoning_effort'],
    [{ reasoning_effort: 'toString' }, 'invalid_value', 'reasoning_effort'],
    [{ reasoning: { effort: 'x' } }, 'invalid_value', 'reasoning.effort'],
    [{ reasoning: { enabled: 1 } }, 'invalid_type', 'reasoning.enabled'],
    [{ reasoning: 'high' }, 'invalid_type', 'reasoning'],
    [{ think: 'extreme' }, 'invalid_value', 'think'],
    [{ think: 1 }, 'invalid_type', 'think'],
    [{ thinking: { type: 'on' } }, 'invalid_value', 'thinking.type'],
    [{ thinking: {} }, 'missing_required_parameter', 'thinking.type'],
    [
      { chat_template_kwargs: { enable_thinking: 'no' } },
      'invalid_type',
      'chat_template_kwargs.enable_thinking',
    ],
    [{ reasoning_effort: 'low', think: 'x' }, 'invalid_value', 'think'],
  ])('%j is refused as %s, naming %s', (fields, code, param) => {
    expect(faultOf(fields)).toEqual([code, param])
  })

  test.each(['reasoning_effort', 'think'])(
    'that nobody knows of %s is answered with those we know',
    (name) => {
      expect(refused({ [name]: 'extreme' })).toMatchObject({
        message: `Invalid value for '${name}': expected 'none', 'off', 'disabled', 'minimal', 'low', 'medium', 'high', 'xhigh', 'max' or 'ultra'.`,
      })
    },
  )
})
