/** The promise about order: invariants 1 to 10 of a streamed answer, for scripts and cuts that nobody chose. */
import { isUtf8 as isUtf8Bytes } from 'node:buffer'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { retold } from '../src/chat/completion.ts'
import { REASONING_FIELDS } from '../src/dialects/openai/reasoning-field.ts'
import {
  readCompletion,
  readError,
  readStream,
  type Choice,
  type Delta,
  type ReadStream,
} from './support/read-stream.ts'
import {
  answerOf,
  fold,
  hear,
  stream,
  streamOctets,
  wholeOctets,
  type Asked,
  type WholeAnswer,
} from './support/translate.ts'
import {
  cut,
  escapedText,
  upstreamScript,
  written,
  type UpstreamScript,
} from './support/upstream-script.ts'

const asked: fc.Arbitrary<Required<Asked>> = fc.record({
  model: fc.constantFrom('m', 'team/namespaced:v1'),
  reasoningField: fc.constantFrom(...REASONING_FIELDS),
  includeUsage: fc.boolean(),
  maxCalls: fc.constantFrom(Number.POSITIVE_INFINITY, Number.POSITIVE_INFINITY, 0, 1, 2),
  usedCallIds: fc.constantFrom([], ['used']),
  offered: fc.constantFrom([], ['get_weather']),
})

const RUNS = { numRuns: 500 }

/** Holds for every script, whatever was asked for. */
const always = (holds: (script: UpstreamScript, wish: Required<Asked>) => void): void =>
  fc.assert(fc.property(upstreamScript, asked, holds), RUNS)

const textOf = (script: UpstreamScript): string => written(script).join('')

const read = (script: UpstreamScript, wish: Asked): ReadStream =>
  readStream(stream(hear([textOf(script)], wish), wish).join(''))

/** As it is when reasoning has a field of its own. */
const apart = (wish: Required<Asked>): Required<Asked> => ({
  ...wish,
  reasoningField: 'reasoning_content',
})

/** What the model said before its last word, from the script alone. */
const saidIn = ({ lines, end }: UpstreamScript) => {
  const all = end.type === 'done' ? [...lines, end.line] : lines
  return {
    reasoning: all.map(({ thinking = '' }) => thinking).join(''),
    text: all.map(({ content = '' }) => content).join(''),
    calls: all.flatMap(({ calls = [] }) => calls),
    logprobs: all.flatMap(({ logprobs = [] }) => logprobs),
  }
}

const kindOf = (delta: Delta): string => Object.keys(delta)[0] ?? 'nothing'
const kindsOf = ({ choices }: ReadStream): readonly string[] =>
  choices.map(({ delta }) => kindOf(delta))

const joined = (choices: readonly Choice[], kind: 'content' | 'reasoning_content'): string =>
  choices
    .map(({ delta }) => Object.entries(delta).find(([key]) => key === kind)?.[1] ?? '')
    .join('')

const callsOf = (choices: readonly Choice[]) =>
  choices.flatMap(({ delta }) => ('tool_calls' in delta ? delta.tool_calls : []))

/** All that an answer says, in no order: the error alone when there is one. */
type Carried =
  | { readonly error: unknown }
  | {
      readonly reasoning: string
      readonly content: string
      readonly calls: readonly unknown[]
      readonly reason: string | null | undefined
      readonly usage: unknown
      readonly tokens: readonly unknown[]
    }

const isThought = ({ delta }: Choice): boolean => kindOf(delta).startsWith('reasoning')

const carriedBy = ({ choices, chunks, error }: ReadStream): Carried => {
  if (error !== null) return { error }
  const thoughts = choices.filter(isThought)
  const others = choices.filter((choice) => !isThought(choice))
  return {
    reasoning: thoughts.flatMap(({ delta }) => Object.values(delta)).join(''),
    content: joined(choices, 'content'),
    calls: callsOf(choices).map(({ id, type, function: said }) => ({ id, type, function: said })),
    reason: choices.at(-1)?.finish_reason,
    usage: chunks.at(-1)?.usage,
    tokens: [...thoughts, ...others].flatMap(({ logprobs }) => logprobs?.content ?? []),
  }
}

