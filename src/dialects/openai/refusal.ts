/** How a request is refused: the failures that name a param, in the words of OpenAI's errors. */
import { Failed } from '../../failure.ts'

/** The value has the right type but cannot be meant; `expectation` says what can. */
export const invalid = (param: string, expectation: string): Failed =>
  new Failed({
    kind: 'invalid-request',
    message: `Invalid value for '${param}': ${expectation}`,
    param,
    code: 'invalid_value',
  })

/** What must be there is not. */
export const missing = (param: string): Failed =>
  new Failed({
    kind: 'invalid-request',
    message: `Missing required parameter: '${param}'.`,
    param,
    code: 'missing_required_parameter',
  })

/** The API knows it, tolk cannot honour it; `sentence` says what to do instead. */
export const unsupported = (param: string, sentence: string): Failed =>
  new Failed({ kind: 'unsupported-parameter', message: sentence, param })

/** Refuses the first of what would have no effect, where the operator wants no such thing sent. */
export const refuseIgnored = ([name]: readonly string[]): void => {
  if (name === undefined) return
  const shown = name.slice(0, 64)
  throw unsupported(shown, `'${shown}' would have no effect here: leave it out.`)
}
