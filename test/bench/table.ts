/** A table of the report: for a terminal, and for a document. */

export type Table = {
  readonly columns: readonly string[]
  readonly rows: readonly (readonly string[])[]
}

/** Columns of numbers end at the right, all others begin at the left. */
export const terminalTable = ({ columns, rows }: Table): string => {
  const lines = [columns, ...rows]
  const widths = columns.map((_, at) => Math.max(...lines.map((line) => (line[at] ?? '').length)))
  const isNumeric = columns.map((_, at) => holdsNumbers(rows, at))
  const cells = (line: readonly string[]): readonly string[] =>
    widths.map((width, at) => {
      const cell = line[at] ?? ''
      return isNumeric[at] === true ? cell.padStart(width) : cell.padEnd(width)
    })
  return lines.map((line) => `  ${cells(line).join('  ').trimEnd()}\n`).join('')
}

export const markdownTable = ({ columns, rows }: Table): string => {
  const rule = columns.map((_, at) => (holdsNumbers(rows, at) ? '---:' : '---'))
  return [columns, rule, ...rows].map(markdownLine).join('')
}

const holdsNumbers = (rows: Table['rows'], at: number): boolean =>
  rows.length > 0 && rows.every((row) => /^(?:[≤≥] |-)?\d|^–$/.test(row[at] ?? ''))

const markdownLine = (cells: readonly string[]): string =>
  `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |\n`
