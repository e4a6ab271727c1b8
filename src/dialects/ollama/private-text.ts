/** What an upstream's text says that is no client's business, taken out. */

/**
 * Takes out of an upstream's text what is no client's business: registry names, addresses, paths,
 * anything after the first line. At most 300 characters.
 */
export const cleaned = (text: string): string =>
  PRIVATE.reduce((rest, [pattern, stand]) => rest.replace(pattern, stand), firstLine(text))
    .slice(0, 300)
    .trim()

/** Cut between words, so that no half of an address goes unrecognised. */
const firstLine = (text: string): string => {
  const line = text.split('\n', 1)[0] ?? ''
  return line.length <= 1000 ? line : line.slice(0, 1000).replace(/\S*$/, '')
}

const PRIVATE: readonly (readonly [RegExp, string])[] = [
  [/registry\.ollama\.ai(?:\/library)?\/?/gi, ''],
  [/\b[a-z][a-z\d+.-]{1,20}:\/\/\S+/gi, '…'],
  [/\blookup \S+/g, 'lookup …'],
  // A path: two steps anywhere, or one that begins a word.
  [/(?:\b[a-z]:)?(?:[\\/][\w.@~+-]+){2,}[\\/]?/gi, '…'],
  [/(?<=^|[\s"'(=:])[\\/][\w.@~+-]+/g, '…'],
  [/\b\d{1,3}(?:\.\d{1,3}){3}(?::\d+)?\b/g, '…'],
  [/\[[\da-f:.]{2,45}(?:%\w+)?\](?::\d+)?/gi, '…'],
  [/(?<![\w:])(?:[\da-f]{0,4}:){2,7}[\da-f]{1,4}(?!\w|:\w)/gi, '…'],
  [/\b[\w-]+(?:\.[\w-]+)+:\d+\b|\b[\w-]+:\d{4,5}\b/g, '…'],
  [/\b0x[\da-f]{6,}\b/gi, '…'],
]
