/**
 * Octets: text as the wire carries it, UTF-8, one byte to a character of a string.
 *
 * What is only cut, joined and passed on need not be understood: V8 keeps such a string one byte wide,
 * and a socket takes it as `latin1`, a plain copy. Whoever reads what it says decodes it first.
 */

/** How many bytes become characters at a time: an argument list has its limit. */
const STRIDE = 8192

const UTF8_IN = new TextEncoder()
/** A byte order mark is not its business, and bytes that are no UTF-8 become U+FFFD. */
const UTF8_OUT = new TextDecoder('utf-8', { ignoreBOM: true })

/** Text → octets. A lone surrogate becomes U+FFFD, as in every encoder of UTF-8. */
export const toOctets = (text: string): string => {
  if (isAscii(text)) return text
  const bytes = UTF8_IN.encode(text)
  let octets = ''
  for (let at = 0; at < bytes.length; at += STRIDE) {
    octets += String.fromCharCode(...bytes.subarray(at, at + STRIDE))
  }
  return octets
}

/** Octets → text. */
export const fromOctets = (octets: string): string => {
  if (isAscii(octets)) return octets
  const bytes = new Uint8Array(octets.length)
  for (let at = 0; at < bytes.length; at++) bytes[at] = octets.charCodeAt(at)
  return UTF8_OUT.decode(bytes)
}

/** ASCII is the same in both. */
const isAscii = (text: string): boolean => !/[\u0080-\uffff]/.test(text)
