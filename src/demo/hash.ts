/** A small hash (FNV-1a, 32 bit): what looks random in the demo, yet is the same each time. */
export const hashOf = (text: string): number => {
  let hash = 0x811c9dc5
  for (const character of text) {
    hash = Math.imul(hash ^ (character.codePointAt(0) ?? 0), 0x01000193) >>> 0
  }
  return hash
}
