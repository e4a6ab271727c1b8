/** How deep and how many: JSON text measured before it is parsed, because some of it costs far more than its length. */
import {
  BACKSLASH,
  BLANK,
  CLOSE_BRACE,
  CLOSE_BRACKET,
  COLON,
  COMMA,
  NINE,
  OPEN_BRACE,
  OPEN_BRACKET,
  QUOTE,
} from './json-characters.ts'

export type JsonLimits = {
  /** How deep objects and lists may be nested. */
  readonly maxJsonDepth: number
  /**
   * How many tokens there may be: strings, opening brackets, colons and commas; a number that a double may
   * not hold is {@link UNUSUAL_TOKENS} more.
   */
  readonly maxJsonTokens: number
}

/** Hears of the lists that are members of the outermost object; `at` is a place in the text being fed. */
export type ListMarks = {
  /** The list's first place, behind its bracket. */
  opens(at: number): void
  /** The comma behind an element. */
  comma(at: number): void
  /** Whatever bracket ends it. */
  closes(at: number): void
}

/**
 * Measures a text as it comes. What is no JSON is measured too, and left to the parser.
 *
 * One pass, strings jumped over: 20 MB of one image take 1 ms, 20 MB of blanks 100 ms. Unmeasured, 20 MB
 * of `1,` and one long number held up everybody for nine seconds (reliability M16).
 */
export class JsonMeter {
  /** Whether there was a number that a double may not hold; whoever has acted on it may take it back. */
  unusualNumbers = false
  readonly #limits: JsonLimits
  readonly #marks: ListMarks | undefined
  #depth = 0
  #tokens = 0
  /** How many tokens there may be by the end of what is parsed at once. */
  #most: number
  /** Those outside of the lists so far: their text is parsed as one, at the end. */
  #outside = 0
  /** How many there were at the last mark. */
  #marked = 0
  #isObject = false
  #isInList = false
  #isInString = false
  /** How many backslashes the text so far ends with, inside a string. */
  #backslashes = 0
  /** Digits, points and signs since the last comma. */
  #digits = 0

  constructor(limits: JsonLimits, marks?: ListMarks) {
    this.#limits = limits
    this.#marks = marks
    this.#most = limits.maxJsonTokens
    this.#mark(0, 0)
  }

  /** @returns the first limit that the text so far exceeds, or null. */
  feed(text: string): keyof JsonLimits | null {
    const { maxJsonDepth } = this.#limits
    let tokens = this.#tokens
    let digits = this.#digits
    for (let at = this.#isInString ? this.#endOfString(text, 0) : 0; at < text.length; at++) {
      const code = text.charCodeAt(at)
      switch (code) {
        case QUOTE:
          tokens++
          at = this.#endOfString(text, at + 1) - 1
          break
        case OPEN_BRACE:
        case OPEN_BRACKET:
          tokens++
          if (++this.#depth > maxJsonDepth) return 'maxJsonDepth'
          if (this.#depth <= 2) this.#opens(code, at, tokens)
          break
        case CLOSE_BRACE:
        case CLOSE_BRACKET:
          if (this.#depth-- === 2 && this.#isInList) this.#closes(at, tokens)
          break
        case COMMA:
          tokens++
          digits = 0
          if (this.#isInList && this.#depth === 2) {
            this.#mark(tokens, 0)
            this.#marks?.comma(at)
          }
          break
        case COLON:
          tokens++
          break
        case SMALL_E:
        case LARGE_E:
          // Not the one of `true` and `false`, which follows no digit.
          if (digits > 0) {
            this.unusualNumbers = true
            tokens += UNUSUAL_TOKENS
          }
          break
        default:
          if (code > BLANK && code <= NINE && ++digits === UNUSUAL_DIGITS) {
            this.unusualNumbers = true
            tokens += UNUSUAL_TOKENS
          }
      }
      if (tokens > this.#most) return 'maxJsonTokens'
    }
    this.#tokens = tokens
    this.#digits = digits
    return null
  }

  #opens(code: number, at: number, tokens: number): void {
    if (this.#depth === 1) this.#isObject = code === OPEN_BRACE
    else if (this.#isObject && code === OPEN_BRACKET) {
      this.#isInList = true
      this.#outside += tokens - this.#marked
      this.#mark(tokens, 0)
      this.#marks?.opens(at + 1)
    }
  }

  #closes(at: number, tokens: number): void {
    this.#isInList = false
    this.#mark(tokens, this.#outside)
    this.#marks?.closes(at)
  }

  /** What follows is parsed by itself, or with so many tokens that came before. */
  #mark(tokens: number, before: number): void {
    const { maxJsonTokens } = this.#limits
    this.#marked = tokens
    if (this.#marks === undefined) return
    const atOnce = Math.max(LEAST_AT_ONCE, maxJsonTokens / 5)
    this.#most = Math.min(maxJsonTokens, tokens + atOnce - before)
  }

  /** The place behind the quote that closes the string we are in; the text's end when it is not there yet. */
  #endOfString(text: string, start: number): number {
    if (start > 0) this.#backslashes = 0
    for (let from = start; ;) {
      const quote = text.indexOf('"', from)
      const end = quote === -1 ? text.length : quote
      let before = end
      while (before > from && text.charCodeAt(before - 1) === BACKSLASH) before--
      // What the text before ended with counts where this one has nothing else in front of the quote.
      const backslashes = end - before + (before === 0 ? this.#backslashes : 0)
      this.#isInString = quote === -1
      this.#backslashes = quote === -1 ? backslashes : 0
      if (quote === -1 || backslashes % 2 === 0) return end + (quote === -1 ? 0 : 1)
      from = quote + 1
    }
  }
}

/**
 * Whether a text whose sender set no limits may be parsed: a short one may whatever it holds, a long one where
 * it is mostly text.
 */
export const isModest = (text: string, limits = MODEST): boolean =>
  text.length <= SHORT || new JsonMeter(limits).feed(text) === null

/** UTF-16 code units. */
const SHORT = 64 * 1024
const MODEST: JsonLimits = { maxJsonDepth: 256, maxJsonTokens: 500_000 }

/**
 * So many tokens may always be parsed at once, and else a fifth of all: one message or tool of half a million
 * would hold up everybody for a tenth of a second.
 */
const LEAST_AT_ONCE = 100_000
/** To keep all digits of a number costs about as much as so many tokens. */
const UNUSUAL_TOKENS = 8
/** From so many on a double may not keep each of them. */
const UNUSUAL_DIGITS = 16
const SMALL_E = 0x65
const LARGE_E = 0x45
