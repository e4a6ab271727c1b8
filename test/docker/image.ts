/**
 * The image without a Docker: its files, made by the Dockerfile's own steps, and tolk as process 1 in namespaces of its
 * own, on that root and no other, read-only, as its user, without a capability or the chance of one.
 */
import { execFile, execFileSync } from 'node:child_process'
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  readFileSync,
  rmdirSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { inTime } from '../support/deadline.ts'
import { ROOT } from '../support/documents.ts'
import { runProgram, type Program } from '../support/program.ts'
import { all, environment, execForm } from './dockerfile.ts'

const run = promisify(execFile)

/** Why none can be run on this machine; null where it can. */
export const whyNot = (): string | null => {
  if (process.platform !== 'linux') return 'only Linux has the namespaces of a container'
  if (process.getuid?.() !== 0) return 'to enter another root needs root'
  try {
    for (const tool of ['setpriv', 'prlimit', CHROOT]) {
      execFileSync(tool, ['--version'], { stdio: 'ignore' })
    }
    execFileSync(
      'unshare',
      ['--mount', '--pid', '--fork', 'mount', '-t', 'proc', 'proc', '/proc'],
      {
        stdio: 'ignore',
      },
    )
    return null
  } catch {
    return 'namespaces are not allowed here, or util-linux is not installed'
  }
}

/** The program as it is published, at `app` below a folder. */
export const buildApp = async (folder: string): Promise<string> => {
  const app = join(folder, 'app')
  const rolldown = join(ROOT, 'node_modules/rolldown/bin/cli.mjs')
  const args = [
    '--config',
    'rolldown.config.ts',
    '--configLoader',
    'native',
    '--dir',
    `${app}/dist`,
  ]
  await run(process.execPath, [rolldown, ...args], { cwd: ROOT })
  copyFileSync(join(ROOT, 'package.json'), join(app, 'package.json'))
  return app
}

/** The root of the image: what its first step gathers for Node to run on, and the program. */
export const buildRoot = async (folder: string): Promise<string> => {
  const root = join(folder, 'root')
  const [gather = ''] = all('RUN')
  await run('sh', ['-c', gather.replaceAll('/runtime', root)], {
    env: { ...process.env, PATH: `${NODE_FOLDER}:${process.env['PATH'] ?? ''}` },
  })
  await buildApp(root)
  // What Docker itself puts into every container.
  for (const name of ['proc', 'sys/fs/cgroup']) mkdirSync(join(root, name), { recursive: true })
  await run('chmod', ['-R', 'a+rX,go-w', root])
  return root
}

/** The Node that the Dockerfile names, whichever runs the tests. */
const NODE_FOLDER = join(ROOT, 'node_modules/node/bin')

export type Contained = Program & {
  /** Its number on this machine; inside it is 1. */
  pid(): Promise<number>
}

export type ContainerOptions = {
  readonly env?: Readonly<Record<string, string>>
  /** Instead of the entry point; the first word is `node`. */
  readonly command?: readonly string[]
  /** A control group that limits its memory. */
  readonly memory?: MemoryGroup | null
}

/** As `docker run --read-only --cap-drop ALL --security-opt no-new-privileges --pids-limit 64` does. */
export const runContained = (
  root: string,
  { env = {}, command = execForm('ENTRYPOINT'), memory = null }: ContainerOptions,
): Contained => {
  const variables = Object.entries({ ...environment(), ...env }).map((pair) => pair.join('='))
  const program = runProgram({
    command: ['unshare', '--mount', '--pid', '--fork', '--kill-child', 'sh', '-euc', ENTER, 'sh'],
    args: [
      root,
      memory?.procs ?? '/dev/null',
      ...LOCKS,
      ...variables,
      CHROOT,
      `--userspec=${all('USER')[0] ?? ''}`,
      root,
      '/usr/local/bin/node',
      ...command.slice(1),
    ],
    cwd: '/',
  })
  return { ...program, pid: () => firstChild(program) }
}

/** Up to the variables. What it takes to enter the root as another user is kept; nothing of it is left once that is done. */
const LOCKS = (
  'prlimit --nproc=64 setpriv --clear-groups --no-new-privs --inh-caps=-all' +
  ' --bounding-set=-all,+sys_chroot,+setuid,+setgid env -i'
).split(' ')
const CHROOT = existsSync('/usr/sbin/chroot') ? '/usr/sbin/chroot' : '/usr/bin/chroot'

/** The root, the control group, and the command that is run on it; the network is this machine's. */
const ENTER = `
  root=$1
  echo $$ > "$2"
  shift 2
  mount --bind "$root" "$root"
  mount -t proc proc "$root/proc"
  [ ! -e /sys/fs/cgroup ] || mount --rbind /sys/fs/cgroup "$root/sys/fs/cgroup"
  mount -o remount,bind,ro "$root"
  exec "$@"
`

const firstChild = async (program: Program): Promise<number> => {
  await inTime('a container to begin', program.says(/./), 10_000)
  const own = program.process.pid ?? 0
  const children = readFileSync(`/proc/${own}/task/${own}/children`, 'utf8')
  const pid = Number(children.trim())
  // Zero would be the tests themselves.
  if (!Number.isInteger(pid) || pid < 2) throw new Error(`no process in the container: ${children}`)
  return pid
}

export type MemoryGroup = {
  /** Where a process enters itself. */
  readonly procs: string
  remove(): void
}

/** A control group of so many bytes of memory; null where none can be made. */
export const createMemoryGroup = (name: string, bytes: number): MemoryGroup | null => {
  for (const [parent, limit] of [
    ['/sys/fs/cgroup/memory', 'memory.limit_in_bytes'],
    ['/sys/fs/cgroup', 'memory.max'],
  ] as const) {
    const folder = join(parent, name)
    try {
      if (!existsSync(join(parent, 'cgroup.procs'))) continue
      mkdirSync(folder)
      writeFileSync(join(folder, limit), String(bytes))
      return { procs: join(folder, 'cgroup.procs'), remove: () => rmdirSync(folder) }
    } catch {
      if (existsSync(folder)) rmdirSync(folder)
    }
  }
  return null
}
