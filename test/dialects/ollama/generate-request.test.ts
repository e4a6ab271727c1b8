import { describe, expect, test } from 'vitest'
import { z } from 'zod'
import type { PromptRequest } from '../../../src/chat/prompt.ts'
import { encodeGenerateRequest } from '../../../src/dialects/ollama/generate-request.ts'
import { recording } from '../../support/recordings.ts'

const ask = (facts: Partial<PromptRequest> = {}): PromptRequest => ({
  model: 'm',
  prompt: 'Once',
  raw: true,
  sampling: {},
  ...facts,
})

const bodyOf = (facts: Partial<PromptRequest>, overflow: 'error' | 'truncate' = 'error'): unknown =>
  JSON.parse([...encodeGenerateRequest(ask(facts), 'm:latest', { overflow })].join(''))

const LEAST = { model: 'm:latest', prompt: 'Once', stream: true, truncate: false }

describe('a body', () => {
  test.each<[string, Partial<PromptRequest>, object]>([
    ['a raw prompt, in which nothing is a thought', {}, { raw: true, think: false }],
    ['a prompt for the template', { raw: false }, {}],
    ['how hard to think', { raw: false, effort: 'high' }, { think: 'high' }],
    ['a gap', { raw: false, suffix: '\n}' }, { suffix: '\n}', think: false }],
    [
      'everything else there is',
      {
        raw: false,
        sampling: { maxTokens: 5, temperature: 0, stop: ['\n'] },
        format: 'json',
        logprobs: { top: 2 },
        options: { typical_p: 0.5 },
        numCtx: 512,
        keepAlive: '5m',
      },
      {
        options: { typical_p: 0.5, num_predict: 5, temperature: 0, stop: ['\n'], num_ctx: 512 },
        format: 'json',
        logprobs: true,
        top_logprobs: 2,
        keep_alive: '5m',
      },
    ],
    [
      'log probabilities of the tokens alone',
      { raw: false, logprobs: { top: 0 } },
      { logprobs: true },
    ],
  ])('has %s, and nothing that nobody asked for', (_, facts, more) => {
    expect(bodyOf(facts)).toEqual({ ...LEAST, ...more })
  })

  test('has a prompt cut where the operator wants it', () => {
    expect(bodyOf({}, 'truncate')).toMatchObject({ truncate: true })
  })

  test.each([
    ['plain', false],
    ['raw', true],
  ])('asks as the recording "%s" was asked', (name, raw) => {
    const recorded = z.looseObject({}).parse(recording(`generate/${name}`).request.body)
    const asked = bodyOf({ prompt: 'Say. @@hello', raw })
    expect(asked).toMatchObject({ ...recorded, model: 'm:latest' })
  })
})

test('a long prompt is the same text in several pieces', () => {
  const prompt = '"漢字 \\ 👩‍👦\n'.repeat(100_000)
  const request = ask({ prompt, raw: false, suffix: prompt })
  const pieces = [...encodeGenerateRequest(request, 'm', { overflow: 'error' })]
  expect(pieces.length).toBeGreaterThan(4)
  expect(Math.max(...pieces.map(({ length }) => length))).toBeLessThan(2 ** 20)
  expect(JSON.parse(pieces.join(''))).toMatchObject({ prompt, suffix: prompt })
})
