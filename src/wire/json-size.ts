/** How deep and how many: JSON text measured before it is parsed, because some of it costs far more than its length. */
import {
  CLOSE_BRACE,
  CLOSE_BRACKET,
  COLON,
  COMMA,
  OPEN_BRACE,
  OPEN_BRACKET,
  QUOTE,
} from './json-characters.ts'
import { endOfString } from './json-string.ts'

export type JsonLimits = {
  /** How deep objects and lists may be nested. */
  readonly maxJsonDepth: number
  /** How many tokens there may be: strings, opening brackets, colons and commas. */
  readonly maxJsonTokens: number
}

/**
 * The first limit that the text exceeds, or null. What is no JSON is measured too, and left to the parser.
 *
 * One pass, strings jumped over: 20 MB of one image take 1 ms, 20 MB of blanks 100 ms. Unmeasured, 20 MB
 * of `1,` and one long number held up everybody for nine seconds (reliability M16).
 */
export const exceeded = (text: string, limits: JsonLimits): keyof JsonLimits | null => {
  const { maxJsonDepth, maxJsonTokens } = limits
  let depth = 0
  let tokens = 0
  for (let at = 0; at < text.length; at++) {
    switch (text.charCodeAt(at)) {
      case QUOTE:
        tokens++
        at = endOfString(text, at) - 1
        break
      case OPEN_BRACE:
      case OPEN_BRACKET:
        tokens++
        if (++depth > maxJsonDepth) return 'maxJsonDepth'
        break
      case CLOSE_BRACE:
      case CLOSE_BRACKET:
        depth--
        break
      case COMMA:
      case COLON:
        tokens++
        break
    }
    if (tokens > maxJsonTokens) return 'maxJsonTokens'
  }
  return null
}
