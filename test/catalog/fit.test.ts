import { describe, expect, test } from 'vitest'
import { fit, fitPrompt } from '../../src/catalog/fit.ts'
import type { PromptRequest } from '../../src/chat/prompt.ts'
import type { ChatRequest, Effort, Message } from '../../src/chat/request.ts'
import type { ModelCard } from '../../src/catalog/model-card.ts'
import { Failed, type Failure } from '../../src/failure.ts'
import { card, type CardFacts } from '../support/cards.ts'

const hello: Message = { role: 'user', text: 'hello', media: [] }
const seeing: Message = { role: 'user', text: '', media: [{ kind: 'image', base64: 'AA==' }] }
const hearing: Message = { role: 'user', text: '', media: [{ kind: 'audio', base64: 'AA==' }] }
const shown: Message = { ...seeing, role: 'tool', callId: '', name: '' }

const request = (facts: Partial<ChatRequest> = {}): ChatRequest => ({
  model: 'a',
  messages: [hello],
  tools: [],
  maxCalls: Number.POSITIVE_INFINITY,
  sampling: {},
  ...facts,
})

const tools = [{ name: 'f' }]

const plain: CardFacts = { capabilities: ['completion'] }

const served = (serving: Partial<ModelCard['serving']>) =>
  card('a', { serving: { streaming: true, overflow: 'error', ...serving } })

const failureOf = (wanted: ChatRequest, model: ModelCard): Failure => {
  try {
    fit(wanted, model)
  } catch (error) {
    if (error instanceof Failed) return error.failure
    throw error
  }
  throw new Error('it was accepted')
}

describe('what a model cannot do is refused, naming the param', () => {
  test.each<[string, Partial<ChatRequest>, CardFacts, string, string]>([
    ['chat', {}, { capabilities: ['embedding'] }, 'chat', 'model'],
    [
      'chat, before anything else',
      { tools, messages: [seeing] },
      { capabilities: ['image'] },
      'chat',
      'model',
    ],
    ['tools', { tools }, plain, 'tools', 'tools'],
    ['images', { messages: [hello, seeing] }, plain, 'images', 'messages[1].content'],
    [
      "a tool's images",
      { messages: [hello, hello, shown] },
      plain,
      'images',
      'messages[2].content',
    ],
    [
      'audio',
      { messages: [hearing] },
      { capabilities: ['completion', 'vision'] },
      'audio',
      'messages[0].content',
    ],
    [
      'audio before an image it can see',
      { messages: [seeing, hearing] },
      { capabilities: ['completion', 'vision'] },
      'audio',
      'messages[1].content',
    ],
  ])('%s', (_title, facts, model, ability, param) => {
    expect(failureOf(request(facts), card('a:latest', model))).toEqual({
      kind: 'unsupported-by-model',
      ability,
      param,
      message: expect.stringMatching(/^'a:latest' .*GET \/v1\/models/),
    })
  })
})

describe('what it can do, or may be able to, is let through', () => {
  test.each<[string, Partial<ChatRequest>, CardFacts]>([
    ['text', {}, plain],
    ['tools', { tools }, {}],
    ['no tools on offer', { tools: [] }, plain],
    ['images', { messages: [seeing, shown] }, { capabilities: ['completion', 'vision'] }],
    ['audio', { messages: [hearing] }, { capabilities: ['completion', 'audio'] }],
    [
      'all of it while nothing is certain',
      { tools, messages: [seeing, hearing], effort: 'high' },
      { capabilities: [], certain: false },
    ],
    ['chat while nothing is certain', {}, { capabilities: ['embedding'], certain: false }],
  ])('%s', (_title, facts, model) => {
    const wanted = request(facts)
    expect(fit(wanted, card('a:latest', model))).toEqual({ request: wanted, ignored: [] })
  })
})

describe('an effort', () => {
  test.each<Effort>([true, 'low', 'medium', 'high', 'max'])(
    'of %s is dropped and reported where there is no thinking',
    (effort) => {
      expect(fit(request({ effort }), card('a', plain))).toEqual({
        request: request(),
        ignored: ['reasoning_effort'],
      })
    },
  )

  test('is told by the name that the client gave it', () => {
    const wanted = request({ effort: 'low', askedAs: { effort: 'reasoning.effort' } })
    expect(fit(wanted, card('a', plain)).ignored).toEqual(['reasoning.effort'])
  })

  test('that a model cannot make is dropped in strict mode too', () => {
    expect(fit(request({ effort: 'low' }), card('a', plain), true).ignored).toHaveLength(1)
  })

  test.each<CardFacts>([
    plain,
    { capabilities: ['completion', 'thinking'] },
    { capabilities: [], certain: false },
  ])('of none reaches every model, for one may think that nobody knows to: %j', (facts) => {
    const wanted = request({ effort: false })
    expect(fit(wanted, card('a', facts))).toEqual({ request: wanted, ignored: [] })
  })

  test.each<Effort>([false, true, 'low'])('of %s is kept where there is thinking', (effort) => {
    const model = card('a', { capabilities: ['completion', 'thinking'] })
    expect(fit(request({ effort }), model)).toEqual({ request: request({ effort }), ignored: [] })
  })
})

