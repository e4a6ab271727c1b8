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
  if (isIPv4(name)) return name.startsWith('169.254.') || METADATA.has(name)
  if (isIPv6(name))
    return /^fe[89ab]/.test(name) || name.startsWith('::ffff:a9fe:') || METADATA.has(name)
  return METADATA.has(name)
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
