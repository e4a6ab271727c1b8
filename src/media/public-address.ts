/** Whether an address is one of the public internet: of no machine, network or cloud that is tolk's own. */
import { BlockList, isIP } from 'node:net'

/** @param address IPv4 or IPv6, as a resolver gives it; anything else is not public. */
export const isPublicAddress = (address: string): boolean => {
  const family = isIP(address)
  if (family === 4) return !OURS.check(address, 'ipv4')
  // Only what is handed out to networks at all (RFC 4291 § 2.4, IANA).
  return family === 6 && GLOBAL.check(address, 'ipv6') && !OURS.check(address, 'ipv6')
}

const GLOBAL = new BlockList()
GLOBAL.addSubnet('2000::', 3, 'ipv6')

/** IANA's special-purpose registries, RFC 6890. */
const OURS = new BlockList()
const IPV4: readonly (readonly [string, number])[] = [
  ['0.0.0.0', 8],
  ['10.0.0.0', 8],
  ['100.64.0.0', 10],
  ['127.0.0.0', 8],
  ['169.254.0.0', 16],
  ['172.16.0.0', 12],
  ['192.0.0.0', 24],
  ['192.0.2.0', 24],
  ['192.88.99.0', 24],
  ['192.168.0.0', 16],
  ['198.18.0.0', 15],
  ['198.51.100.0', 24],
  ['203.0.113.0', 24],
  ['224.0.0.0', 3],
]
/** Those that hold an IPv4 address of anybody's choice, and those for books. */
const IPV6: readonly (readonly [string, number])[] = [
  ['2001::', 23],
  ['2001:db8::', 32],
  ['2002::', 16],
  ['3fff::', 20],
]
for (const [network, prefix] of IPV4) OURS.addSubnet(network, prefix, 'ipv4')
for (const [network, prefix] of IPV6) OURS.addSubnet(network, prefix, 'ipv6')