describe('serving', () => {
  test.each<[string, Partial<ChatRequest>, Partial<ModelCard['serving']>, Partial<ChatRequest>]>([
    ['leaves all to the upstream', {}, {}, {}],
    ["takes the operator's window", {}, { numCtx: 4096 }, { numCtx: 4096 }],
    [
      "takes the operator's window over the client's",
      { numCtx: 64 },
      { numCtx: 4096 },
      { numCtx: 4096 },
    ],
    ["takes the client's window where there is no other", { numCtx: 64 }, {}, { numCtx: 64 }],
    ["takes the operator's patience", {}, { keepAlive: '30m' }, { keepAlive: '30m' }],
    [
      "takes the operator's patience over the client's",
      { keepAlive: 600 },
      { keepAlive: '30m' },
      { keepAlive: '30m' },
    ],
    ["takes the client's patience where there is no other", { keepAlive: 0 }, {}, { keepAlive: 0 }],
  ])('%s', (_title, facts, serving, wanted) => {
    expect(fit(request(facts), served(serving)).request).toEqual(request(wanted))
  })

  test.each<[string, Partial<ChatRequest>, Partial<ModelCard['serving']>, readonly string[]]>([
    ['is told', { numCtx: 64 }, { numCtx: 4096 }, ['num_ctx']],
    [
      "is told by the client's name for it",
      { numCtx: 64, askedAs: { numCtx: 'options.num_ctx' } },
      { numCtx: 4096 },
      ['options.num_ctx'],
    ],
    ['is no loss where it is the same', { numCtx: 4096 }, { numCtx: 4096 }, []],
    ['is none where the operator has no word', { numCtx: 64, keepAlive: 600 }, {}, []],
    ['is told of its patience', { keepAlive: 600 }, { keepAlive: '30m' }, ['keep_alive']],
    ['is no loss of the same patience', { keepAlive: '30m' }, { keepAlive: '30m' }, []],
    [
      'is told of both',
      { numCtx: 64, keepAlive: 600 },
      { numCtx: 4096, keepAlive: 0 },
      ['num_ctx', 'keep_alive'],
    ],
  ])("a client's wish that is overridden %s", (_title, facts, serving, ignored) => {
    expect(fit(request(facts), served(serving)).ignored).toEqual(ignored)
  })

  test("a client's patience that would be overridden is refused in strict mode", () => {
    expect(() => fit(request({ keepAlive: 600 }), served({ keepAlive: '30m' }), true)).toThrow(
      expect.objectContaining({
        failure: expect.objectContaining({ kind: 'unsupported-parameter', param: 'keep_alive' }),
      }),
    )
  })

  test("a client's window that would be overridden is refused in strict mode", () => {
    expect(() => fit(request({ numCtx: 64 }), served({ numCtx: 4096 }), true)).toThrow(
      expect.objectContaining({
        failure: {
          kind: 'unsupported-parameter',
          message: "'a' is always served with a window of 4096 tokens here: leave 'num_ctx' out.",
          param: 'num_ctx',
        },
      }),
    )
    expect(fit(request({ numCtx: 4096 }), served({ numCtx: 4096 }), true).ignored).toEqual([])
  })

  test('is applied to an uncertain model too', () => {
    const uncertain = { ...served({ numCtx: 4096 }), certain: false }
    expect(fit(request(), uncertain).request.numCtx).toBe(4096)
  })
})

const prompt = (facts: Partial<PromptRequest> = {}): Omit<PromptRequest, 'prompt'> => ({
  model: 'a',
  raw: true,
  sampling: {},
  ...facts,
})

const refusal = (facts: Partial<PromptRequest>, model: CardFacts): unknown => {
  try {
    return fitPrompt(prompt(facts), card('a:latest', model)).ignored
  } catch (error) {
    return error instanceof Failed ? error.failure : error
  }
}

describe('a text that is to be gone on with', () => {
  test.each<[string, Partial<PromptRequest>, CardFacts, string, string]>([
    [
      'a model that writes no text',
      { suffix: 'b' },
      { capabilities: ['embedding'] },
      'chat',
      'model',
    ],
    ['a gap', { raw: false, suffix: 'b' }, plain, 'suffix', 'suffix'],
  ])('is refused for %s', (_title, facts, model, ability, param) => {
    expect(refusal(facts, model)).toEqual({
      kind: 'unsupported-by-model',
      ability,
      param,
      message: expect.stringMatching(/^'a:latest' .*GET \/v1\/models/),
    })
  })

  test.each<[Partial<PromptRequest>, CardFacts]>([
    [{}, plain],
    [{ suffix: 'b' }, { capabilities: ['completion', 'insert'] }],
    [{ suffix: 'b' }, { capabilities: [], certain: false }],
  ])('is let through: %j by %j', (facts, model) => {
    expect(refusal(facts, model)).toEqual([])
  })

  test('is served as its operator wants it, without an effort that the model cannot make', () => {
    const wanted = prompt({ raw: false, effort: 'high' })
    expect(fitPrompt(wanted, served({ numCtx: 512, keepAlive: '30m' }))).toEqual({
      request: { ...prompt({ raw: false }), numCtx: 512, keepAlive: '30m' },
      ignored: ['reasoning_effort'],
    })
  })
})
