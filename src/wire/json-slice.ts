/** The text of values inside a JSON text, untouched: their digits, their key order, their escapes. */
import { endOfString } from './json-string.ts'

/**
 * Finds the value under these keys, each inside the one before, in a JSON text that is known to be
 * valid, and returns its source text without the white space around it; `undefined` when there is
 * none. Of a key given twice the last counts, as for `JSON.parse`. Linear in the text, no recursion.
 */
export const jsonSlice = (text: string, keys: readonly string[]): string | undefined => {
  let at = skipSpace(text, 0)
  for (const key of keys) {
    at = memberAt(text, at, key)
    if (at === -1) return undefined
  }
  return text.slice(at, skipValue(text, at))
}

/**
 * As {@link jsonSlice}, for every element of an array; empty for a value that is none. In one go: a
 * line with thousands of tool calls would be read thousands of times if each were asked for alone.
 */
export const jsonElements = (text: string): string[] => {
  const elements: string[] = []
  const start = skipSpace(text, 0)
  if (text[start] !== '[') return elements
  let at = skipSpace(text, start + 1)
  while (at < text.length && text[at] !== ']') {
    const end = skipValue(text, at)
    elements.push(text.slice(at, end))
    at = skipSpace(text, end)
    if (text[at] === ',') at = skipSpace(text, at + 1)
  }
  return elements
}

const memberAt = (text: string, start: number, name: string): number => {
  if (text[start] !== '{') return -1
  let found = -1
  let at = skipSpace(text, start + 1)
  while (at < text.length && text[at] !== '}') {
    const keyEnd = endOfString(text, at)
    const value = skipSpace(text, skipSpace(text, keyEnd) + 1)
    if (JSON.parse(text.slice(at, keyEnd)) === name) found = value
    at = skipSpace(text, skipValue(text, value))
    if (text[at] === ',') at = skipSpace(text, at + 1)
  }
  return found
}

const skipSpace = (text: string, start: number): number => {
  let at = start
  while (text[at] === ' ' || text[at] === '\n' || text[at] === '\r' || text[at] === '\t') at++
  return at
}

/** Where the value that begins at `start` ends: brackets are counted, strings jumped over. */
const skipValue = (text: string, start: number): number => {
  let depth = 0
  for (let at = start; at < text.length;) {
    const char = text[at]
    if (char === '"') {
      at = endOfString(text, at)
      if (depth === 0) return at
      continue
    }
    if (char === '{' || char === '[') depth++
    else if (char === '}' || char === ']') {
      if (depth === 0) return at
      depth--
      if (depth === 0) return at + 1
    } else if (
      depth === 0 &&
      (char === ',' || char === ' ' || char === '\n' || char === '\r' || char === '\t')
    ) {
      return at
    }
    at++
  }
  return text.length
}
