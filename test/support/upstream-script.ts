/** Answers of an Ollama that nobody chose: any kinds in any order, any end, any way to write them. */
import { toOctets } from '../../src/wire/octets.ts'
import fc from 'fast-check'

/** One NDJSON line. What is absent is not on it. */
export type SaidLine = {
  readonly thinking?: string
  readonly content?: string
  readonly calls?: readonly SaidCall[]
  readonly logprobs?: readonly string[]
}

export type SaidCall = {
  readonly id?: string
  readonly name: string
  /** JSON text of an object. */
  readonly args: string
}

export type End =
  | {
      readonly type: 'done'
      readonly line: SaidLine
      readonly reason?: string
      readonly promptTokens?: number
      readonly completionTokens?: number
    }
  | { readonly type: 'error'; readonly text: string }
  /** The answer stops: at a line's end, or with this much of another. */
  | { readonly type: 'torn'; readonly rest: string }

/** The whole of it, and how it is written. */
export type UpstreamScript = {
  readonly lines: readonly SaidLine[]
  readonly end: End
  /** What comes after the last word, and should not. */
  readonly after: string
  readonly style: Style
}

type Style = {
  readonly newline: '\n' | '\r\n' | '\n\n' | ' \n\r\n'
  readonly mark: '' | '\uFEFF'
  /** Writes all but ASCII as `\uXXXX`, and `<` and `>` as Go does. */
  readonly escapes: boolean
  /** Whether the last line has its newline. */
  readonly isClosed: boolean
}

/** Each line of a script as it is written, in octets, the byte order mark and the newline included. */
export const written = ({ lines, end, after, style }: UpstreamScript): readonly string[] => {
  const texts = lines.map((line) => lineOf(line, ',"done":false'))
  const last = lastOf(end)
  const whole = texts.map((text) => `${escaped(text, style)}${style.newline}`)
  const isClosed = style.isClosed || after !== ''
  if (last !== '') whole.push(`${escaped(last, style)}${isClosed ? style.newline : ''}`)
  if (end.type === 'torn') whole.push(end.rest)
  else whole.push(after)
  const [first = '', ...rest] = whole
  return [`${style.mark}${first}`, ...rest].map(toOctets)
}

const lastOf = (end: End): string => {
  switch (end.type) {
    case 'done':
      return lineOf(end.line, doneOf(end))
    case 'error':
      return JSON.stringify({ error: end.text })
    case 'torn':
      return ''
  }
}

const doneOf = ({
  reason,
  promptTokens,
  completionTokens,
}: Extract<End, { type: 'done' }>): string =>
  [
    ',"done":true',
    reason === undefined ? '' : `,"done_reason":${JSON.stringify(reason)}`,
    promptTokens === undefined ? '' : `,"prompt_eval_count":${promptTokens}`,
    completionTokens === undefined ? '' : `,"eval_count":${completionTokens}`,
  ].join('')

const lineOf = ({ thinking, content = '', calls, logprobs }: SaidLine, more: string): string => {
  const message = [
    `"role":"assistant","content":${JSON.stringify(content)}`,
    ...(thinking === undefined ? [] : [`"thinking":${JSON.stringify(thinking)}`]),
    ...(calls === undefined ? [] : [`"tool_calls":[${calls.map(callOf).join(', ')}]`]),
  ]
  const probabilities =
    logprobs === undefined
      ? ''
      : `,"logprobs":${JSON.stringify(logprobs.map((token) => ({ token, logprob: -1, bytes: [1] })))}`
  return `{"model":"m","message":{${message.join(',')}}${more}${probabilities}}`
}

const callOf = ({ id, name, args }: SaidCall): string =>
  `{${id === undefined ? '' : `"id":${JSON.stringify(id)},`}"function":{"index":0,"name":${JSON.stringify(name)},"arguments":${args}}}`

const escaped = (line: string, { escapes }: Style): string => (escapes ? escapedText(line) : line)

/** JSON text in ASCII alone, `<` and `>` as Go writes them. */
export const escapedText = (text: string): string =>
  text.replace(
    /[<>\u007F-\uFFFF]/g,
    (char) => `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`,
  )

const blank = fc.constantFrom('\n', '\n\n', ' ', '\t \r\n', '\u2028', '\u00A0')

