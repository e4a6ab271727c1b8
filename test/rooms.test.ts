/** Imports keep to their doors: the dependency direction of the house, as `src/README.md` draws it. */
import { describe, expect, test } from 'vitest'
import { codeOf, importsOf, sourceFiles, type SourceFile } from './support/source.ts'

/** Ours and from outside: what a room's files may import beside those of the room itself. */
type Doors = { readonly [room: string]: readonly string[] }

const WORDS = ['chat/', 'catalog/', 'embedding/', 'failure.ts']
const MIDDLE = [...WORDS, 'wire/']

/**
 * A room ends in `/`; a single file stands for itself, and has its own rule where the room's would be
 * too wide or too narrow. The most particular rule counts.
 */
const DOORS: Doors = {
  // The pure middle: it is handed its clock and its ids, and asks nobody.
  'failure.ts': [],
  'nearest.ts': [],
  'model-pattern.ts': [],
  'go-duration.ts': [],
  'client-key.ts': [],
  'chat/': ['wire/escaped.ts', 'wire/json.ts', 'wire/json-slice.ts', 'failure.ts'],
  'embedding/': ['chat/'],
  'catalog/': ['chat/', 'failure.ts', 'nearest.ts'],
  'wire/': ['failure.ts', 'zod'],
  'dialects/openai/': [...MIDDLE, 'go-duration.ts', 'zod'],
  'dialects/ollama/': [...MIDDLE, 'zod'],

  // The edge towards the model. What the server may know of it is one file of types.
  'upstream/upstream.ts': WORDS,
  'upstream/': [...MIDDLE, 'dialects/ollama/', 'ticker.ts', 'node:'],

  // The edge towards the client. Hono's Node server is known where it listens, and to the type of a context.
  'server/': [
    ...MIDDLE,
    'dialects/openai/',
    'upstream/upstream.ts',
    'media/pictures.ts',
    'client-key.ts',
    'model-pattern.ts',
    'roster.ts',
    'ticker.ts',
    'log.ts',
    'log-storms.ts',
    'hono',
    'node:',
  ],
  'server/listen.ts': ['server/', 'log.ts', '@hono/node-server', 'hono', 'node:'],
  'server/context.ts': ['server/', 'client-key.ts', '@hono/node-server', 'hono', 'node:'],
  // It writes the socket itself, and has to say so.
  'server/embeddings.ts': [
    'server/',
    ...MIDDLE,
    'dialects/openai/',
    'upstream/upstream.ts',
    '@hono/node-server',
    'hono',
    'node:',
  ],
  'server/completions.ts': [
    'server/',
    ...MIDDLE,
    'dialects/openai/',
    'upstream/upstream.ts',
    '@hono/node-server',
    'hono',
    'node:',
  ],
  'server/chat-completions.ts': [
    'server/',
    ...MIDDLE,
    'dialects/openai/',
    'upstream/upstream.ts',
    'media/pictures.ts',
    '@hono/node-server',
    'hono',
    'node:',
  ],

  // It makes cards' facts and clients' keys, and knows how names are spelled.
  'config/': [
    'catalog/',
    'client-key.ts',
    'nearest.ts',
    'model-pattern.ts',
    'go-duration.ts',
    'zod',
    'json5',
    'node:',
  ],
  // Between processes. Of the server it knows what a limit is, to ask for it elsewhere.
  'workers/': [
    'catalog/',
    'failure.ts',
    'client-key.ts',
    'config/renewal.ts',
    'server/rate-limit.ts',
    'log.ts',
    'node:',
  ],
  // It hears of exchanges, and asks nobody.
  'metrics/': ['server/observer.ts', 'tally.ts', 'prom-client', 'node:'],
  'tally.ts': ['upstream/incidents.ts', 'log.ts'],
  'log-storms.ts': ['log.ts', 'ticker.ts'],
  'log.ts': ['log-output.ts', 'pino'],
  'log-output.ts': ['node:'],
  'ticker.ts': ['roster.ts'],
  'roster.ts': [],
  'version.ts': ['node:'],

  // An edge of its own: it asks whoever has the picture.
  'media/': ['chat/', 'failure.ts', 'picture.ts', 'upstream/limit.ts', 'node:'],
  'picture.ts': [],

  // No room of ours: it meets tolk over HTTP alone.
  'demo/': ['picture.ts', 'zod', 'openai', 'eventsource-parser', 'node:'],

  // Only here is known which upstream was chosen, and that there are rooms at all.
  'serve.ts': [
    'serve-metrics.ts',
    'catalog/',
    'config/',
    'media/',
    'server/',
    'upstream/',
    'log.ts',
    'tally.ts',
    'ticker.ts',
    'version.ts',
    'node:',
  ],
  'serve-metrics.ts': ['catalog/', 'config/', 'metrics/', 'log.ts', 'tally.ts', 'version.ts'],
  'serve-workers.ts': [
    'serve.ts',
    'serve-metrics.ts',
    'metrics/',
    'catalog/',
    'config/',
    'server/',
    'upstream/',
    'workers/',
    'log.ts',
    'tally.ts',
    'ticker.ts',
  ],
  'commands/': [
    'serve.ts',
    'serve-workers.ts',
    'config/',
    'catalog/',
    'demo/',
    'dialects/openai/',
    'failure.ts',
    'log.ts',
    'version.ts',
    'node:',
  ],
  'cli.ts': ['commands/', 'config/', 'version.ts', 'node:'],
  'code-cache.ts': ['node:'],
  'main.ts': ['cli.ts', 'code-cache.ts', 'node:'],
}

