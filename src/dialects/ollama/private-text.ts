/** What an upstream's text says that is no client's business, taken out. */

/** Takes words out of a text, such as those of a credential. */
export type Hide = (text: string) => string

/**
 * Takes out of an upstream's text what is no client's business: registry names, addresses, ports, paths, keys, dumps of
 * a program's memory, anything after the first line. At most 300 characters.
 */
export const cleaned = (text: string): string =>
  PRIVATE.reduce((rest, [pattern, stand]) => rest.replace(pattern, stand), firstLine(text))
    .slice(0, 300)
    .trim()

/** Cut between words, so that no half of an address goes unrecognised. */
const firstLine = (text: string): string => {
  const line = text.split(/[\r\n]/, 1)[0] ?? ''
  return line.length <= 1000 ? line : line.slice(0, 1000).replace(/\S*$/, '')
}

/** In this order: what holds others in it comes first. */
const PRIVATE: readonly (readonly [RegExp, string])[] = [
  [/registry\.ollama\.ai(?:\/library)?\/?/gi, ''],
  [/\b[a-z][a-z\d+.-]{1,20}:\/\/\S+/gi, '…'],
  // What gateways repeat of a credential.
  [/\b(?:bearer|basic)\s+(?=\S*[\d=_.-])\S{6,}/gi, '…'],
  [/\b(api[ _-]?key|token|password|passwd|secret|authorization)\b["']?\s*[=:]\s*\S+/gi, '$1 …'],
  [/\bsk-[\w-]{6,}/g, '…'],
  [/\b[\w.+-]+@[\w-]+(?:\.[\w-]+)+/g, '…'],
  // Go's %v and %+v of maps, structs and pointers, and its stacks.
  [/\bmap\[(?:[^[\]]|\[[^[\]]*\])*\]/g, '…'],
  [/&?[\w.*[\]]*\{\w+:(?:[^{}]|\{[^{}]*\})*\}|&\{[^{}]*\}/g, '…'],
  [/\(\*[\w.]+\)(?:\([^)]*\))?/g, '…'],
  [/\bgoroutine \d+(?: \[[^\]]*\])?:?/g, '…'],
  [/\b0x[\da-f]{6,}\b/gi, '…'],
  [/\bsha256[-:][\da-f]{6,}/gi, '…'],
  [/\blookup \S+/g, 'lookup …'],
  // A path: two steps anywhere, or one that begins a word.
  [/(?:~|\.{1,2}|\$\w+|\b[a-z]:)?(?:[\\/]{1,2}[\w.@~+%-]+){2,}[\\/]?/gi, '…'],
  [/(?<=^|[\s"'(=:<[])(?:~|\.{1,2})?[\\/][\w.@~+-]+/g, '…'],
  [/\b\d{1,3}(?:\.\d{1,3}){3}(?::\d+)?\b/g, '…'],
  [/\[[\da-f:.]{2,45}(?:%\w+)?\](?::\d+)?/gi, '…'],
  [/(?<![\w:])(?:[\da-f]{0,4}:){2,7}[\da-f]{1,4}(?!\w|:\w)/gi, '…'],
  [/\b[\w-]+(?:\.[\w-]+)+:\d+\b|\b[\w-]+:\d{4,5}\b/g, '…'],
  [
    /(?<![\w.])[\w-]+(?:\.[\w-]+)*\.(?:local|localdomain|internal|intranet|lan|corp|svc|arpa)\b/gi,
    '…',
  ],
  [/\blocalhost\b/gi, '…'],
  [/\bport \d{1,5}\b/gi, 'port …'],
  [/(?<=\s):\d{2,5}\b/g, '…'],
]
