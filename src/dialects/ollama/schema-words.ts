/** Keywords of a JSON Schema as short sentences, for a model to read in a description. */

/** A keyword that Ollama drops, and its value. */
export type Lost = readonly [keyword: string, value: unknown]

/** One sentence for each, in an order of its own: the same schema reads the same, however it is written. */
export const paragraph = (lost: readonly Lost[]): string =>
  lost
    .toSorted(([a], [b]) => placeOf(a) - placeOf(b))
    .map((each) => sentence(each))
    .join(' ')

/** `Exclusive minimum: 0.`; what is no plain text is JSON, each digit kept. */
export const sentence = ([keyword, value]: Lost): string =>
  `${spoken(keyword)}: ${AS_TEXT.has(keyword) && typeof value === 'string' ? value : JSON.stringify(value)}.`

/** Two descriptions as one; one that only repeats what is said adds nothing. */
export const joined = (first: string, second: string): string => {
  const text = first.trimEnd()
  if (text === '') return second
  if (second === '' || first === second) return first
  const end = /[.!?:;]/.test(text.slice(-1)) ? '' : '.'
  return `${first}${end}${text === first ? ' ' : ''}${second}`
}

/** What leads a model to a right value comes first, what describes it after. */
const ORDER: readonly string[] = [
  'type',
  'format',
  'pattern',
  'minimum',
  'exclusiveMinimum',
  'maximum',
  'exclusiveMaximum',
  'multipleOf',
  'minLength',
  'maxLength',
  'minItems',
  'maxItems',
  'uniqueItems',
  'const',
  'default',
  'title',
  'examples',
]

const placeOf = (keyword: string): number => {
  const place = ORDER.indexOf(keyword)
  return place === -1 ? ORDER.length : place
}

const AS_TEXT: ReadonlySet<string> = new Set([
  'format',
  'pattern',
  'title',
  'contentEncoding',
  'contentMediaType',
  '$ref',
])

/** `exclusiveMinimum` → `Exclusive minimum`; names of another make, such as `x-order`, stay as they are. */
const spoken = (keyword: string): string => {
  if (keyword === '$ref') return 'Same as'
  if (!/^[a-z]+(?:[A-Z][a-z]+)*$/.test(keyword)) return keyword
  const words = keyword.replace(/[A-Z]/g, (letter) => ` ${letter.toLowerCase()}`)
  return `${words.charAt(0).toUpperCase()}${words.slice(1)}`
}
