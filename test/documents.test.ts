/** The documents name what is there: files, links, variables, and configurations that load. */
import { existsSync, globSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { expect, test } from 'vitest'
import { loadConfig } from '../src/config/load.ts'
import { optionTable } from '../src/config/option-table.ts'
import { certificates } from './support/certificates.ts'
import { codeSpans, documentAt, ROOT, snippets, tableRows } from './support/documents.ts'
import { sourceFiles } from './support/source.ts'

const found = (...patterns: readonly string[]): readonly string[] =>
  globSync(patterns, { cwd: ROOT }).toSorted()

const DOCUMENTS = found('*.md', '.github/*.md', 'docker/*.md', 'src/**/*.md', 'test/**/*.md')

test('there are those that a newcomer looks for', () => {
  const expected = ['README.md', 'src/README.md', 'test/README.md', 'docker/README.md']
  expect(DOCUMENTS).toEqual(expect.arrayContaining([...expected, '.github/SECURITY.md']))
})

test.each(DOCUMENTS)('%s links to files that are there', (path) => {
  const links = [...documentAt(path).matchAll(/\]\((?!https?:|#)([^)#]+)/g)]
  const targets = links.map(([, target = '']) => target)
  expect(targets.filter((target) => !existsSync(join(ROOT, dirname(path), target)))).toEqual([])
})

test.each([...new Set([...DOCUMENTS, ...found('docker/*')])])(
  '%s names variables that tolk knows',
  (path) => {
    const known = new Set(['TOLK_CONFIG', ...optionTable().map(({ environment }) => environment)])
    const named = [...documentAt(path).matchAll(/\bTOLK_[A-Z0-9_]+\b/g)].map(([name]) => name)
    expect(named.filter((name) => !known.has(name))).toEqual([])
  },
)

test.each(
  DOCUMENTS.flatMap((path) =>
    snippets('json5', documentAt(path)).map(({ text, line }) => ({ path, line, text })),
  ),
)('the configuration at $path:$line loads, and counts', ({ text }) => {
  const { settings } = loadConfig({
    environment: { OLLAMA_API_KEY: 'from-the-environment' },
    readFile: (file) => {
      if (file.endsWith('tolk.json5')) return text
      return file.endsWith('.pem') ? certificates.ca : 'from-a-file\n'
    },
  })
  const inForce = settings.filter(({ origin }) => origin.kind === 'file')
  expect(inForce.map(({ name }) => name)).toContain('upstreams.ollama.baseUrl')
})

test.each(['src/', 'test/'])('%sREADME.md names no file or folder that is not there', (folder) => {
  const named = codeSpans(documentAt(`${folder}README.md`)).filter((code) => PATH.test(code))
  expect(named.length).toBeGreaterThan(20)
  expect(named.filter((name) => !isIn(folder, name))).toEqual([])
})

const PATH = /^[\w./-]+(?:\.(?:ts|md)|\/)$/

/** A path may begin at the document's folder, or at the repository's. */
const isIn = (folder: string, name: string): boolean =>
  existsSync(join(ROOT, folder, name)) || existsSync(join(ROOT, name))

test('src/README.md leads to every source file', () => {
  const named = new Set(codeSpans(documentAt('src/README.md')))
  const sources = sourceFiles().map(({ path }) => path)
  expect(sources.length).toBeGreaterThan(100)
  expect(sources.filter((path) => !named.has(path))).toEqual([])
})

const FAILURES = tableRows(documentAt('src/README.md'), 'kind').map(
  ([kinds = '', origins = '']) => ({
    kinds: codeSpans(kinds),
    files: codeSpans(origins).filter((code) => PATH.test(code)),
  }),
)

test.each(FAILURES)('src/README.md tells where $kinds come from', ({ kinds, files }) => {
  // Where failures are listed, and where they are put into a client's words.
  const others = new Set(['failure.ts', 'dialects/openai/error.ts'])
  const makers = sourceFiles().filter(
    ({ path, text }) => !others.has(path) && kinds.some((kind) => text.includes(`kind: '${kind}'`)),
  )
  expect(files.toSorted()).toEqual(makers.map(({ path }) => path).toSorted())
})

test('src/README.md knows every failure', () => {
  const kinds = [...documentAt('src/failure.ts').matchAll(/readonly kind: '([a-z-]+)'/g)]
  expect(FAILURES.flatMap((row) => row.kinds).toSorted()).toEqual(
    kinds.map(([, kind = '']) => kind).toSorted(),
  )
})

test('test/README.md tells of every folder, and of everything in support', () => {
  const named = new Set(codeSpans(documentAt('test/README.md')))
  const folders = found('test/*/').map((path) => `${path.replace('test/', '')}/`)
  const support = found('test/support/*.ts').map((path) => path.replace('test/', ''))
  expect([...folders, ...support].filter((path) => !named.has(path))).toEqual([])
})
