import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { z } from 'zod'
import { Failed } from '../../src/failure.ts'
import { accept, check, paramOf, parseJson } from '../../src/wire/json.ts'

describe('parseJson keeps every digit', () => {
  test.for([
    ['9007199254740993', 'the first integer that a double rounds'],
    ['-9007199254740993', 'its negative'],
    ['12345678901234567890', 'an id of 64 bits'],
    ['1e400', 'more than a double can hold'],
    ['-1E+400', 'less than a double can hold'],
    ['1e-400', 'what a double takes for zero'],
    ['1.2345e-320', 'what has few digits near the end of the doubles'],
    ['0.1000000000000000055511151231257827', 'a long fraction'],
    ['3.141592653589793238', 'pi, three digits too long'],
  ] as const)('%s: %s', ([number]) => {
    expect(again(number)).toBe(number)
    expect(again(`{"a":[1, ${number}],"b":${number}}`)).toBe(`{"a":[1,${number}],"b":${number}}`)
  })

  test.for([
    ['9007199254740991', 9_007_199_254_740_991],
    ['0.30000000000000004', 0.300_000_000_000_000_04],
    ['1e21', 1e21],
    ['5e-324', 5e-324],
    ['1.7976931348623157e308', 1.797_693_134_862_315_7e308],
    ['0.0000000000000000', 0],
    ['0.70000000000000000000', 0.7],
    ['1.00000000000000000e2', 100],
    ['1.2345678901234568E-05', 1.234_567_890_123_456_8e-5],
    ['123456789012345.00', 123_456_789_012_345],
  ] as const)('%s stays a number', ([text, number]) => {
    expect(parseJson(text)).toBe(number)
  })

  test('any number keeps its value', () => {
    fc.assert(
      fc.property(decimal, (number) => {
        expect(valueOf(again(number))).toEqual(valueOf(number))
        expect(valueOf(again(`[${number} ]`).slice(1, -1))).toEqual(valueOf(number))
      }),
      { numRuns: 2000 },
    )
  })

  test('any big integer keeps every digit, however it stands', () => {
    fc.assert(
      fc.property(fc.bigInt(), fc.constantFrom('', ' ', '\n', '\t'), (integer, space) => {
        expect(again(`{"a":${space}${integer}${space}}`)).toBe(`{"a":${integer}}`)
      }),
    )
  })

  // The deadline is the check: the square of its length would take minutes.
  test(
    'a number as long as a body may be takes no longer than its length',
    { timeout: 15_000 },
    () => {
      const number = `1.${'0'.repeat(2_000_000)}1`
      expect(again(number)).toBe(number)
    },
  )

  test('of a key given twice the last counts, with its digits', () => {
    expect(again('{"a":12345678901234567890,"a":1}')).toBe('{"a":1}')
    expect(again('{"a":1,"a":12345678901234567890}')).toBe('{"a":12345678901234567890}')
  })
})

