/** Reads the text of a scrape as strictly as its format is written, and finds figures in it. */

export type Figure = {
  readonly name: string
  readonly labels: Readonly<Record<string, string>>
  readonly value: number
}

/** @throws at a line that the text format 0.0.4 does not know, or one that stands apart from its metric. */
export const readMetrics = (text: string): readonly Figure[] => {
  if (!text.endsWith('\n')) throw new Error('the last line has no end')
  const seen = new Set<string>()
  let metric = ''
  const figures: Figure[] = []
  const keys = new Set<string>()
  for (const line of text.split('\n').filter((each) => each !== '')) {
    const [, keyword, name = ''] = COMMENT.exec(line) ?? []
    if (keyword === 'HELP') {
      if (seen.has(name)) throw new Error(`${name} is described twice`)
      seen.add(name)
      metric = name
    } else if (keyword === 'TYPE') {
      if (name !== metric) throw new Error(`the type of ${name} is not below its help`)
    } else {
      const [, own = '', labels = '', value = ''] = SAMPLE.exec(line) ?? []
      if (own.replace(/_(bucket|sum|count)$/, '') !== metric && own !== metric) {
        throw new Error(`below ${metric} stands: ${line}`)
      }
      const key = `${own}{${labels}}`
      if (keys.has(key)) throw new Error(`${key} is said twice`)
      keys.add(key)
      figures.push({ name: own, labels: readLabels(labels), value: numberOf(value) })
    }
  }
  return figures
}

/** The sum of a metric's figures that have these labels. */
export const sumOf = (
  figures: readonly Figure[],
  name: string,
  labels: Readonly<Record<string, string>> = {},
): number =>
  figures
    .filter((figure) => figure.name === name)
    .filter((figure) =>
      Object.entries(labels).every(([label, value]) => figure.labels[label] === value),
    )
    .reduce((sum, { value }) => sum + value, 0)

/** Every value that a metric has of a label. */
export const valuesOf = (
  figures: readonly Figure[],
  name: string,
  label: string,
): ReadonlySet<string | undefined> =>
  new Set(figures.filter((figure) => figure.name === name).map(({ labels }) => labels[label]))

const COMMENT = /^# (HELP|TYPE) ([a-zA-Z_:][a-zA-Z0-9_:]*) \S/
const LABEL = '[a-zA-Z_][a-zA-Z0-9_]*="(?:[^"\\\\\\n]|\\\\["\\\\n])*"'
const SAMPLE = new RegExp(
  `^([a-zA-Z_:][a-zA-Z0-9_:]*)(?:\\{(${LABEL}(?:,${LABEL})*)\\})? (-?(?:[0-9.]+(?:e[+-]?[0-9]+)?|Nan|\\+?Inf))$`,
)

const readLabels = (text: string): Readonly<Record<string, string>> =>
  Object.fromEntries(
    [...text.matchAll(/([a-zA-Z0-9_]+)="((?:[^"\\]|\\.)*)"/g)].map(([, name = '', value = '']) => [
      name,
      value,
    ]),
  )

const numberOf = (text: string): number => (text === 'Nan' ? Number.NaN : Number(text))
