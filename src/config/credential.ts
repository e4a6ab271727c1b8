/** The upstream's credential, in each of the ways it may be given → headers. */
import { Buffer } from 'node:buffer'
import type { UpstreamSettings } from './schema.ts'

export type Credential = {
  /** Lower-case names. */
  readonly headers: Readonly<Record<string, string>>
  /** The rest of sentences that begin with the name of the option, under the upstream. */
  readonly problems: readonly { readonly option: readonly string[]; readonly message: string }[]
}

/**
 * Bearer from an apiKey, Basic from a user and password, and whatever headers are configured; at most
 * one of them says `authorization`.
 *
 * @param secretIn reads the secret of a …File option; undefined once that has failed.
 */
export const credentialOf = (
  { apiKey, apiKeyFile, auth = {} }: UpstreamSettings,
  secretIn: (option: readonly string[], file: string) => string | undefined,
): Credential => {
  const problems: { option: readonly string[]; message: string }[] = []
  const headers: Record<string, string> = {}
  const ways: string[] = []

  for (const [name, value] of Object.entries(auth.headers ?? {})) {
    const lower = name.toLowerCase()
    if (OURS.has(lower)) {
      const option = ['auth', 'headers', name]
      problems.push({ option, message: 'is set by tolk itself; leave it out' })
    }
    if (lower === 'authorization') ways.push('auth.headers.authorization')
    headers[lower] = value
  }
  if (apiKey !== undefined) ways.push('apiKey')
  if (apiKeyFile !== undefined) ways.push('apiKeyFile')
  const token =
    apiKey ?? (apiKeyFile === undefined ? undefined : secretIn(['apiKeyFile'], apiKeyFile))
  if (token !== undefined) headers['authorization'] = `Bearer ${token}`

  if (auth.basic !== undefined) {
    const { username, password, passwordFile } = auth.basic
    ways.push('auth.basic')
    if (password !== undefined && passwordFile !== undefined) {
      const option = ['auth', 'basic', 'passwordFile']
      problems.push({ option, message: 'stands beside `password`; leave one of them' })
    }
    const option = ['auth', 'basic', 'passwordFile']
    const secret =
      password ?? (passwordFile === undefined ? undefined : secretIn(option, passwordFile)) ?? ''
    headers['authorization'] = `Basic ${Buffer.from(`${username}:${secret}`).toString('base64')}`
  }
  if (ways.length > 1) {
    const message = `stands beside \`${ways[0] ?? ''}\`, and one request carries one credential; leave one of them`
    problems.push({ option: (ways[1] ?? '').split('.'), message })
  }
  return { headers, problems }
}

/** Headers that carry the exchange itself. */
const OURS: ReadonlySet<string> = new Set([
  'accept-encoding',
  'connection',
  'content-encoding',
  'content-length',
  'content-type',
  'expect',
  'host',
  'keep-alive',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
])
