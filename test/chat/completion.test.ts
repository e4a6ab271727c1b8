import { describe, expect, test } from 'vitest'
import { CompletionFold, retold, type Completion } from '../../src/chat/completion.ts'
import type { ChatEvent, Logprob } from '../../src/chat/event.ts'

const logprob = (token: string): Logprob => ({ token, logprob: -1, bytes: null, top: [] })

const finish: ChatEvent = { type: 'finish', reason: 'tool-calls', usage: { completionTokens: 3 } }
const paris: ChatEvent = { type: 'tool-call', id: 'a', name: 'f', arguments: '{"city":"Paris"}' }
const rome: ChatEvent = { type: 'tool-call', id: 'b', name: 'f', arguments: '{"city":"Rome"}' }

const whole: Completion = {
  reasoning: 'I think. And again.',
  text: 'Let me see.',
  passages: [
    { type: 'reasoning', text: 'I think.' },
    { type: 'text', text: 'Let me' },
    { type: 'reasoning', text: ' And again.' },
    { type: 'text', text: ' see.' },
  ],
  calls: [paris, rome],
  reasoningLogprobs: [],
  logprobs: [],
  finish,
}

const fold = (...batches: readonly (readonly ChatEvent[])[]) => {
  const completions = new CompletionFold()
  return batches.map((batch) => completions.add(batch))
}

describe('a fold', () => {
  test('gathers each kind in its own order, and is whole with the finish', () => {
    expect(
      fold(
        [{ type: 'reasoning', text: 'I think.' }],
        [{ type: 'text', text: 'Let me' }, paris],
        [],
        [{ type: 'reasoning', text: ' And again.' }, rome, { type: 'text', text: ' see.' }, finish],
      ),
    ).toEqual([null, null, null, whole])
  })

  test('of a turn that says nothing is empty', () => {
    expect(fold([finish])).toEqual([
      {
        reasoning: '',
        text: '',
        passages: [],
        calls: [],
        reasoningLogprobs: [],
        logprobs: [],
        finish,
      },
    ])
  })

  test('of a turn that fails is its failure, whatever came before', () => {
    const failure = { kind: 'upstream-truncated' } as const
    expect(fold([{ type: 'text', text: 'half' }, paris], [{ type: 'failure', failure }])).toEqual([
      null,
      failure,
    ])
  })

  test('keeps the log probabilities of the reasoning apart from all others', () => {
    const [completion] = fold([
      { type: 'reasoning', text: 'a', logprobs: [logprob('a')] },
      { type: 'text', text: 'b', logprobs: [logprob('b')] },
      { ...paris, logprobs: [logprob('c')] },
      { ...finish, logprobs: [logprob('d')] },
    ])
    expect(completion).toMatchObject({
      reasoningLogprobs: [logprob('a')],
      logprobs: [logprob('b'), logprob('c'), logprob('d')],
    })
  })

  test('takes an event with hundreds of thousands of log probabilities', () => {
    const logprobs = Array<Logprob>(300_000).fill(logprob('a'))
    const [completion] = fold([{ type: 'text', text: 'a', logprobs }, finish])
    expect(completion).toHaveProperty('logprobs.length', 300_000)
  })
})

describe('a completion retold', () => {
  test('says reasoning, text, calls and finish, each once', () => {
    expect(retold(whole)).toEqual([
      { type: 'reasoning', text: whole.reasoning },
      { type: 'text', text: whole.text },
      paris,
      rome,
      finish,
    ])
  })

  test('does not say what the model did not say', () => {
    expect(retold({ ...whole, reasoning: '', text: '', calls: [] })).toEqual([finish])
  })

  test.for([
    { what: 'as it was', completion: whole },
    { what: 'without text', completion: { ...whole, text: '' } },
    {
      what: 'with log probabilities',
      completion: { ...whole, reasoningLogprobs: [logprob('a')], logprobs: [logprob('b')] },
    },
  ])('folds into the same, its passages in the plain order: $what', ({ completion }) => {
    const { reasoning, text } = completion
    const passages = [
      { type: 'reasoning', text: reasoning },
      { type: 'text', text },
    ].filter((passage) => passage.text !== '')
    expect(fold(retold(completion))).toEqual([{ ...completion, passages }])
  })

  test('without text leaves the log probabilities with the finish', () => {
    const events = retold({ ...whole, text: '', logprobs: [logprob('b')] })
    expect(events.at(-1)).toEqual({ ...finish, logprobs: [logprob('b')] })
    const [completion] = fold(events)
    expect(completion).toMatchObject({ logprobs: [logprob('b')] })
  })
})