describe('parseJson reads all else as JSON.parse does', () => {
  const json = fc.jsonValue({ stringUnit: 'binary' })

  test.each([
    ['any JSON', ''],
    ['any JSON beside a number that keeps its digits', '12345678901234567890'],
  ])('%s', (_, number) => {
    fc.assert(
      fc.property(json, fc.constantFrom(0, 1, '\t'), (value, indent) => {
        const text = JSON.stringify(value, null, indent)
        const wanted = JSON.stringify(value)
        const read = number === '' ? text : `[${number},${text} , ${number}]`
        expect(again(read)).toBe(number === '' ? wanted : `[${number},${wanted},${number}]`)
      }),
    )
  })

  test('any list of short texts', () => {
    const noise = fc.string({
      unit: fc.constantFrom('"', '\\', '[', '{', ',', ':', '\n', '1', 'é'),
    })
    fc.assert(
      fc.property(fc.dictionary(noise, fc.array(noise)), (value) => {
        expect(parseJson(`[1e400,${JSON.stringify(value)}]`)).toHaveProperty('1', value)
      }),
    )
  })

  test('a -0 is a -0', () => {
    expect(parseJson('[-0,1e400]')).toHaveProperty('0', -0)
  })

  test('a key given twice counts as the last, and stands where the first stood', () => {
    const text = '{"a":1e400,"b":2,"a":{"c":[]}}'
    expect(again(text)).toBe(JSON.stringify(JSON.parse(text)))
  })

  test.for([
    ['base64 that looks like numbers', `data:image/png;base64,${'1234567890123456'.repeat(5000)}=`],
    ['numbers in a sentence', 'call 12345678901234567890, or 1e400: [9007199254740993]'],
    ['JSON in a string', '{"id":9007199254740993}'],
    ['a long string', 'a 1 '.repeat(100_000)],
  ])('%s takes no harm', ([, text]) => {
    expect(parseJson(JSON.stringify({ text, id: 1 }))).toEqual({ text, id: 1 })
    expect(parseJson(`[${JSON.stringify(text)},1e400]`)).toHaveProperty('0', text)
  })

  test('a key named __proto__ is a key', () => {
    const read = parseJson('{"__proto__":{"polluted":12345678901234567890}}')
    expect(JSON.stringify(read)).toBe('{"__proto__":{"polluted":12345678901234567890}}')
    expect(Object.getPrototypeOf(read)).toBe(Object.prototype)
  })

  test.for(['', '{', '[1,]', '01', '1.', 'NaN', '{"a":12345678901234567890', "{'a':1}"])(
    'refuses %j',
    (text) => {
      expect(() => parseJson(text)).toThrow(SyntaxError)
    },
  )
})

const part = z.object({ type: z.literal('text'), text: z.string() })
const schema = z.object({
  name: z.string(),
  count: z.int().optional(),
  ratio: z.number().optional(),
  flag: z.boolean().nullish(),
  mode: z.enum(['a', 'b']).optional(),
  content: z.union([z.string(), z.array(part)]).optional(),
})

describe('check', () => {
  test('gives the value that the schema made', () => {
    expect(check(schema, { name: 'n', more: 1 })).toEqual({ value: { name: 'n' } })
  })

  test.for([
    [{}, 'name', 'missing_required_parameter', "Missing required parameter: 'name'."],
    [
      { name: 1 },
      'name',
      'invalid_type',
      "Invalid type for 'name': expected a string, but got an integer instead.",
    ],
    [
      { name: null },
      'name',
      'invalid_type',
      "Invalid type for 'name': expected a string, but got null instead.",
    ],
    [
      { name: [] },
      'name',
      'invalid_type',
      "Invalid type for 'name': expected a string, but got an array instead.",
    ],
    [
      { name: {} },
      'name',
      'invalid_type',
      "Invalid type for 'name': expected a string, but got an object instead.",
    ],
    [
      { name: 'n', flag: 0.5 },
      'flag',
      'invalid_type',
      "Invalid type for 'flag': expected a boolean, but got a number instead.",
    ],
    [
      { name: 'n', count: 0.5 },
      'count',
      'invalid_type',
      "Invalid type for 'count': expected an integer, but got a number instead.",
    ],
    [
      { name: 'n', ratio: parseJson('12345678901234567890') },
      'ratio',
      'invalid_type',
      "Invalid type for 'ratio': expected a number, but got a number with more digits than can be kept instead.",
    ],
    [
      { name: 'n', mode: 'c' },
      'mode',
      'invalid_value',
      `Invalid value for 'mode': Invalid option: expected one of "a"|"b"`,
    ],
    [
      'text',
      null,
      'invalid_type',
      'Invalid type for the request body: expected an object, but got a string instead.',
    ],
    [
      undefined,
      null,
      'invalid_type',
      'Invalid type for the request body: expected an object, but got nothing instead.',
    ],
  ] as const)('says what is wrong with %j', ([value, param, code, message]) => {
    expect(check(schema, value)).toEqual({ problem: { message, param, code } })
  })

  test.for([
    ['a part that lacks its text', [{ type: 'text' }], 'content[0].text'],
    [
      'a part with a wrong text',
      [
        { type: 'text', text: 'a' },
        { type: 'text', text: 1 },
      ],
      'content[1].text',
    ],
    ['a part of another type', [{ type: 'video' }], 'content[0].type'],
    ['neither string nor list', 7, 'content'],
  ] as const)('of a union it names the branch that was meant: %s', ([, content, param]) => {
    expect(check(schema, { name: 'n', content })).toMatchObject({ problem: { param } })
  })

  test('of several problems it tells the first', () => {
    expect(check(schema, { name: 1, flag: 'x' })).toMatchObject({ problem: { param: 'name' } })
  })

  test('a value with hundreds of thousands of faults is a problem, not an accident', () => {
    const wrong = { lists: [{ numbers: Array<string>(150_000).fill('x') }] }
    const nested = z.object({ lists: z.array(z.object({ numbers: z.array(z.number()) })) })
    expect(check(nested, wrong)).toHaveProperty('problem')
    expect(
      check(z.union([z.string(), z.array(z.number())]), wrong.lists[0]?.numbers),
    ).toHaveProperty('problem')
  })
})

