/**
 * The published program: `src` and its packages in a few files, `dist/main.js` first.
 *
 * A module costs Node about 0.4 ms to find, read and link, and importing zod alone brings 95 of them, 51 of
 * which are languages that tolk does not speak. Bundled, tolk answers after half the time, and holds 15 MB less.
 */
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { defineConfig, type Plugin } from 'rolldown'

export default defineConfig({
  input: 'src/main.ts',
  platform: 'node',
  // The demo uses it if whoever runs it has it.
  external: ['openai'],
  plugins: [licences()],
  // No comment says where a module lay: the same sources make the same bytes in every folder.
  experimental: { attachDebugInfo: 'none' },
  output: {
    dir: 'dist',
    cleanDir: true,
    // A command's own file, and no hash: whatever is published is published whole.
    chunkFileNames: '[name].js',
    // Text beyond ASCII is decoded at each start, and kept at two bytes a character.
    charset: 'ascii',
    // Names stay as they are, so that a stack can be read; the comments are in the source.
    comments: false,
  },
})

/** Whoever hands on a package's code hands on its licence: `licences.txt` has those of all that is in the bundle. */
function licences(): Plugin {
  return {
    name: 'licences',
    generateBundle(_, bundle) {
      const modules = Object.values(bundle).flatMap((file) =>
        file.type === 'chunk' ? file.moduleIds : [],
      )
      const folders = new Set(
        modules.flatMap((id) => /^.*\/node_modules\/(?:@[^/]+\/)?[^/]+/.exec(id)?.[0] ?? []),
      )
      const source = [...folders].toSorted().map(licenceOf).join('\n')
      this.emitFile({ type: 'asset', fileName: 'licences.txt', source })
    },
  }
}

/** @param folder of an installed package. @throws when it has no licence to hand on. */
function licenceOf(folder: string): string {
  const text = readFileSync(join(folder, 'package.json'), 'utf8')
  const { name, version, license }: Record<string, string> = JSON.parse(text)
  const file = readdirSync(folder).find((each) => /^licen[cs]e(?:\.|$)/i.test(each))
  if (file === undefined) throw new Error(`${name} has no licence to hand on`)
  return `## ${name} ${version} (${license})\n\n${readFileSync(join(folder, file), 'utf8').trim()}\n`
}
