/** Escaped text: what stands between the quotes of a JSON string, in octets. It may go into any JSON as it is. */
import { fromOctets, toOctets } from './octets.ts'

/**
 * Text → escaped, in the one spelling that `JSON.stringify` has: whatever way a text came, it is given
 * out in the same bytes. Two that are joined are the escaped text of both.
 */
export const toEscaped = (text: string): string => toOctets(JSON.stringify(text).slice(1, -1))

/** Escaped → text. */
export const fromEscaped = (escaped: string): string => {
  if (!escaped.includes('\\')) return fromOctets(escaped)
  const text: unknown = JSON.parse(`"${fromOctets(escaped)}"`)
  return String(text)
}
