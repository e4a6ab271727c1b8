/** JSON as Go's encoder writes it: compact, with `<`, `>`, `&` and two line separators escaped. */

/** @returns what `encoding/json` would write for `value`, which is why recordings say `\u003c`. */
export const goJson = (value: unknown): string =>
  JSON.stringify(value).replaceAll(/[<>&\u2028\u2029]/g, escaped)

const escaped = (character: string): string =>
  `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`
