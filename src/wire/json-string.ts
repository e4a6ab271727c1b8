/** Where a string in a JSON text ends. */
import { BACKSLASH } from './json-characters.ts'

/** The place behind the closing quote of the string that begins at `start`; the text's end when it has none. */
export const endOfString = (text: string, start: number): number => {
  let end = text.indexOf('"', start + 1)
  while (end !== -1 && isEscaped(text, end)) end = text.indexOf('"', end + 1)
  return end === -1 ? text.length : end + 1
}

/** Backslashes escape each other: an odd run of them escapes the quote. */
const isEscaped = (text: string, quote: number): boolean => {
  let before = quote - 1
  while (text.charCodeAt(before) === BACKSLASH) before--
  return (quote - before) % 2 === 0
}
