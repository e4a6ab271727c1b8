/** The README's tables are what the program has: options, commands, flags, the codes of errors. */
import { describe, expect, test } from 'vitest'
import { commands, flagTable } from '../src/config/flag-table.ts'
import { optionTable } from '../src/config/option-table.ts'
import { decodeError } from '../src/dialects/ollama/error.ts'
import { encodeError } from '../src/dialects/openai/error.ts'
import type { Ability, Failure, Unreachable } from '../src/failure.ts'
import { codeSpans, documentAt, tableRows } from './support/documents.ts'
import { recordingsUnder } from './support/recordings.ts'
import { sourceFiles } from './support/source.ts'
import { withOptions } from './support/write-options.ts'

const README = documentAt('README.md')

describe('options', () => {
  test('are in the README as `node test/support/write-options.ts` writes them', () => {
    expect(README).toBe(withOptions(README))
  })

  test('are all there, each with its variable and its flag', () => {
    const written = tableRows(README, 'option').map(([cell = '']) => codeSpans(cell))
    const known = optionTable().map(({ path, environment, flag }) => ({
      path,
      more: [environment, flag].filter((name) => name !== null),
    }))
    expect(written.map(([, ...more]) => more)).toEqual(known.map(({ more }) => more))
    // The heading of its table has the beginning of its path.
    const misnamed = written.filter(([name = '?'], at) => !known[at]?.path.endsWith(`.${name}`))
    expect(misnamed).toEqual([])
  })
})

describe('a word of the README', () => {
  test('that stands behind npm is a script of the package, or npm’s own', () => {
    const { scripts }: { scripts: object } = JSON.parse(documentAt('package.json'))
    const named = [...README.matchAll(/\bnpm (?:run )?([a-z:]+)/g)].map(([, name = '']) => name)
    expect(named).toContain('demo')
    // "Any machine with npm will do" is no command line.
    const known = new Set([...Object.keys(scripts), 'ci', 'install', 'will'])
    expect(named.filter((name) => !known.has(name))).toEqual([])
  })

  test('that is a command is one of tolk’s, and all of them are there', () => {
    const named = codeSpans(README).flatMap(
      (code) => /^(?:npm start(?: --silent)? --|tolk) ([a-z]+)/.exec(code)?.[1] ?? [],
    )
    expect(named.filter((name) => !Object.hasOwn(commands, name))).toEqual([])
    const table = tableRows(README, 'command').flatMap(([cell = '']) =>
      codeSpans(cell).map((code) => /^tolk ?([a-z]*)/.exec(code)?.[1] || 'serve'),
    )
    expect(table.toSorted()).toEqual(Object.keys(commands).toSorted())
  })

  test('that is a flag is one of tolk’s', () => {
    const named = codeSpans(README).flatMap((code) => /^--([a-z-]+)/.exec(code)?.[1] ?? [])
    expect(named).toContain('allow-anonymous')
    expect(named.filter((name) => !Object.hasOwn(flagTable, name))).toEqual([])
  })
})

