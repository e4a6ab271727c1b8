/** PEM text → what is wrong with it: seen at the start, not at the first connection. */
import { createPrivateKey, X509Certificate } from 'node:crypto'

/** As one of an upstream's TLS options. */
export type PemOption = 'ca' | 'cert' | 'key'

/**
 * The rest of a sentence that begins with the option's name; undefined when it can be read. OpenSSL's own words are
 * not repeated: they may quote what they could not read.
 */
export const pemFault = (option: PemOption, text: string): string | undefined => {
  try {
    READ[option](text)
    return undefined
  } catch {
    if (option !== 'key') return 'holds PEM that is no certificate, or only a part of one'
    return LOCKED.test(text)
      ? 'holds a private key with a passphrase; give the key without one'
      : 'holds PEM that is no private key, or only a part of one'
  }
}

const READ = {
  ca: (text: string) => new X509Certificate(text),
  cert: (text: string) => new X509Certificate(text),
  key: (text: string) => createPrivateKey(text),
}

/** PKCS #8's heading, and that of the forms before it. */
const LOCKED = /BEGIN ENCRYPTED PRIVATE KEY|Proc-Type: 4,ENCRYPTED/

/** Whether the key is that of the certificate; both can be read. */
export const isKeyOf = (cert: string, key: string): boolean =>
  new X509Certificate(cert).checkPrivateKey(createPrivateKey(key))
