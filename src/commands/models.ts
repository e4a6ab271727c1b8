/** `tolk models [--json]`: the catalog as a table, or as GET /v1/models gives it. */
import { explainHidden, type Catalog } from '../catalog/catalog.ts'
import type { ModelCard } from '../catalog/model-card.ts'
import type { Config } from '../config/config.ts'
import { encodeModelList } from '../dialects/openai/model-list.ts'
import { createLog } from '../log.ts'
import { connect } from '../serve.ts'
import { describeFailure } from './describe-failure.ts'
import type { Print } from './print.ts'

export const modelsCommand = async (
  config: Config,
  asJson: boolean,
  print: Print,
): Promise<number> => {
  const { catalog, close } = connectOnce(config)
  try {
    await catalog.started
    const { knowledge, failure } = catalog.state()
    if (knowledge === 'none' && failure !== undefined) {
      print(`No models: ${describeFailure(failure)}\n`)
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
    await close()
  }
}

const connectOnce = (config: Config) => {
  const connected = connect(config, createLog('silent'))
  return { catalog: connected.catalog, close: () => connected.close() }
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
  [...card.capabilities].filter((can) => can !== 'completion').join(', '),
]
