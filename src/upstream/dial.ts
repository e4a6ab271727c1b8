/** Sockets to one upstream, TCP or TLS: what is asked of a connection before it carries anything. */
import { connect as connectTcp, isIP, type OnReadOpts, type Socket } from 'node:net'
import {
  connect as connectTls,
  createSecureContext,
  type ConnectionOptions,
  type SecureContext,
} from 'node:tls'
import { createLookup } from './lookup.ts'

export type Dial = {
  /** The socket's event after which it carries requests. */
  readonly ready: 'connect' | 'secureConnect'
  /**
   * Begins to connect.
   *
   * @param onread one buffer that every read is put into, so that none allocates its own 64 KB.
   * @throws what OpenSSL says of a certificate or a key that it cannot read.
   */
  open(onread: OnReadOpts): Socket
}

/** What `tls.connect` passes on to `net`, and its types leave out. */
type TlsOptions = ConnectionOptions & {
  readonly autoSelectFamilyAttemptTimeout: number
  readonly onread: OnReadOpts
}

/** PEM text. */
export type DialTls = { readonly ca?: string; readonly cert?: string; readonly key?: string }

/** @param origin of the upstream: scheme, host and port count. */
export const createDial = ({ protocol, hostname, port }: URL, tls: DialTls): Dial => {
  const host = hostname.replace(/^\[|\]$/g, '')
  // Node's 250 ms per address gives up on slow but healthy networks (nodejs/node#54359).
  const address = { host, autoSelectFamilyAttemptTimeout: 1000, lookup: createLookup() }
  if (protocol !== 'https:') {
    const options = { ...address, port: Number(port || 80) }
    return { ready: 'connect', open: (onread) => connectTcp({ ...options, onread }) }
  }

  const options = {
    ...address,
    port: Number(port || 443),
    // Said, because without it NODE_TLS_REJECT_UNAUTHORIZED=0 in the environment would decide.
    rejectUnauthorized: true,
    // Two's protocol would be another client's work; an upstream that picks none gets 1.1 all the same.
    ALPNProtocols: ['http/1.1'],
    // An address is no server name, and the dot that ends a full one is none of it: Go's servers end
    // the handshake over it (RFC 6066 § 3). The certificate is held against the host anyway.
    ...(isIP(host) === 0 && { servername: host.replace(/\.$/, '') }),
  }
  // Reading the authorities anew for each connection would cost more than its handshake.
  let secureContext: SecureContext | undefined
  let session: Buffer | undefined
  return {
    ready: 'secureConnect',
    open: (onread) => {
      secureContext ??= createSecureContext(tls)
      const whole: TlsOptions = { ...options, session, secureContext, onread }
      const socket = connectTls(whole)
      // Node says it of verified connections only: to resume is not to look at the certificate again.
      socket.on('session', (said) => {
        session = said
      })
      return socket
    },
  }
}
