/**
 * Writes the lists of `.github/DEPENDENCIES.md` and prints them: `npm run licences`. They are made from the lockfile;
 * a test fails when the document has others, when a package has no reason here, or a licence that nobody agreed to.
 */
import { writeFileSync } from 'node:fs'
import { documentAt, ROOT } from './documents.ts'
import { lockedPackages, manifest, unlicensed, type Locked } from './lockfile.ts'

const DOCUMENT = '.github/DEPENDENCIES.md'

/** Why a package is here that tolk itself names. */
const REASONS: Readonly<Record<string, string>> = {
  '@hono/node-server': 'hono on Node’s own server',
  'eventsource-parser': 'the demo reads streams with a parser that is not ours; the tests do too',
  hono: 'routes and middleware of the server',
  json5: 'the configuration file: JSON with comments',
  pino: 'log lines of JSON, written without waiting',
  'prom-client': 'metrics in Prometheus’s words; loaded only where `metrics.port` is set',
  zod: 'what comes from outside is checked before it is believed',
  '@types/node': 'Node’s types',
  'fast-check': 'inputs that nobody chose',
  node: 'the Node that checks, tests and builds run on, whatever the machine has',
  openai: 'the client that most programs use, as it is',
  oxfmt: 'format',
  oxlint: 'lint',
  'oxlint-tsgolint': 'lint that knows types',
  rolldown: 'makes the published program of the sources',
  typescript: 'type check',
  vitest: 'runs the tests',
}

/** What a package that tolk names is for. @throws when nobody has said. */
export const reasonFor = (name: string): string => {
  const reason = REASONS[name]
  if (reason === undefined) throw new Error(`say in REASONS what ${name} is for`)
  return reason
}

const MARKED = /(?<=^<!-- packages:[^\n]*-->\n)[\s\S]*?(?=^<!-- \/packages -->$)/m

/** The document with the lists as they should be. @throws when it has no place for them, or a package is not accounted for. */
export const withPackages = (document: string): string => {
  if (!MARKED.test(document)) throw new Error(`${DOCUMENT} has lost its markers for the packages`)
  return document.replace(MARKED, () => `\n${lists()}\n`)
}

const lists = (): string => {
  const packages = lockedPackages()
  const strange = unlicensed(packages)
  if (strange.length > 0) {
    const named = strange.map(({ name, licence }) => `${name} (${licence})`)
    throw new Error(`nobody has agreed to the licences of ${named.join(', ')}`)
  }
  const { dependencies, devDependencies } = manifest()
  const shipped = packages.filter(({ isTool }) => !isTool)
  const tools = packages.filter(({ isTool }) => isTool)
  const direct = shipped.filter(({ name }) => name in dependencies)
  const brought = shipped.filter(({ name }) => !(name in dependencies))
  return [
    `**In tolk**: ${direct.length} that it names`,
    table(direct, ({ name }) => reasonFor(name)),
    `and ${brought.length} that these bring`,
    table(brought, null),
    `**To work on tolk**: ${Object.keys(devDependencies).length} that it names`,
    table(
      tools.filter(({ name }) => name in devDependencies),
      ({ name }) => reasonFor(name),
    ),
    `and, of those that these bring, by licence: ${byLicence(tools)}.`,
  ].join('\n\n')
}

const table = (packages: readonly Locked[], reasonOf: ((one: Locked) => string) | null): string => {
  const rows = packages.map((one) => [
    `\`${one.name}\``,
    one.version,
    one.licence,
    ...(reasonOf === null ? [] : [reasonOf(one)]),
  ])
  const head = ['package', 'version', 'licence', ...(reasonOf === null ? [] : ['what for'])]
  return [head, head.map(() => '---'), ...rows]
    .map((cells) => `| ${cells.join(' | ')} |`)
    .join('\n')
}

const byLicence = (packages: readonly Locked[]): string => {
  const counts = new Map<string, number>()
  for (const { licence } of packages) counts.set(licence, (counts.get(licence) ?? 0) + 1)
  return [...counts]
    .toSorted(([one], [other]) => (one < other ? -1 : 1))
    .map(([licence, count]) => `${licence} ${count}`)
    .join(', ')
}

if (import.meta.main) {
  const document = withPackages(documentAt(DOCUMENT))
  writeFileSync(`${ROOT}${DOCUMENT}`, document)
  process.stdout.write(document)
}
