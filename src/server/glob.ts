/** Names with `*` in them: `gpt-oss:*`. */

/** Whether `pattern` covers all of `name`; `*` is any run of characters, upper and lower case are one. */
export const glob = (pattern: string, name: string): boolean => {
  const [head = '', ...rest] = pattern.toLowerCase().split('*')
  const text = name.toLowerCase()
  const last = rest.pop()
  if (last === undefined) return text === head
  if (!text.startsWith(head)) return false
  let at = head.length
  for (const part of rest) {
    const found = text.indexOf(part, at)
    if (found === -1) return false
    at = found + part.length
  }
  return text.length - last.length >= at && text.endsWith(last)
}