const words = fc.oneof(
  { weight: 4, arbitrary: fc.constantFrom('a', ' b', 'c\n', '\nd', '.') },
  {
    weight: 2,
    arbitrary: fc.constantFrom(
      'data: [DONE]\n\n',
      '\n\ndata: {"error":1}\n\n',
      '<think>',
      '</think>',
      '\u2028x',
      '[DONE]',
      '{"name":"f","arguments":{}}',
      '👩‍👩‍👧‍👦',
      '\ud83d',
      '\ude00',
      '"\\',
      '\0',
    ),
  },
  { weight: 1, arbitrary: fc.string({ unit: 'binary', minLength: 1 }) },
)

const piece = fc.oneof(
  { weight: 3, arbitrary: words },
  { weight: 2, arbitrary: blank },
  { weight: 1, arbitrary: fc.constant('') },
)

const args = fc.oneof(
  fc.constantFrom(
    '{}',
    '{"city":"Paris"}',
    '{"z":1,"a":9007199254740993,"e":1e400}',
    '{ "text" : "}]\\"\\\\\\u2028\\ud800" , "list":[ {"arguments":{}} ] }',
  ),
  fc
    .dictionary(fc.string(), fc.jsonValue({ maxDepth: 1 }), { maxKeys: 3 })
    .map((object) => JSON.stringify(object)),
)

const call: fc.Arbitrary<SaidCall> = fc.record(
  {
    id: fc.constantFrom('', 'x', 'y', 'used'),
    name: fc.constantFrom('f', 'get_weather'),
    args,
  },
  { requiredKeys: ['name', 'args'] },
)

const line: fc.Arbitrary<SaidLine> = fc
  .record(
    {
      thinking: piece,
      content: piece,
      calls: fc.array(call, { maxLength: 4 }),
      logprobs: fc.array(fc.constantFrom('p', 'q'), { minLength: 1, maxLength: 2 }),
    },
    { requiredKeys: [] },
  )
  // Most lines of a real answer hold one thing.
  .chain((all) =>
    fc.constantFrom(all, pick(all, 'thinking'), pick(all, 'content'), pick(all, 'calls')),
  )

const pick = (all: SaidLine, key: keyof SaidLine): SaidLine => ({ [key]: all[key] })

const end: fc.Arbitrary<End> = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record(
      {
        type: fc.constant('done' as const),
        line,
        reason: fc.constantFrom('stop', 'stop', 'length', 'load', 'whatever'),
        promptTokens: fc.nat(),
        completionTokens: fc.nat(),
      },
      { requiredKeys: ['type', 'line'] },
    ),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      type: fc.constant('error' as const),
      text: fc.constantFrom('unexpected EOF', '', '{"error":{"message":"no"}}'),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      type: fc.constant('torn' as const),
      rest: fc.constantFrom('', '{', '{"message":{"content":"lost', '{"error":"lost'),
    }),
  },
)

/** Any answer at all. */
/** A text that begins with a thought in tags is put right, and has tests of its own. */
const beginsWithTag = ({ lines, end: last }: UpstreamScript): boolean => {
  const all = last.type === 'done' ? [...lines, last.line] : lines
  const text = all.map(({ content = '' }) => content).join('')
  return text.trimStart().startsWith('<think>')
}

const anyScript: fc.Arbitrary<UpstreamScript> = fc.record({
  lines: fc.array(line, { maxLength: 12 }),
  end,
  after: fc.constantFrom('', '', '{"message":{"content":"late"},"done":true}\n', 'garbage'),
  style: fc.record({
    newline: fc.constantFrom('\n', '\n', '\r\n', '\n\n', ' \n\r\n'),
    mark: fc.constantFrom('', '', '\uFEFF'),
    escapes: fc.boolean(),
    isClosed: fc.boolean(),
  }),
})

export const upstreamScript = anyScript.filter((script) => !beginsWithTag(script))

/** A text cut at places that nobody chose. */
export const cut = (text: string, places: readonly number[]): readonly string[] => {
  const cuts = [...new Set(places.map((place) => place % (text.length + 1)))].toSorted(
    (a, b) => a - b,
  )
  return [0, ...cuts].map((from, index) => text.slice(from, cuts[index]))
}
