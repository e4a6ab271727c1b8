/** Which URLs of pictures may be fetched. */

/**
 * One parser, that of the URL standard, for the check and for the use: two would read `\`, `@` and `#` in two ways
 * (reliability F-05).
 *
 * @param allowedHosts host names, `*.` before one for those below it, `:port` behind it for another than that of the scheme.
 * @returns null for any other URL.
 */
export const allowedUrl = (text: string, allowedHosts: readonly string[]): URL | null => {
  const url = URL.parse(text)
  if (url === null || (url.protocol !== 'http:' && url.protocol !== 'https:')) return null
  // Neither is ever sent, and whoever writes them wants another host to be read than is.
  if (url.username !== '' || url.password !== '') return null
  const name = url.hostname.replace(/\.$/, '')
  const usual = url.protocol === 'https:' ? '443' : '80'
  const isAllowed = allowedHosts.some((entry) => {
    const [, host = '', port = usual] = /^(.*?)(?::(\d+))?$/.exec(entry.toLowerCase()) ?? []
    return port === (url.port || usual) && isNamed(name, host)
  })
  return isAllowed ? url : null
}

const isNamed = (name: string, host: string): boolean =>
  host.startsWith('*.') ? name.endsWith(host.slice(1)) && name.length >= host.length : name === host
