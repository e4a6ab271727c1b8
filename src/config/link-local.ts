/** Addresses at which clouds give their secrets to whoever asks, and those of the link alone. */
import { isIPv4, isIPv6 } from 'node:net'

/**
 * Whether a URL's host name is link-local (RFC 3927, RFC 4291 § 2.5.6) or a cloud's metadata service: an
 * upstream there is hardly meant (reliability F-12).
 */
export const isLinkLocal = (hostname: string): boolean => {
  const name = hostname
    .toLowerCase()
    .replace(/^\[|\]$/g, '')
    .replace(/\.$/, '')
  const address = isIPv6(name) ? (ipv4In(name) ?? name) : name
  if (METADATA.has(address)) return true
  return isIPv4(address) ? address.startsWith('169.254.') : isIPv6(name) && /^fe[89ab]/.test(name)
}

/** The address of the other kind that one stands for: mapped, or behind NAT64 (RFC 4291 § 2.5.5, RFC 6052 § 2.1). */
const ipv4In = (name: string): string | undefined => {
  const [, high, low] = /^(?:::(?:ffff:)?|64:ff9b::)([\da-f]{1,4}):([\da-f]{1,4})$/.exec(name) ?? []
  if (high === undefined || low === undefined) return undefined
  return [high, low]
    .flatMap((group) => [parseInt(group, 16) >> 8, parseInt(group, 16) & 255])
    .join('.')
}

const METADATA: ReadonlySet<string> = new Set([
  // Amazon, over IPv6; Google, likewise.
  'fd00:ec2::254',
  'fd20:ce::254',
  // Alibaba, Oracle.
  '100.100.100.200',
  '192.0.0.192',
  'metadata',
  'metadata.google.internal',
  'metadata.azure.internal',
  'instance-data',
  'instance-data.ec2.internal',
])
