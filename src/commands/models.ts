/** `tolk models [--json]`: the catalog as a table, or as GET /v1/models gives it. */
import { explainHidden, type Catalog } from '../catalog/catalog.ts'
import type { ModelCard } from '../catalog/model-card.ts'
import type { Loaded } from '../config/load.ts'
import { encodeModelList } from '../dialects/openai/model-list.ts'
import { createLog } from '../log.ts'
import { connect } from '../serve.ts'
import { describeFailure } from './describe-failure.ts'
import type { Print } from './print.ts'

/** @param complain takes what went wrong: what is printed may be read by a program. */
export const modelsCommand = async (
  { config, warnings }: Loaded,
  asJson: boolean,
  print: Print,
  complain: Print,
): Promise<number> => {
  for (const warning of warnings) complain(`${warning}\n`)
  const connected = connect(config, createLog('silent'))
  const { catalog } = connected
  try {
    // Explicit models are known without anybody's answer.
    if (config.upstream.models === null) await catalog.started
    const { knowledge, failure } = catalog.state()
    if (knowledge === 'none' && failure !== undefined) {
      complain(`No models: ${describeFailure(failure)}\n`)
      return 1
    }
    const found = catalog.current()
    print(
      asJson
        ? `${JSON.stringify(encodeModelList(found.listed(), config.catalog), null, 2)}\n`
        : table(found),
    )
    return 0
  } finally {
    await connected.close()
  }
}

const HEADINGS = ['MODEL', 'WINDOW', 'SERVED', 'CAN'] as const

const table = (catalog: Catalog): string => {
  const rows = [HEADINGS, ...catalog.listed().map(rowOf)]
  const widths = HEADINGS.map((_, column) =>
    Math.max(...rows.map((row) => row[column]?.length ?? 0)),
  )
  const lines = rows.map((row) =>
    row
      .map((cell, column) => cell.padEnd(widths[column] ?? 0))
      .join('  ')
      .trimEnd(),
  )
  const hidden = explainHidden(catalog.hidden())
  return `${lines.join('\n')}\n${hidden === '' ? '' : `\n${hidden}.\n`}`
}

const rowOf = (card: ModelCard): readonly string[] => [
  card.name,
  String(card.contextWindow),
  String(card.servedWindow),
  // A question mark: it may be able to do more.
  [...card.capabilities, ...(card.certain ? [] : ['?'])]
    .filter((can) => can !== 'completion')
    .join(', '),
]