/** Every code that is written down where failures are made: not each of them has a kind of its own. */
const codesInSources = (): readonly string[] =>
  sourceFiles()
    .filter(({ path }) => /^(?:catalog|chat|dialects|server|upstream|wire)\//.test(path))
    .flatMap(({ text }) => text.split('\n'))
    // zod's own codes go no further than zod.
    .filter((line) => !line.includes('issues.push'))
    .flatMap((line) =>
      [...line.matchAll(/\bcode: '([a-z_]+)'(?! in )/g)].map(([, code = '']) => code),
    )

/** The words of a closed union; one that is left out does not compile. */
const keysOf = <Word extends string>(words: Readonly<Record<Word, 0>>): readonly Word[] =>
  Object.keys(words).filter((word): word is Word => Object.hasOwn(words, word))

type Samples = { readonly [Kind in Failure['kind']]: readonly Extract<Failure, { kind: Kind }>[] }

const message = 'A sentence.'

/** Kinds whose code is their own; a new kind does not compile until it is here. */
const SAMPLES: Samples = {
  'invalid-request': ['invalid_value', 'invalid_json'].map((code) => ({
    kind: 'invalid-request',
    message,
    param: null,
    code,
  })),
  'unsupported-parameter': [{ kind: 'unsupported-parameter', message, param: 'n' }],
  'unsupported-by-model': keysOf<Ability>({
    chat: 0,
    embeddings: 0,
    tools: 0,
    images: 0,
    audio: 0,
    suffix: 0,
  }).map((ability) => ({ kind: 'unsupported-by-model', ability, message, param: 'messages' })),
  'context-exceeded': [{ kind: 'context-exceeded', message }],
  unauthorized: [{ kind: 'unauthorized', message }],
  forbidden: [{ kind: 'forbidden', message, param: null }],
  'unknown-url': [{ kind: 'unknown-url', message }],
  'method-not-allowed': [{ kind: 'method-not-allowed', message, allow: ['GET'] }],
  'model-not-found': [{ kind: 'model-not-found', model: 'm', suggestions: [] }],
  'request-timeout': [{ kind: 'request-timeout', message }],
  'too-large': [{ kind: 'too-large', limitBytes: 1 }],
  'headers-too-large': [{ kind: 'headers-too-large', message }],
  'unsupported-media-type': [{ kind: 'unsupported-media-type', message }],
  'rate-limited': [{ kind: 'rate-limited', message, retryAfterMs: 1 }],
  guessing: [{ kind: 'guessing', message, retryAfterMs: 1 }],
  overloaded: [{ kind: 'overloaded', message }],
  draining: [{ kind: 'draining' }],
  'upstream-rejected': [{ kind: 'upstream-rejected', status: 409, message }],
  'upstream-auth': [{ kind: 'upstream-auth', message }],
  // Their codes are said by Ollama's dialect: below.
  'model-failed': [],
  'upstream-unreachable': keysOf<Unreachable>({
    refused: 0,
    dns: 0,
    tls: 0,
    'connect-timeout': 0,
    reset: 0,
  }).map((reason) => ({ kind: 'upstream-unreachable', reason })),
  'upstream-timeout': [{ kind: 'upstream-timeout', phase: 'answer', waitedMs: 1 }],
  'upstream-malformed': [{ kind: 'upstream-malformed', message }],
  'upstream-truncated': [{ kind: 'upstream-truncated' }],
  'client-closed': [{ kind: 'client-closed' }],
  internal: [{ kind: 'internal' }],
}

/** What Ollama was heard to refuse, and what it says when a load or a runner fails. */
const REFUSED: readonly Failure[] = [
  ...['errors', 'chat'].flatMap((folder) =>
    recordingsUnder(folder)
      .filter(({ response }) => response.status !== 200)
      .map(({ response, bytes }) => ({ status: response.status, body: bytes.toString('utf8') })),
  ),
  ...[
    'model requires more system memory (9 GiB) than is available (4 GiB)',
    'unable to load model: /models/blobs/sha256-0',
    'model runner has unexpectedly stopped, this may be due to resource limitations',
    "error parsing tool call: raw='{\"', err=unexpected end of JSON input",
  ].map((error) => ({ status: 500, body: JSON.stringify({ error }) })),
].map((reply) => decodeError(reply, 'm'))

const FAILURES: readonly Failure[] = [...Object.values(SAMPLES).flat(), ...REFUSED]

describe('errors', () => {
  /** By code, the statuses of its row. */
  const documented = new Map(
    tableRows(README, 'status').flatMap(([status = '', codes = '']) =>
      codeSpans(codes).map((code) => [code, status.split(', ')] as const),
    ),
  )

  test('have every code in the README, and no other', () => {
    const said = new Set([
      ...FAILURES.map((failure) => encodeError(failure).error.code ?? ''),
      ...codesInSources(),
    ])
    // Nobody is left to hear it.
    said.delete('client_closed_request')
    expect([...documented.keys()].toSorted()).toEqual([...said].toSorted())
  })

  const heard = new Map(
    FAILURES.filter(({ kind }) => kind !== 'client-closed').map((failure) => {
      const { status, error } = encodeError(failure)
      const code = error.code ?? ''
      return [`${failure.kind} ${status} ${code}`, { kind: failure.kind, status, code }] as const
    }),
  )

  test.each([...heard.values()])('have the status $status for $code there, when $kind', (error) => {
    const { kind, status, code } = error
    const own = kind === 'upstream-rejected' ? ["the Ollama's"] : []
    expect(documented.get(code)).toEqual(
      expect.arrayContaining([expect.toBeOneOf([String(status), ...own])]),
    )
  })
})