const PURE = [
  'failure.ts',
  'nearest.ts',
  'model-pattern.ts',
  'go-duration.ts',
  'client-key.ts',
  'chat/',
  'catalog/',
  'wire/',
  'dialects/',
]

/** A clock, randomness, an environment, the world outside: what a pure room is handed or does without. */
const IMPURE =
  /\b(?:Date\.now|new Date\(\)|Math\.random|globalThis|(?:performance|process|crypto|console|Buffer)\.|(?:fetch|set(?:Timeout|Interval|Immediate)|queueMicrotask)\()/

const isIn = (path: string, room: string): boolean =>
  room.endsWith('/') || room === 'node:' ? path.startsWith(room) : path === room

const ruleOf = (path: string): string | undefined =>
  Object.keys(DOORS)
    .filter((room) => isIn(path, room))
    .toSorted((a, b) => b.length - a.length)[0]

/** What a file imports although it may not. */
const trespasses = (file: SourceFile): readonly string[] => {
  const rule = ruleOf(file.path)
  if (rule === undefined) return [`${file.path} has no room`]
  const doors = [rule, ...(DOORS[rule] ?? [])]
  return importsOf(file)
    .filter((wanted) => !doors.some((door) => isIn(wanted, door)))
    .map((wanted) => `${file.path} imports ${wanted}`)
}

const impurity = ({ path, text }: SourceFile): readonly string[] => {
  const [found] = PURE.some((room) => isIn(path, room)) ? (IMPURE.exec(codeOf(text)) ?? []) : []
  return found === undefined ? [] : [`${path} says ${found}`]
}

const FILES = sourceFiles()

describe('in the house as it stands', () => {
  test.for(FILES)('$path keeps to its doors', (file) => {
    expect(trespasses(file)).toEqual([])
  })

  test.for(FILES)('$path is as pure as its room', (file) => {
    expect(impurity(file)).toEqual([])
  })

  test('every rule has its files', () => {
    const rules = new Set(FILES.map(({ path }) => ruleOf(path)))
    expect(Object.keys(DOORS).filter((rule) => !rules.has(rule))).toEqual([])
  })

  test.for([
    ['pino', ['log.ts']],
    ['node:cluster', ['workers/cluster.ts']],
    ['prom-client', ['metrics/exposition.ts', 'metrics/meters.ts', 'metrics/tallied.ts']],
    [
      '@hono/node-server',
      [
        'server/chat-completions.ts',
        'server/completions.ts',
        'server/context.ts',
        'server/embeddings.ts',
        'server/listen.ts',
      ],
    ],
  ] as const)('%s is imported by %j alone', ([name, places]) => {
    const found = FILES.filter((file) => importsOf(file).includes(name)).map(({ path }) => path)
    expect(found).toEqual(places)
  })

  test('only two files read the environment', () => {
    const found = FILES.filter(({ text }) => codeOf(text).includes('process.env'))
    expect(found.map(({ path }) => path)).toEqual(['commands/demo.ts', 'config/load.ts'])
  })
})

describe('a line in the wrong room is found', () => {
  test.for([
    ['chat/turn.ts', "import { z } from 'zod'", 'zod'],
    ['chat/turn.ts', "import { randomBytes } from 'node:crypto'", 'node:crypto'],
    ['chat/turn.ts', "import type { Line } from '../wire/lines.ts'", 'wire/lines.ts'],
    [
      'catalog/name.ts',
      "import { parseTags } from '../dialects/ollama/tags.ts'",
      'dialects/ollama/tags.ts',
    ],
    [
      'dialects/openai/usage.ts',
      "export { x } from '../ollama/tags.ts'",
      'dialects/ollama/tags.ts',
    ],
    [
      'dialects/ollama/tags.ts',
      "import type {\n  A,\n  B,\n} from '../openai/usage.ts'",
      'dialects/openai/usage.ts',
    ],
    ['dialects/ollama/tags.ts', "import { readFileSync } from 'node:fs'", 'node:fs'],
    ['wire/lines.ts', "const later = await import('node:net')", 'node:net'],
    [
      'server/app.ts',
      "import { decodeError } from '../dialects/ollama/error.ts'",
      'dialects/ollama/error.ts',
    ],
    ['server/app.ts', "import { createOllama } from '../upstream/ollama.ts'", 'upstream/ollama.ts'],
    ['server/app.ts', "import { serve } from '@hono/node-server/serve'", '@hono/node-server'],
    ['server/app.ts', "import 'undici'", 'undici'],
    ['upstream/pump.ts', "import { request } from 'undici'", 'undici'],
    ['upstream/pump.ts', "import { Hono } from 'hono'", 'hono'],
    ['upstream/upstream.ts', "import { z } from 'node:net'", 'node:net'],
    ['config/load.ts', "import { Hono } from 'hono/tiny'", 'hono'],
    ['demo/demo.ts', "import { createApp } from '../server/app.ts'", 'server/app.ts'],
    ['main.ts', "import { serve } from './serve.ts'", 'serve.ts'],
  ] as const)('in %s: %s', ([path, line, wanted]) => {
    const text = `/** A file. */\nimport type { Failure } from './nothing.ts'\n${line}\n`
    expect(trespasses({ path, text })).toContain(`${path} imports ${wanted}`)
  })

  test('and so is a room that has no rule', () => {
    expect(trespasses({ path: 'utils/helpers.ts', text: '' })).toEqual([
      'utils/helpers.ts has no room',
    ])
  })

  test.for([
    'Date.now()',
    'Math.random()',
    'process.env',
    'new Date()',
    "fetch('x')",
    'Buffer.from(x)',
  ])('and so is %s in a pure one', (code) => {
    const text = `/** A file. */\nconst x = ${code}\n`
    expect(impurity({ path: 'dialects/ollama/tags.ts', text })).toHaveLength(1)
    expect(impurity({ path: 'upstream/pump.ts', text })).toEqual([])
  })

  test('but not one that stands in a comment', () => {
    const text = "/** import { z } from 'zod', as Date.now() */\n// import { y } from 'hono'\n"
    expect(trespasses({ path: 'chat/turn.ts', text })).toEqual([])
    expect(impurity({ path: 'chat/turn.ts', text })).toEqual([])
  })

  test('and a neighbour is no stranger', () => {
    const text =
      "import type { ChatEvent } from './event.ts'\nimport type { Failure } from '../failure.ts'\n"
    expect(trespasses({ path: 'chat/turn.ts', text })).toEqual([])
  })
})
