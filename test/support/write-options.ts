/**
 * Writes the option tables into README.md: `node test/support/write-options.ts`. They are made from the
 * schema, so that the manual is written once; a test fails when the README has others.
 */
import { writeFileSync } from 'node:fs'
import { nodeAt } from '../../src/config/json-schema.ts'
import { optionTable, type OptionRow } from '../../src/config/option-table.ts'
import { UPSTREAM_NAME } from '../../src/config/options.ts'
import { documentAt, ROOT } from './documents.ts'

const MARKED = /(?<=^<!-- options:[^\n]*-->\n)[\s\S]*?(?=^<!-- \/options -->$)/m

/** The README with the tables as they should be. @throws when it has no place for them. */
export const withOptions = (readme: string): string => {
  if (!MARKED.test(readme)) throw new Error('README.md has lost its markers for the options')
  return readme.replace(MARKED, () => `\n${sections()}\n`)
}

/** A table for each section of the file. */
const sections = (): string => {
  const rows = optionTable()
  const names = new Set(rows.map(({ path }) => sectionOf(path)))
  return [...names].map((name) => section(name, rows)).join('\n')
}

const sectionOf = (path: string): string => {
  const [first = '', second] = path.split('.')
  return second === UPSTREAM_NAME ? `${first}.${second}` : first
}

const section = (name: string, all: readonly OptionRow[]): string => {
  const rows = all.filter(({ path }) => sectionOf(path) === name)
  const meaning = nodeAt([name.replace(`.${UPSTREAM_NAME}`, '')])?.description ?? ''
  return [
    `**\`${name}\`**: ${meaning}\n`,
    '| option | default | meaning |',
    '|---|---|---|',
    ...rows.map((row) => tableRow(row, name, all)),
    '',
  ].join('\n')
}

/** A pipe would end the cell, and HTML would be read as such. */
const cell = (text: string): string =>
  text.replaceAll('|', '\\|').replaceAll(/<(\/?think)>/g, '`<$1>`')

const tableRow = (row: OptionRow, name: string, all: readonly OptionRow[]): string => {
  const names = [row.path.slice(name.length + 1), row.environment, row.flag].filter(
    (each) => each !== null,
  )
  const cells = [names.map(code).join('<br>'), defaultOf(row), meaningOf(row, all)]
  return `| ${cells.map(cell).join(' | ')} |`
}

const code = (text: string): string => `\`${text}\``

/** The default, and the other words that may be chosen. */
const defaultOf = ({ path, default: value }: OptionRow): string => {
  if (value === null) return ''
  const amount = readable(path, Number(value))
  const words = (nodeAt(path.split('.'))?.enum ?? []).map((word) => JSON.stringify(word))
  return [
    amount === null ? code(value) : `${code(value)} (${amount})`,
    ...words.filter((word) => word !== value).map((word) => `or ${code(word)}`),
  ].join('<br>')
}

/** Milliseconds and bytes, as people say them; null for what is no such number, or is short. */
const readable = (path: string, value: number): string | null => {
  const units = path.endsWith('Ms') ? TIMES : path.endsWith('Bytes') ? SIZES : []
  const unit = units.find(({ size }) => value >= size && value % size === 0)
  return unit === undefined ? null : `${value / unit.size} ${unit.name}`
}

const TIMES = [
  { size: 3_600_000, name: 'h' },
  { size: 60_000, name: 'min' },
  { size: 1000, name: 's' },
]
const SIZES = [{ size: 1024 * 1024, name: 'MiB' }]

/** A model's own entry and the rules for many say the same of a field: once is enough. */
const meaningOf = ({ path, description }: OptionRow, all: readonly OptionRow[]): string => {
  const first = all.find((other) => other.description === description)?.path ?? path
  return first === path ? description : `As ${code(first)}.`
}

if (import.meta.main) {
  writeFileSync(`${ROOT}README.md`, withOptions(documentAt('README.md')))
}
