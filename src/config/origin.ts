/** Where a value came from. */

export type Origin =
  | { readonly kind: 'flag'; readonly name: string }
  | { readonly kind: 'environment'; readonly name: string }
  /** `variables` are those named as `${NAME}` in the value. */
  | { readonly kind: 'file'; readonly file: string; readonly variables: readonly string[] }
  | { readonly kind: 'default' }

/** As `tolk check` says it. */
export const originText = (origin: Origin): string => {
  switch (origin.kind) {
    case 'flag':
    case 'environment':
      return origin.name
    case 'file':
      return [origin.file, ...origin.variables.map((name) => `\${${name}}`)].join(', ')
    case 'default':
      return 'default'
  }
}
