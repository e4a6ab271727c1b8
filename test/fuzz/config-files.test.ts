/** Any configuration at all: one that is taken, or sentences about what is wrong with it, and never an accident. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import JSON5 from 'json5'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { ConfigError } from '../../src/config/config-error.ts'
import { explain } from '../../src/config/explain.ts'
import { readCommandLine } from '../../src/config/flags.ts'
import { optionTable } from '../../src/config/option-table.ts'
import { mutate } from '../support/any-chat-body.ts'
import { runProgram } from '../support/program.ts'
import { load, type World } from '../config/world.ts'
import { changed, changes, ODD_VALUES } from './changes.ts'
import { runs } from './runs.ts'

/** Every section, and most of what may stand in one. */
const FULL = {
  $schema: 'tolk.schema.json',
  server: { host: '127.0.0.1', port: 8080, workers: 2, allowAnonymous: false },
  upstreams: {
    lan: {
      baseUrl: 'http://lan:11434/v1',
      apiKey: '${CANARY}',
      api: 'ollama',
      tls: {},
      auth: { headers: { 'x-a': 'b' } },
      models: [
        {
          id: 'a:b',
          name: 'A',
          input: ['text', 'image'],
          contextWindow: 4096,
          cost: { input: 1, output: 0.5 },
          params: { streaming: false, keepAlive: '30m', numCtx: 2048, overflow: 'truncate' },
        },
      ],
      firstByteTimeoutMs: 1000,
    },
  },
  models: {
    default: { primary: 'lan/a:b' },
    aliases: { 'gpt-4o': 'a:b' },
    params: { 'a*': { keepAlive: -1 } },
  },
  auth: { keys: [{ name: 'laptop', key: '${CANARY}', models: ['a:*'], requestsPerMinute: 6 }] },
  catalog: { list: 'all', refreshMs: 5000 },
  openai: { reasoningField: 'reasoning', strict: true },
  limits: { maxBodyBytes: 100_000 },
  log: { level: 'info' },
  metrics: { port: 9464, host: '127.0.0.1' },
}

const CANARY = 'canary-4711'

/** The names above a text that has the secret in it, where the file can be read at all. */
const placesOfSecret = (file: string): readonly string[] => {
  const found: string[] = []
  const look = (value: unknown, names: string): void => {
    if (typeof value === 'string' && value.includes('${CANARY}')) found.push(names)
    if (typeof value !== 'object' || value === null) return
    for (const [name, inside] of Object.entries(value)) look(inside, `${names}.${name}`)
  }
  try {
    look(JSON5.parse<unknown>(file), '')
  } catch {
    // Then nothing of it is shown.
  }
  return found
}

const isNoSecret = (place: string): boolean =>
  !/^\.upstreams\.\w+\.apiKey$|^\.auth\.keys\.\d+\.key$/.test(place)

/** @returns whether it was taken; fails on anything but a configuration and sentences. */
const isTaken = (world: World): boolean => {
  const env = { CANARY, ...world.env }
  try {
    const { settings, config, warnings } = load({ ...world, env })
    expect(Object.isFrozen(config)).toBe(true)
    expect([...explain(settings), ...warnings].join('\n')).not.toContain(CANARY)
    return true
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error
    expect(error.problems.length).toBeGreaterThan(0)
    for (const problem of error.problems) {
      expect(problem).toMatch(/\w{2,} \S/)
      expect(problem).not.toContain(CANARY)
    }
    return false
  }
}

const odd = fc.oneof(
  fc.jsonValue({ maxDepth: 2 }),
  fc.constantFrom<unknown>(
    Number.NaN, Number.POSITIVE_INFINITY, -0, 1e21, '', ' ', '${', '${}', '${NOBODY}', '$${CANARY}',
    'http://u:p@h', 'https://[::1]:x', '/nowhere', '-----BEGIN', '30m', 'ollama', {}, [], [[]], null,
    { constructor: {} }, JSON.parse('{"__proto__":{"polluted":1}}'), 'x'.repeat(10_000),
  ), // prettier-ignore
)

const mutation = fc.record({
  steps: fc.array(fc.nat(30), { minLength: 1, maxLength: 6 }),
  value: odd,
})

/** JSON5 has words for numbers that JSON lacks. */
const json5 = (value: unknown): string =>
  JSON.stringify(value, (_, each: unknown) =>
    typeof each === 'number' && !Number.isFinite(each) ? `@${each}` : each,
  ).replaceAll(/"@(-?Infinity|NaN)"/g, '$1')

