/** L13: behind a proxy of somebody else's, where one is installed: the same words, the same failures, the same leaving. */
import { existsSync, mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { connectTo } from '../../support/socket-client.ts'
import type { Clients } from '../client.ts'
import { drive } from '../drive.ts'
import { isCutShort, type Fault } from '../faults.ts'
import { freePort } from '../free-port.ts'
import type { Phase, Soak, Verdict } from '../phase.ts'
import { endProcess, LATE_MS, startProcess } from '../processes.ts'
import { until, type Rig } from '../rig.ts'
import { specOf } from '../spec.ts'

type Front = {
  readonly name: string
  readonly configuration: (port: number, tolkPort: number, folder: string) => string
  /** @param file holds the configuration. */
  readonly command: (file: string) => readonly string[]
}

const MOST_ANSWERS = 500
const ABORTS = 20

export const behindFronts: Phase = {
  ids: ['L13'],
  title: 'behind other proxies',
  share: 0.03,
  run: async (soak, ms) => {
    const verdicts: Verdict[] = []
    for (const front of FRONTS) {
      const program = programOf(front.name)
      const what = `behind ${front.name}`
      verdicts.push(
        program === null
          ? { id: 'L13', what, outcome: 'not here', figures: `${front.name} is not installed` }
          : { id: 'L13', what, ...(await behind(soak, front, program, ms)) },
      )
    }
    return verdicts
  },
}

const behind = async (
  soak: Soak,
  front: Front,
  program: string,
  ms: number,
): Promise<Pick<Verdict, 'outcome' | 'figures'>> => {
  const { rig, tally, folder } = soak
  const place = join(folder, front.name)
  mkdirSync(place, { recursive: true })
  const port = await freePort()
  const file = join(place, 'configuration')
  writeFileSync(file, front.configuration(port, rig.tolk.port, place))
  const [, ...args] = front.command(file)
  const output = join(place, 'output')
  const child = startProcess([program, ...args], { output, cwd: place })
  const clients = rig.clientsOf(port)
  try {
    await until(
      () => isOpen(port),
      (open) => open,
    )
    const deltas = tally.deltas
    const answers = await drive({ atOnce: 16, ms: ms / 2, most: MOST_ANSWERS }, (n) => {
      const fault = THROUGH[n % THROUGH.length] ?? 'none'
      const at = isCutShort(fault) ? 100 : 0
      const chunking = n % 2 === 0 ? 'batch' : 'cut'
      const spec = specOf(soak.nextId(), soak.seed + n, { deltas: 200, fault, at, chunking })
      rig.sent += 1
      return clients.ask(spec, { stream: true }).ended
    })
    const left = await leave(soak, rig, clients)
    tally.expect('left-over', `upstream answers after leaving ${front.name}`, left, 0)
    await rig.settle()
    return {
      outcome: 'pass',
      figures: `${answers} answers, ${tally.deltas - deltas} deltas, failures told as such; ${ABORTS} clients left and the upstream heard of each`,
    }
  } finally {
    clients.close()
    await endProcess(child, 'SIGTERM', LATE_MS)
  }
}

/** Truncation in every form must stay loud, whatever the front makes of an end. */
const THROUGH: readonly Fault[] = [
  'none',
  'end-without-done',
  'none',
  'reset-after-line',
  'none',
  'fin-mid-line',
]

/** @returns how many answers the upstream goes on with. */
const leave = async (soak: Soak, rig: Rig, clients: Clients): Promise<number> => {
  const leaving = Array.from({ length: ABORTS }, () => {
    const spec = specOf(soak.nextId(), soak.seed, { deltas: 100_000, paceMs: 100 })
    rig.sent += 1
    return clients.ask(spec, { stream: true, leaves: { when: 1, how: 'reset' } }).ended
  })
  await Promise.all(leaving)
  return until(
    () => rig.underWay(),
    (open) => open === 0,
  )
}

const isOpen = async (port: number): Promise<boolean> => {
  try {
    const { socket } = await connectTo(`http://127.0.0.1:${port}`)
    socket.destroy()
    return true
  } catch {
    return false
  }
}

/** Where a program is; also where a user's path does not lead, but a service's does. */
const programOf = (name: string): string | null =>
  [...(process.env['PATH'] ?? '').split(':'), '/usr/sbin', '/usr/local/sbin']
    .map((folder) => join(folder, name))
    .find((path) => existsSync(path)) ?? null

const FRONTS: readonly Front[] = [
  {
    name: 'nginx',
    command: (file) => ['nginx', '-c', file, '-p', '.', '-e', 'stderr'],
    configuration: (port, tolkPort, folder) => `daemon off;
master_process off;
pid ${folder}/nginx.pid;
events { worker_connections 1024; }
http {
  access_log off;
${['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map((kind) => `  ${kind}_temp_path ${folder}/${kind};`).join('\n')}
  server {
    listen 127.0.0.1:${port};
    location / {
      proxy_pass http://127.0.0.1:${tolkPort};
      proxy_http_version 1.1;
      proxy_set_header Connection "";
      proxy_buffering off;
      proxy_read_timeout 960s;
    }
  }
}
`,
  },
  {
    name: 'haproxy',
    command: (file) => ['haproxy', '-db', '-f', file],
    configuration: (port, tolkPort) => `defaults
  mode http
  option http-no-delay
  option abortonclose
  timeout connect 5s
  timeout client 16m
  timeout server 16m
frontend front
  bind 127.0.0.1:${port}
  default_backend back
backend back
  server tolk 127.0.0.1:${tolkPort}
`,
  },
  {
    name: 'caddy',
    command: (file) => ['caddy', 'run', '--adapter', 'caddyfile', '--config', file],
    configuration: (port, tolkPort) => `{
  admin off
  auto_https off
}
http://127.0.0.1:${port} {
  reverse_proxy 127.0.0.1:${tolkPort}
}
`,
  },
]
