#!/usr/bin/env node
/** The process: is this Node new enough, then the command line. */

// Before anything else is loaded: an old Node would fail on the first import with a stack trace.
const [major = 0, minor = 0] = process.versions.node.split('.').map(Number)
if (major < 22 || (major === 22 && minor < 19)) {
  process.stderr.write(`tolk needs Node 22.19 or newer; this is Node ${process.versions.node}.\n`)
  process.exit(2)
}
// The published program is bundled: there it would save a tenth, and leave files behind.
if (import.meta.filename.endsWith('.ts')) {
  const { keepCompiledCode } = await import('./code-cache.ts')
  keepCompiledCode()
}
const { run } = await import('./cli.ts')
await run()