describe('a file is taken, or refused in sentences', () => {
  test('with values in it that nobody would put there', () => {
    fc.assert(
      fc.property(fc.array(mutation, { maxLength: 3 }), (made) => {
        expect(
          isTaken({ file: json5(made.reduce<unknown>(mutate, FULL)) }) || made.length > 0,
        ).toBe(true)
      }),
      runs(300),
    )
  })

  test('with any JSON in it', () => {
    const value = fc.oneof(
      fc.jsonValue({ maxDepth: 4 }),
      fc.dictionary(fc.constantFrom(...Object.keys(FULL), '__proto__', 'servers'), fc.jsonValue()),
    )
    fc.assert(
      fc.property(value, (tree) => {
        expect(isTaken({ file: JSON.stringify(tree) })).toBeTypeOf('boolean')
      }),
      runs(150),
    )
  })

  test('with some of its text changed', () => {
    const text = json5(FULL)
    const inserted = [...ODD_VALUES, '//', '/*', '*/', "'", '"', '\\', '{', '}', '[', ']', ',', ':', '+', '0x', '.5', '\u2028',
      '${', '${CANARY}', '__proto__', 'constructor:', '\0', '\uFEFF'] // prettier-ignore
    fc.assert(
      fc.property(changes(inserted), (made) => {
        const file = changed(text, made)
        // Where the change has put the secret itself into words, or where it is none, it is nobody's fault.
        const isMisplaced = file.includes(CANARY) || placesOfSecret(file).some(isNoSecret)
        expect(isMisplaced || isTaken({ file })).toBeTypeOf('boolean')
      }),
      runs(250),
    )
  })

  test.each<[what: string, file: string]>([
    ['lists in lists', '['.repeat(200_000)],
    ['lists in lists that end', `{a:${'['.repeat(50_000)}${']'.repeat(50_000)}}`],
    ['objects in objects', `${'{a:'.repeat(50_000)}1${'}'.repeat(50_000)}`],
    ['objects in objects, where one may be', `{upstreams:{lan:{models:${'[{cost:'.repeat(20_000)}1${'}]'.repeat(20_000)}}}}`], // prettier-ignore
    ['many faults', `{upstreams:{lan:{models:[${'1,'.repeat(150_000)}]}}}`],
    ['many unknown keys', `{${Array.from({ length: 5000 }, (_, index) => `k${index}:1`).join()}}`],
    ['many aliases', `{models:{aliases:{${Array.from({ length: 130_000 }, (_, index) => `k${index}:"a"`).join()}}}}`], // prettier-ignore
    ['many models', `{upstreams:{lan:{models:[${Array.from({ length: 5000 }, (_, index) => `{id:"${index}"}`).join()}]}}}`], // prettier-ignore
    ['many that are no variables', `{log:{level:"${'${'.repeat(10_000)}"}}`],
    ['many variables in one text', `{log:{level:"${'${CANARY}'.repeat(20_000)}"}}`],
    ['an upstream named __proto__', '{upstreams:{__proto__:{baseUrl:"http://a"}}}'],
    ['an upstream named constructor', '{upstreams:{constructor:{baseUrl:"http://a"}}}'],
    ['an alias named __proto__', '{models:{aliases:{__proto__:"a"}}}'],
    ['a section named __proto__', '{__proto__:{port:1}}'],
    ['a number without end', `{server:{port:${'9'.repeat(400)}}}`],
  ])('%s', (_, file) => {
    isTaken({ file })
    expect(Object.prototype).not.toHaveProperty('port')
  })
})

describe('the environment', () => {
  const names = optionTable().flatMap(({ environment }) => environment ?? [])

  test('is taken, or refused in sentences', () => {
    expect(names.length).toBeGreaterThan(30)
    const text = fc.oneof(
      odd.map((value) => (typeof value === 'string' ? value : JSON.stringify(value))),
      fc.string(),
      fc.constantFrom('true', '0', '-1', '8080', '1e3', '0x10', '"quoted"', '['.repeat(30_000)),
    )
    fc.assert(
      fc.property(
        fc.dictionary(fc.constantFrom(...names, 'TOLK_', 'TOLK_X', 'OLLAMA_HOST', 'OLLAMA_API_KEY'), text, { maxKeys: 4 }), // prettier-ignore
        (env) => {
          expect(isTaken({ env })).toBeTypeOf('boolean')
        },
      ),
      runs(200),
    )
  })
})

/** The command, or what is wrong with it. */
const saidOf = (argv: readonly string[]): readonly string[] => {
  try {
    return [readCommandLine(argv).command]
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error
    return error.problems
  }
}

test('a command line is a command, or is refused in sentences', () => {
  const word = fc.oneof(
    fc.constantFrom('serve', 'check', 'key', 'demo', '--', '-', '--port', '--port=', '--port=x', '-p', '--no-json',
      '--json', '--json=1', '--config', '--__proto__', '--constructor=1', '--no-', '--=', '-abc', '--PORT', '\0'), // prettier-ignore
    fc.string(),
  )
  fc.assert(
    fc.property(fc.array(word, { maxLength: 5 }), (argv) => {
      for (const said of saidOf(argv)) expect(said).toMatch(/^[a-z]+$|\w{2,} \S/)
    }),
    runs(500),
  )
})

describe('the program ends with 2, one sentence, and no trace of its own code', () => {
  let folder: string

  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'tolk-fuzz-'))
  })
  afterAll(() => rmSync(folder, { recursive: true }))

  test.each<[what: string, file: string]>([
    ['objects in objects', `${'{a:'.repeat(50_000)}1${'}'.repeat(50_000)}`],
    ['many faults', `{upstreams:{lan:{models:[${'1,'.repeat(150_000)}]}}}`],
    ['an upstream named __proto__', '{upstreams:{__proto__:{baseUrl:"http://a"}}}'],
  ])('%s', async (_, file) => {
    const path = join(folder, 'tolk.json5')
    writeFileSync(path, file)
    const program = runProgram({ args: ['check', '--config', path] })
    const { code } = await program.ended
    expect({ code, stdout: program.stdout() }).toEqual({ code: 2, stdout: '' })
    expect(program.stderr()).toMatch(/^[^\n]{10,400}\n$/)
    expect(program.stderr()).not.toMatch(/node:|\.ts\b|RangeError|TypeError/)
  })
})
