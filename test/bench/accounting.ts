/** What processes cost, as Linux tells it in /proc; other platforms tell nothing. */
import { existsSync, readFileSync, writeFileSync } from 'node:fs'

/** CPU seconds of all threads. */
export type Cpu = { readonly user: number; readonly system: number }

/** Whether CPU and peak memory can be read here. */
export const canAccount = existsSync('/proc/self/stat')

/** Of a tick of /proc: `sysconf(_SC_CLK_TCK)` is 100 on every Linux that Node runs on. */
const TICK_S = 0.01

/** Of a process and its living children so far; nothing when it has ended. */
export const cpuOf = (pid: number): Cpu => {
  let [user, system] = [0, 0]
  for (const one of family(pid)) {
    const stat = readFileSync(`/proc/${one}/stat`, 'utf8')
    // Behind the name, which may hold anything: proc_pid_stat(5) counts utime as the 14th field.
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
    user += Number(fields[11]) * TICK_S
    system += Number(fields[12]) * TICK_S
  }
  return { user, system }
}

export const cpuBetween = (start: Cpu, end: Cpu): Cpu => ({
  user: end.user - start.user,
  system: end.system - start.system,
})

export const cpuTotal = ({ user, system }: Cpu): number => user + system

/** CPU seconds that this machine was busy for anyone, since it was started. */
export const busySeconds = (): number => {
  const [line = ''] = readFileSync('/proc/stat', 'utf8').split('\n')
  const [user = 0, nice = 0, system = 0, , , irq = 0, softIrq = 0] = line
    .split(/\s+/)
    .slice(1)
    .map(Number)
  return (user + nice + system + irq + softIrq) * TICK_S
}

/** Resident memory of a process and its children, bytes. */
export const residentBytes = (pid: number): number => sumOf(pid, 'VmRSS')

/** The most that it ever was since {@link forgetPeak}, bytes. */
export const peakBytes = (pid: number): number => sumOf(pid, 'VmHWM')

/** proc_pid_clear_refs(5): 5 sets the peak back to what is resident now. */
export const forgetPeak = (pid: number): void => {
  for (const one of family(pid)) writeFileSync(`/proc/${one}/clear_refs`, '5')
}

const sumOf = (pid: number, field: 'VmRSS' | 'VmHWM'): number =>
  family(pid)
    .map((one) => readFileSync(`/proc/${one}/status`, 'utf8'))
    .map((status) => new RegExp(`^${field}:\\s+(\\d+) kB`, 'm').exec(status)?.[1] ?? '0')
    .reduce((sum, kilobytes) => sum + Number(kilobytes) * 1024, 0)

/** A process, and those of its children that live. */
const family = (pid: number): readonly number[] => {
  let children: string
  try {
    children = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim()
  } catch {
    // It ended between being listed and being looked at.
    return []
  }
  return [
    pid,
    ...(children === '' ? [] : children.split(' ').flatMap((one) => family(Number(one)))),
  ]
}
