/** Who Ollama talks to: its rules for the Host and Origin headers (`server/routes.go: allowedHostsMiddleware`). */
import { isIP } from 'node:net'
import { hostname } from 'node:os'
import type { IncomingHttpHeaders } from 'node:http'

/** `false` means a 403 with an empty body. */
export const isAllowed = ({ host = '', origin }: IncomingHttpHeaders): boolean =>
  isAllowedHost(host) && (origin === undefined || isAllowedOrigin(origin))

const isAllowedHost = (host: string): boolean => {
  const name = nameOf(host)
  return (
    name === '' ||
    name === 'localhost' ||
    name === hostname().toLowerCase() ||
    /\.(localhost|local|internal)$/.test(name) ||
    (isIP(name) !== 0 && isNearby(name))
  )
}

const nameOf = (host: string): string =>
  host
    .toLowerCase()
    .replace(/:\d+$/, '')
    .replace(/^\[(.*)\]$/, '$1')

/** Loopback, private (RFC 1918, RFC 4193) or unspecified. */
const isNearby = (ip: string): boolean =>
  /^(127\.|10\.|192\.168\.|172\.(1[6-9]|2\d|3[01])\.|0\.0\.0\.0$|::1?$|f[cd])/.test(ip)

const isAllowedOrigin = (origin: string): boolean =>
  /^(https?:\/\/(localhost|127\.0\.0\.1|0\.0\.0\.0)(:\d+)?$|(app|file|tauri|vscode-webview|vscode-file|\w+-extension):\/\/)/.test(
    origin,
  )
