/** A table of the report: for a terminal, and for a document. */

export type Table = {
  readonly title: string
  readonly columns: readonly string[]
  readonly rows: readonly (readonly string[])[]
}

/** The first column begins at the left, all others end at the right. */
export const terminalTable = ({ columns, rows }: Table): string => {
  const lines = [columns, ...rows]
  const widths = columns.map((_, at) => Math.max(...lines.map((line) => (line[at] ?? '').length)))
  const cells = (line: readonly string[]): readonly string[] =>
    widths.map((width, at) =>
      at === 0 ? (line[at] ?? '').padEnd(width) : (line[at] ?? '').padStart(width),
    )
  return lines.map((line) => `  ${cells(line).join('  ').trimEnd()}\n`).join('')
}

export const markdownTable = ({ columns, rows }: Table): string => {
  const rule = columns.map((_, at) => (at === 0 ? '---' : '---:'))
  return [columns, rule, ...rows].map(markdownLine).join('')
}

const markdownLine = (cells: readonly string[]): string =>
  `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |\n`
