import { describe, expect, test } from 'vitest'
import { CompletionFold, piecesOf, retold, type Completion } from '../../src/chat/completion.ts'
import type { ChatEvent, Logprob } from '../../src/chat/event.ts'
import { reasoning, text } from '../support/chat-events.ts'

const logprob = (token: string): Logprob => ({ token, logprob: -1, bytes: null, top: [] })

const finish: ChatEvent = { type: 'finish', reason: 'tool-calls', usage: { completionTokens: 3 } }
const paris: ChatEvent = { type: 'tool-call', id: 'a', name: 'f', arguments: '{"city":"Paris"}' }
const rome: ChatEvent = { type: 'tool-call', id: 'b', name: 'f', arguments: '{"city":"Rome"}' }

const whole: Completion = {
  passages: [
    { type: 'reasoning', pieces: ['I think.'] },
    { type: 'text', pieces: ['Let me'] },
    { type: 'reasoning', pieces: [' And again.'] },
    { type: 'text', pieces: [' see.'] },
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
        [reasoning('I think.')],
        [text('Let me'), paris],
        [],
        [reasoning(' And again.'), rome, text(' see.'), finish],
      ),
    ).toEqual([null, null, null, whole])
  })

  test('of a turn that says nothing is empty', () => {
    expect(fold([finish])).toEqual([
      {
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
    expect(fold([text('half'), paris], [{ type: 'failure', failure }])).toEqual([null, failure])
  })

  test('keeps the log probabilities of the reasoning apart from all others', () => {
    const [completion] = fold([
      reasoning('a', [logprob('a')]),
      text('b', [logprob('b')]),
      { ...paris, logprobs: [logprob('c')] },
      { ...finish, logprobs: [logprob('d')] },
    ])
    expect(completion).toMatchObject({
      reasoningLogprobs: [logprob('a')],
      logprobs: [logprob('b'), logprob('c'), logprob('d')],
    })
  })

  test('holds a long answer in few pieces: a token alone is several times its size', () => {
    const [completion] = fold([...Array<ChatEvent>(10_000).fill(text(' word')), finish])
    if (completion == null || 'kind' in completion) throw new Error('the fold has no end')
    const pieces = piecesOf(completion, 'text')
    expect(pieces.join('')).toBe(' word'.repeat(10_000))
    expect(pieces.length).toBeLessThan(25)
  })

  test('takes an event with hundreds of thousands of log probabilities', () => {
    const logprobs = Array<Logprob>(300_000).fill(logprob('a'))
    const [completion] = fold([text('a', logprobs), finish])
    expect(completion).toHaveProperty('logprobs.length', 300_000)
  })
})

describe('a completion retold', () => {
  const mute: Completion = { ...whole, passages: [], calls: [] }
  const thought: Completion = { ...whole, passages: [{ type: 'reasoning', pieces: ['r'] }] }

  test('says reasoning, text, calls and finish, each once', () => {
    expect(retold(whole)).toEqual([
      reasoning('I think. And again.'),
      text('Let me see.'),
      paris,
      rome,
      finish,
    ])
  })

  test('does not say what the model did not say', () => {
    expect(retold(mute)).toEqual([finish])
  })

  test.for([
    { what: 'as it was', completion: whole },
    { what: 'without text', completion: thought },
    {
      what: 'with log probabilities',
      completion: { ...whole, reasoningLogprobs: [logprob('a')], logprobs: [logprob('b')] },
    },
  ])('folds into the same, its passages in the plain order: $what', ({ completion }) => {
    const passages = (['reasoning', 'text'] as const)
      .map((type) => ({ type, pieces: [piecesOf(completion, type).join('')] }))
      .filter(({ pieces }) => pieces[0] !== '')
    expect(fold(retold(completion))).toEqual([{ ...completion, passages }])
  })

  test('without text leaves the log probabilities with the finish', () => {
    const events = retold({ ...thought, logprobs: [logprob('b')] })
    expect(events.at(-1)).toEqual({ ...finish, logprobs: [logprob('b')] })
    const [completion] = fold(events)
    expect(completion).toMatchObject({ logprobs: [logprob('b')] })
  })
})
