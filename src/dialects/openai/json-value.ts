/** JSON of the client's that is passed on unread: what Ollama could not read is refused here, by name. */
import { JsonMeter } from '../../wire/json-size.ts'
import { parseJson } from '../../wire/json.ts'
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

/** As many tokens as all of a body may have unless its operator says otherwise (`limits.maxJsonTokens`). */
const MAX_TOKENS = 500_000

/** Text that is short costs little to parse, whatever it holds; UTF-16 code units, of all texts together. */
const SHORT = 64 * 1024

/**
 * Reads the JSON that stands in strings of one request. Measured as the body was, and all of it together: in
 * there megabytes of `[` are one string to whoever measures the body, and seconds to whoever parses them.
 */
export class InnerJson {
  readonly #meter = new JsonMeter({ maxJsonDepth: MAX_DEPTH, maxJsonTokens: MAX_TOKENS })
  #length = 0

  /**
   * @param expectation for the client, where the text is no JSON.
   * @throws Failed `invalid-request`.
   */
  read(text: string, param: string, expectation: string): unknown {
    this.#length += text.length
    const limit = this.#length > SHORT ? this.#meter.feed(text) : null
    if (limit === 'maxJsonDepth') throw invalid(param, TOO_DEEP)
    if (limit === 'maxJsonTokens') throw invalid(param, TOO_MANY)
    try {
      return parseJson(text)
    } catch {
      throw invalid(param, expectation)
    }
  }
}

const TOO_DEEP = `it is nested deeper than ${MAX_DEPTH} levels.`
const TOO_MANY = `the calls of one conversation may hold ${MAX_TOKENS} tokens of JSON, and these hold more.`

const faultOf = (value: unknown, depth: number): string | null => {
  if (typeof value !== 'object' || value === null) return null
  if (JSON.isRawJSON(value)) {
    return Number.isFinite(Number(value.rawJSON)) ? null : 'it holds a number that is too large.'
  }
  if (depth === MAX_DEPTH) return TOO_DEEP
  for (const inner of Object.values(value)) {
    const fault = faultOf(inner, depth + 1)
    if (fault !== null) return fault
  }
  return null
}
