/** The source tree as text: its files, and what each of them imports. */
import { readdirSync, readFileSync } from 'node:fs'

export type SourceFile = {
  /** Below `src`, as in `chat/turn.ts`. */
  readonly path: string
  readonly text: string
}

const ROOT = new URL('../../src/', import.meta.url)

export const sourceFiles = (): readonly SourceFile[] =>
  readdirSync(ROOT, { recursive: true, encoding: 'utf8' })
    .filter((path) => path.endsWith('.ts'))
    .toSorted()
    .map((path) => ({ path, text: readFileSync(new URL(path, ROOT), 'utf8') }))

/**
 * Everything that a file imports: packages by their name, `node:` modules as they are written, and
 * files of ours by their path below `src`. Of `import`, `export … from`, `import type`, `import()`.
 */
export const importsOf = ({ path, text }: SourceFile): readonly string[] =>
  [...codeOf(text).matchAll(IMPORT)].map(([, static_, bare, dynamic]) =>
    resolved(path, static_ ?? bare ?? dynamic ?? ''),
  )

const IMPORT =
  /^(?:import|export)\b[^'"`;]*?\bfrom\s*['"]([^'"]+)['"]|^import\s*['"]([^'"]+)['"]|\bimport\(\s*['"`]([^'"`]+)['"`]/gm

/** Without comments: those that stand on lines of their own, as the house has them. */
export const codeOf = (text: string): string =>
  text.replace(/\/\*[\s\S]*?\*\//g, '').replace(/^\s*\/\/.*$/gm, '')

const resolved = (from: string, specifier: string): string =>
  specifier.startsWith('.')
    ? new URL(specifier, `file:///${from}`).pathname.slice(1)
    : specifier.startsWith('node:')
      ? specifier
      : packageOf(specifier)

const packageOf = (specifier: string): string =>
  specifier
    .split('/')
    .slice(0, specifier.startsWith('@') ? 2 : 1)
    .join('/')