const carriedWhole = ({ status, body }: WholeAnswer): Carried => {
  if (status !== 200) return { error: readError(body) }
  const { choices, usage = null } = readCompletion(body)
  const [{ message, logprobs, finish_reason: reason }] = choices
  return {
    reasoning: message.reasoning_content ?? message.reasoning ?? '',
    content: message.content ?? '',
    calls: message.tool_calls ?? [],
    reason,
    usage,
    tokens: logprobs?.content ?? [],
  }
}

describe('invariant 1', () => {
  // `readStream` takes no delta with two keys, no empty text, and no key it does not know.
  test("a chunk's delta holds one kind, or nothing beside the finish reason", () => {
    always((script, wish) => {
      for (const { delta, finish_reason: reason } of read(script, wish).choices) {
        expect(kindOf(delta) === 'nothing').toBe(reason !== null)
      }
    })
  })
})

describe('invariant 2', () => {
  const ORDER = ['role', 'reasoning_content', 'content', 'tool_calls', 'nothing']

  test('within a line the order is reasoning, content, tool calls', () => {
    always((script, wish) => {
      for (const frames of stream(hear(written(script), wish), apart(wish))) {
        // Of one line's chunks alone: what came before it and after it is no matter here.
        const places = kindsOf(readStream(frames)).map((kind) => ORDER.indexOf(kind))
        expect(places).toEqual(places.toSorted((a, b) => a - b))
      }
    })
  })
})

describe('invariant 3', () => {
  test('a blank never interrupts: a block of content begins with a word', () => {
    always((script, wish) => {
      const { choices } = read(script, apart(wish))
      const openings = choices.filter(
        ({ delta }, index) =>
          'content' in delta && kindOf(choices[index - 1]?.delta ?? {}) !== 'content',
      )
      const blanks = openings.filter(
        ({ delta }) => 'content' in delta && delta.content.trim() === '',
      )
      // Only where nothing but a blank is left to say, and there was no call, it stands alone at the end.
      const alone = callsOf(choices).length === 0 ? choices.slice(-2, -1) : []
      expect(alone).toEqual(expect.arrayContaining(blanks))
    })
  })
})

describe('invariant 4', () => {
  test('all reasoning is there, and no other', () => {
    always((script, wish) => {
      const { choices } = read(script, apart(wish))
      expect(joined(choices, 'reasoning_content')).toBe(saidIn(script).reasoning)
    })
  })

  test('all text is there, but for a blank at the end beside a call', () => {
    always((script, wish) => {
      const { choices, isDone } = read(script, apart(wish))
      const { text } = saidIn(script)
      const content = joined(choices, 'content')
      expect(text.slice(0, content.length)).toBe(content)
      const isWhole = isDone && callsOf(choices).length === 0
      expect(text.slice(content.length)).toMatch(isWhole ? /^$/ : /^\s*$/)
    })
  })

  test('all log probabilities of what is given out are there', () => {
    always((script, wish) => {
      const { choices, isDone } = read(script, apart(wish))
      const tokens = choices.flatMap(({ logprobs }) => logprobs?.content ?? [])
      const given = tokens.map(({ token }) => token).toSorted()
      const { logprobs, calls } = saidIn(script)
      // Those of a call that may not come are not given out, those of a blank may come later.
      const isWhole = isDone && calls.length <= wish.maxCalls
      expect(given).toEqual(isWhole ? logprobs.toSorted() : given)
      expect(given.length).toBeLessThanOrEqual(logprobs.length)
    })
  })

  test('a line may be megabytes', () => {
    const text = 'a line\nof text \u2028 and 日本語 '.repeat(100_000)
    const script: UpstreamScript = {
      lines: [
        { thinking: text, content: text },
        { calls: [{ name: 'f', args: JSON.stringify({ text }) }] },
      ],
      end: { type: 'done', line: { content: text } },
      after: '',
      style: { newline: '\n', mark: '', escapes: false, isClosed: true },
    }
    const { choices, isDone } = read(script, {})
    expect(isDone).toBe(true)
    expect(joined(choices, 'reasoning_content')).toBe(text)
    expect(joined(choices, 'content')).toBe(text + text)
    expect(callsOf(choices).map(({ function: { arguments: args } }) => args)).toEqual([
      JSON.stringify({ text }),
    ])
  })
})