describe('accept', () => {
  test('gives the value', () => {
    expect(accept(z.string(), 'a')).toBe('a')
  })

  test('throws an invalid request that names the param', () => {
    const messages = z.object({ messages: z.array(part) })
    const refuse = () => accept(messages, { messages: [{}] })
    expect(refuse).toThrow(Failed)
    expect(refuse).toThrow(
      expect.objectContaining({
        failure: {
          kind: 'invalid-request',
          message: 'Invalid value for \'messages[0].type\': Invalid input: expected "text"',
          param: 'messages[0].type',
          code: 'invalid_value',
        },
      }),
    )
  })
})

test.for([
  [[], null],
  [['model'], 'model'],
  [['messages', 0, 'content'], 'messages[0].content'],
  [['messages', 3, 'content', 1, 'image_url', 'url'], 'messages[3].content[1].image_url.url'],
  [[0], '[0]'],
] as const)('a path %j is written %s', ([path, written]) => {
  expect(paramOf(path)).toBe(written)
})

const again = (text: string): string => JSON.stringify(parseJson(text))

/** A JSON number nobody chose. */
const decimal = fc
  .record({
    sign: fc.constantFrom('', '-'),
    whole: fc.oneof(fc.nat(9).map(String), fc.bigInt({ min: 0n, max: 10n ** 40n }).map(String)),
    fraction: fc.option(
      fc.string({
        unit: fc.constantFrom('0', '1', '2', '3', '4', '5', '6', '7', '8', '9'),
        minLength: 1,
        maxLength: 30,
      }),
      { nil: undefined },
    ),
    exponent: fc.option(
      fc
        .tuple(fc.constantFrom('e', 'E', 'e+', 'E-', 'e-'), fc.nat(400))
        .map((both) => both.join('')),
      { nil: undefined },
    ),
  })
  .map(
    ({ sign, whole, fraction, exponent = '' }) =>
      `${sign}${whole}${fraction === undefined ? '' : `.${fraction}`}${exponent}`,
  )

/** The exact value of a decimal: an integer without trailing zeros, times a power of ten. */
const valueOf = (text: string): { readonly digits: bigint; readonly power: number } => {
  const [mantissa = '', exponent = '0'] = text.toLowerCase().split('e')
  const [whole = '', fraction = ''] = mantissa.split('.')
  const significant = `${whole}${fraction}`.replace(/0+$/, '')
  const zeros = whole.length + fraction.length - significant.length
  const digits = BigInt(/\d/.test(significant) ? significant : '0')
  return { digits, power: digits === 0n ? 0 : Number(exponent) - fraction.length + zeros }
}
