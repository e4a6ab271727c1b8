/** ClientKey: a client's key as it is configured, and as the server knows it. */

export type ClientKey = {
  /** For logs; never part of the key. */
  readonly name: string
  /** Hexadecimal SHA-256 of the key: the key itself is not kept. */
  readonly sha256: string
  /** Upstream names it may use, `*` for any run of characters; null for all. */
  readonly models: readonly string[] | null
  readonly requestsPerMinute: number | null
}
