/**
 * The fast lane: a token's line of the plain shape, read without parsing it.
 *
 * Nearly every line of an answer is one token in just these keys and this order (`api/types.go:
 * ChatResponse`, 0.33). One anchored expression proves the shape and finds the text in 0.1 µs, where
 * JSON.parse and the schema take 0.7 µs. Whatever it does not match takes the
 * ordinary way, which it must agree with: `test/dialects/ollama/plain-line.test.ts` compares the two.
 */
import type { Reasoning, Text } from '../../chat/event.ts'

/** The inside of a JSON string without escapes, and one with them; both linear, without backtracking. */
const BARE = String.raw`[^"\\\x00-\x1f]*`
const ESCAPED = String.raw`${BARE}(?:\\.${BARE})*`

const PLAIN = new RegExp(
  String.raw`^\{"model":"${BARE}","created_at":"${BARE}","message":\{"role":"assistant",` +
    String.raw`"content":"(${ESCAPED})"(?:,"thinking":"(${ESCAPED})")?\},"done":false\}$`,
)

/** A token's line has some 150 characters; V8's expressions run out of stack on millions of escapes. */
const LONGEST = 4096

/** @returns what the line says, or `null` when that takes a closer look. */
export const readPlainLine = (line: string): Reasoning | Text | null => {
  const match = line.length > LONGEST ? null : PLAIN.exec(line)
  if (match === null) return null
  const [, content = '', thinking = ''] = match
  // Both at once are two events, neither is none.
  if ((content === '') === (thinking === '')) return null
  const text = unescaped(content + thinking)
  if (text === null) return null
  return content === '' ? { type: 'reasoning', text } : { type: 'text', text }
}

/** `null` for an escape that JSON does not know. */
const unescaped = (inside: string): string | null => {
  if (!inside.includes('\\')) return inside
  try {
    const text: unknown = JSON.parse(`"${inside}"`)
    return typeof text === 'string' ? text : null
  } catch {
    return null
  }
}
