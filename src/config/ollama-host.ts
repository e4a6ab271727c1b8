/** OLLAMA_HOST → the URL of the Ollama it means. */
import { isIPv6 } from 'node:net'

/**
 * Reads every form that Ollama accepts (`envconfig.Host`, 0.33): `host`, `host:port`, `:port`, IPv6
 * with and without brackets, a URL with or without a path, in quotes and blanks. A port that is none
 * becomes the default: 11434, or 80 and 443 after `http://` and `https://`.
 *
 * Where Ollama would listen on every address, we call this machine.
 */
export const readOllamaHost = (value: string): string => {
  const trimmed = bare(value)
  if (trimmed === 'ollama.com') return 'https://ollama.com:443'
  const { scheme, user, host, port, path } = partsOf(trimmed)
  const defaultPort = trimmed.includes('://') ? (DEFAULT_PORT[scheme] ?? '11434') : '11434'
  return `${scheme}://${user}${reachable(host)}:${isPort(port) ? port : defaultPort}${path}`
}

/** Whether a port is written there that is none, which Ollama overlooks. */
export const hasWrongPort = (value: string): boolean => {
  const { port } = partsOf(bare(value))
  return port !== '' && !isPort(port)
}

const bare = (value: string): string =>
  value
    .trim()
    .replace(/^["']+|["']+$/g, '')
    .trim()

/** `user` has its `@`. */
const partsOf = (trimmed: string) => {
  const [, scheme = 'http', rest = ''] = /^(?:([^:]*):\/\/)?(.*)$/s.exec(trimmed) ?? []
  const [, authority = '', path = ''] = /^([^/]*)(.*)$/s.exec(rest) ?? []
  const at = authority.lastIndexOf('@') + 1
  return { scheme, user: authority.slice(0, at), path, ...splitHostPort(authority.slice(at)) }
}

const DEFAULT_PORT: Readonly<Record<string, string>> = { http: '80', https: '443' }

const splitHostPort = (text: string): { readonly host: string; readonly port: string } => {
  const address = text.replace(/^\[|\]$/g, '')
  if (isIPv6(address)) return { host: address, port: '' }
  const [, host = text, port = ''] = /^(.*):([^:\]]*)$/s.exec(text) ?? []
  return { host: host.replace(/^\[|\]$/g, ''), port }
}

// One cannot connect to port 0, which Ollama accepts as "any that is free".
const isPort = (port: string): boolean => /^\d{1,5}$/.test(port) && port !== '0' && +port <= 65_535

const reachable = (host: string): string => {
  if (host === '' || host === '0.0.0.0') return '127.0.0.1'
  if (host === '::') return '[::1]'
  return isIPv6(host) ? `[${host}]` : host
}
