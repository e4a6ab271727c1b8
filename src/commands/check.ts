/** `tolk check`: the effective configuration, secrets masked, each value with where it came from. */
import { explain } from '../config/explain.ts'
import type { Loaded } from '../config/load.ts'
import type { Print } from './print.ts'

export const checkCommand = (loaded: Loaded, print: Print): number => {
  const file = loaded.file ?? 'no file: neither tolk.json5 nor --config'
  const warnings = loaded.warnings.flatMap((warning) => ['', warning])
  print(`${[`Configuration (${file})`, '', ...explain(loaded.settings), ...warnings].join('\n')}\n`)
  return 0
}
