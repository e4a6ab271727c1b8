/** Which addresses only this machine can reach. */
import { isIPv4 } from 'node:net'

/** Takes an address or a host name, IPv6 with or without brackets. */
export const isLoopback = (host: string): boolean => {
  const name = host.toLowerCase().replace(/^\[|\]$/g, '')
  if (name === 'localhost' || name.endsWith('.localhost') || name === '::1') return true
  const ipv4 = name.replace(/^::ffff:/, '')
  return isIPv4(ipv4) && ipv4.startsWith('127.')
}
