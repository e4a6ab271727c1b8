/** Server-sent events as the standard says (WHATWG HTML § 9.2.6), word for word and without haste: what a browser would hear. */

/** An event, as it is dispatched; `event` and `id` are empty unless somebody set them. */
export type Heard = { readonly data: string; readonly event: string; readonly id: string }

/** @param bytes of the whole stream; what is not ended by an empty line is not dispatched. */
export const heardIn = (bytes: Uint8Array): readonly Heard[] => {
  // Decoded as UTF-8: a byte order mark at the beginning is taken away.
  const text = new TextDecoder('utf-8').decode(bytes)
  const heard: Heard[] = []
  let data = ''
  let event = ''
  let id = ''
  // Behind the last end of a line nothing is a line.
  for (const line of text.split(/\r\n|\n|\r/).slice(0, -1)) {
    if (line === '') {
      if (data !== '') heard.push({ data: data.replace(/\n$/, ''), event, id })
      data = ''
      event = ''
      continue
    }
    if (line.startsWith(':')) continue
    const colon = line.indexOf(':')
    const field = colon === -1 ? line : line.slice(0, colon)
    const value = colon === -1 ? '' : line.slice(colon + 1).replace(/^ /, '')
    if (field === 'data') data += `${value}\n`
    else if (field === 'event') event = value
    else if (field === 'id' && !value.includes('\0')) id = value
  }
  return heard
}
