/** JSON of the client's that is passed on unread: what Ollama could not read is refused here, by name. */
import { invalid } from './refusal.ts'

/**
 * Holds a value that goes upstream as it is against what any JSON reader there can take.
 *
 * @throws Failed `invalid-request` for nesting beyond {@link MAX_DEPTH} levels, or for a number beyond
 *   the range of a double: Go answers those with an error about the whole body.
 */
export const assertReadable = (value: unknown, param: string): void => {
  const fault = faultOf(value, 0)
  if (fault !== null) throw invalid(param, fault)
}

/** Far more than schemas and arguments nest, far less than a stack holds. */
const MAX_DEPTH = 200

const faultOf = (value: unknown, depth: number): string | null => {
  if (typeof value !== 'object' || value === null) return null
  if (JSON.isRawJSON(value)) {
    return Number.isFinite(Number(value.rawJSON)) ? null : 'it holds a number that is too large.'
  }
  if (depth === MAX_DEPTH) return `it is nested deeper than ${MAX_DEPTH} levels.`
  for (const inner of Object.values(value)) {
    const fault = faultOf(inner, depth + 1)
    if (fault !== null) return fault
  }
  return null
}