describe('invariant 5', () => {
  test('the role is said once, on the first chunk', () => {
    always((script, wish) => {
      const kinds = kindsOf(read(script, wish))
      expect(kinds.indexOf('role')).toBe(kinds.length === 0 ? -1 : 0)
      expect(kinds.lastIndexOf('role')).toBe(kinds.length === 0 ? -1 : 0)
    })
  })

  test('all chunks share one id, one time and one model', () => {
    always((script, wish) => {
      for (const { id, created, model } of read(script, wish).chunks) {
        expect({ id, created, model }).toEqual({ id: 'chatcmpl-0', created: 0, model: wish.model })
      }
    })
  })
})

describe('invariant 6', () => {
  test('calls are counted from 0, and are the first that may come', () => {
    always((script, wish) => {
      const given = callsOf(read(script, wish).choices)
      const said = saidIn(script).calls.slice(0, wish.maxCalls)
      expect(given.map(({ index }) => index)).toEqual(said.map((_, index) => index))
      expect(given.map(({ function: { name } }) => name)).toEqual(said.map(({ name }) => name))
    })
  })

  test('arguments are the very text of the upstream', () => {
    always((script, wish) => {
      const given = callsOf(read(script, wish).choices)
      expect(given.map(({ function: { arguments: args } }) => args)).toEqual(
        saidIn(script)
          .calls.slice(0, wish.maxCalls)
          .map(({ args }) => (script.style.escapes ? escapedText(args) : args)),
      )
    })
  })

  test('ids are unique, and kept where they can be', () => {
    always((script, wish) => {
      const given = callsOf(read(script, wish).choices).map(({ id }) => id)
      const used = new Set(wish.usedCallIds)
      for (const [index, { id = '' }] of saidIn(script).calls.slice(0, wish.maxCalls).entries()) {
        const ours = given[index] ?? ''
        const isFree = id !== '' && !used.has(id)
        expect(ours).toMatch(isFree ? new RegExp(`^${id}$`) : /^call_minted_\d+$/)
        expect(used).not.toContain(ours)
        used.add(ours)
      }
    })
  })
})

describe('invariant 7', () => {
  test('the finish reason: length, else tool_calls if any call was given, else stop', () => {
    always((script, wish) => {
      const { choices } = read(script, wish)
      const reasons = choices.flatMap(({ finish_reason: reason }) => reason ?? [])
      const calls = callsOf(choices).length > 0
      const { end } = script
      const expected =
        end.type === 'done'
          ? [end.reason === 'length' ? 'length' : calls ? 'tool_calls' : 'stop']
          : []
      expect(reasons).toEqual(expected)
    })
  })

  test('the finish chunk is the last with a choice; then usage if asked, then [DONE]', () => {
    always((script, wish) => {
      const { chunks, isDone } = read(script, wish)
      const after = chunks.slice(chunks.findLastIndex(({ choices }) => choices.length > 0) + 1)
      expect(after.length).toBe(isDone && wish.includeUsage ? 1 : 0)
      const { end } = script
      const { promptTokens, completionTokens = 0 } = end.type === 'done' ? end : {}
      for (const { usage } of after) {
        expect(usage).toEqual(
          promptTokens === undefined
            ? null
            : {
                prompt_tokens: promptTokens,
                completion_tokens: completionTokens,
                total_tokens: promptTokens + completionTokens,
              },
        )
      }
    })
  })

  test('usage is null elsewhere when asked for, and nowhere when not', () => {
    always((script, wish) => {
      for (const chunk of read(script, wish).chunks.filter(({ choices }) => choices.length > 0)) {
        expect('usage' in chunk ? chunk.usage : 'absent').toBe(wish.includeUsage ? null : 'absent')
      }
    })
  })
})

