/** tolk's own version. */
import { readFileSync } from 'node:fs'

/** From the package.json beside `src` or `dist`, such as `1.2.3`. */
export const version: string = (() => {
  const text = readFileSync(new URL('../package.json', import.meta.url), 'utf8')
  const { version: found }: { version: string } = JSON.parse(text)
  return found
})()
