/** ReadSchema: what Ollama's structs read of a JSON Schema. */

/** `api/types.go: ToolProperty`, and with `$defs` `ToolFunctionParameters` (0.33): all that Ollama keeps. */
export type ReadSchema = {
  readonly type?: string | readonly string[]
  readonly description?: string
  readonly enum?: readonly unknown[]
  readonly required?: readonly string[]
  readonly properties?: Readonly<Record<string, ReadSchema>>
  readonly anyOf?: readonly ReadSchema[]
  /** Kept word for word, as are the next. */
  readonly items?: unknown
  readonly $defs?: unknown
}