describe('invariant 8', () => {
  // `readStream` takes nothing after a [DONE] or an error.
  test('exactly one last word: [DONE] after a done line, else an error and no [DONE]', () => {
    always((script, wish) => {
      const { isDone, error, choices } = read(script, wish)
      const isWhole = script.end.type === 'done'
      expect(isDone).toBe(isWhole)
      expect(error === null).toBe(isWhole)
      expect(choices.some(({ finish_reason: reason }) => reason !== null)).toBe(isWhole)
    })
  })

  test('an end without a done line is a truncation, wherever it tears', () => {
    always((script, wish) => {
      for (const rest of ['', '{', '{"message":{"content":"lost', '{"error":"lost']) {
        const torn = { ...script, end: { type: 'torn', rest } } as const
        expect(read(torn, wish).error?.code).toBe('upstream_stream_interrupted')
      }
    })
  })
})

describe('invariant 9', () => {
  test('streamed and whole carry the same', () => {
    always((script, wish) => {
      // Tags stand in another place: see below.
      const { reasoningField: field } = wish
      const asking = {
        ...wish,
        reasoningField: field === 'think-tags' ? 'none' : field,
        includeUsage: true,
      } as const
      const batches = hear([textOf(script)], asking)
      const streamed = readStream(stream(batches, asking).join(''))
      expect(carriedWhole(answerOf(fold(batches), asking))).toEqual(carriedBy(streamed))
    })
  })

  test('whole and then retold as a stream carries the same, in the plain order', () => {
    always((script, wish) => {
      const batches = hear([textOf(script)], wish)
      const end = fold(batches)
      if ('kind' in end) return
      const first = readStream(stream(batches, apart(wish)).join(''))
      const again = readStream(stream([retold(end)], apart(wish)).join(''))
      expect(joined(again.choices, 'content')).toBe(joined(first.choices, 'content'))
      expect(joined(again.choices, 'reasoning_content')).toBe(
        joined(first.choices, 'reasoning_content'),
      )
      expect(callsOf(again.choices)).toEqual(callsOf(first.choices))
      expect(again.choices.at(-1)?.finish_reason).toBe(first.choices.at(-1)?.finish_reason)
      expect(again.chunks.at(-1)?.usage).toEqual(first.chunks.at(-1)?.usage)
      const kinds = kindsOf(again).filter((kind) => kind !== 'tool_calls')
      expect(kinds).toEqual([...new Set(kinds)])
    })
  })
})

const streamedAs = (
  script: UpstreamScript,
  wish: Required<Asked>,
  field: Required<Asked>['reasoningField'],
): readonly Delta[] =>
  read(script, { ...wish, reasoningField: field }).choices.map(({ delta }) => delta)

describe('invariant 10: the field of reasoning changes its name, and nothing else', () => {
  test('reasoning', () => {
    always((script, wish) => {
      const expected = streamedAs(script, wish, 'reasoning_content').map((delta) =>
        'reasoning_content' in delta ? { reasoning: delta.reasoning_content } : delta,
      )
      expect(streamedAs(script, wish, 'reasoning')).toEqual(expected)
    })
  })

  test('none', () => {
    always((script, wish) => {
      const expected = streamedAs(script, wish, 'reasoning_content').filter(
        (delta) => !('reasoning_content' in delta),
      )
      expect(streamedAs(script, wish, 'none')).toEqual(expected)
    })
  })

  test('think-tags', () => {
    always((script, wish) => {
      const plain = streamedAs(script, wish, 'reasoning_content')
      const expected: Delta[] = []
      for (const [index, delta] of plain.entries()) {
        const isThinking = 'reasoning_content' in delta
        if (isThinking && kindOf(plain[index - 1] ?? {}) !== 'reasoning_content')
          expected.push({ content: '<think>' })
        expected.push(isThinking ? { content: delta.reasoning_content } : delta)
        if (isThinking && kindOf(plain[index + 1] ?? {}) !== 'reasoning_content')
          expected.push({ content: '</think>' })
      }
      expect(streamedAs(script, wish, 'think-tags')).toEqual(expected)
    })
  })

  test('think-tags, whole: what the stream comes to', () => {
    always((script, given) => {
      const wish = { ...given, reasoningField: 'think-tags' as const }
      const batches = hear([textOf(script)], wish)
      const end = fold(batches)
      if ('kind' in end) return
      const streamed = readStream(stream(batches, wish).join(''))
        .choices.map(({ delta }) => ('content' in delta ? delta.content : ''))
        .join('')
      const { body } = answerOf(end, wish)
      expect(readCompletion(body).choices[0].message.content ?? '').toBe(streamed)
    })
  })
})

/** Some bytes are put wherever text can stand in a line; most are no UTF-8. */
const LINES = [
  (odd: string) => `{"model":"${odd}","created_at":"","message":{"role":"assistant","content":"${odd}"},"done":false}`, // prettier-ignore
  (odd: string) => `{"message":{"content":"${odd}","thinking":"${odd}"},"logprobs":[{"token":"${odd}","logprob":-1}]}`, // prettier-ignore
  (odd: string) => `{"message":{"tool_calls":[{"id":"${odd}","function":{"name":"f${odd}","arguments":{"${odd}":"${odd}"}}}]}}`, // prettier-ignore
  (odd: string) => `{"error":"${odd}"}`,
  (odd: string) => odd,
] as const

/** @param octets a byte to a character, and no character that is more than a byte. */
const isUtf8 = (octets: string): boolean => {
  const bytes = Buffer.from(octets, 'latin1')
  return bytes.toString('latin1') === octets && isUtf8Bytes(bytes)
}

test('whatever bytes come, a client gets UTF-8', () => {
  const odd = fc
    .uint8Array({ min: 0x80, maxLength: 4 })
    .map((bytes) => String.fromCharCode(...bytes))
  const lines = fc.array(fc.tuple(fc.constantFrom(...LINES), odd), { maxLength: 5 })
  fc.assert(
    fc.property(lines, asked, (said, wish) => {
      const text = said.map(([line, bytes]) => `${line(bytes)}\n`).join('')
      const batches = hear([`${text}{"done":true}\n`], wish)
      const whole = fold(batches)
      expect(streamOctets(batches, wish).join('')).toSatisfy(isUtf8)
      if ('kind' in whole) return
      expect(wholeOctets(whole, wish)).toSatisfy(isUtf8)
    }),
    { numRuns: 1000 },
  )
})

test('nothing depends on where the bytes were cut', () => {
  fc.assert(
    fc.property(
      upstreamScript,
      asked,
      fc.array(fc.nat(), { maxLength: 30 }),
      (script, wish, places) => {
        const text = textOf(script)
        const whole = stream(hear([text], wish), wish).join('')
        expect(stream(hear(cut(text, places), wish), wish).join('')).toBe(whole)
      },
    ),
    { numRuns: 2000 },
  )
})

test('nothing depends on it, byte by byte', () => {
  fc.assert(
    fc.property(upstreamScript, asked, (script, wish) => {
      const text = textOf(script)
      const whole = stream(hear([text], wish), wish).join('')
      expect(stream(hear(text.split(''), wish), wish).join('')).toBe(whole)
    }),
  )
})
