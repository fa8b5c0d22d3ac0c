// Measures the processes of a browser from /proc (Linux). CPU time, unlike wall time, changes little on a busy machine.
import { readdirSync, readFileSync } from 'node:fs';

/** The process ids of the browser that uses a profile folder: `{ renderer: [...], gpu: [...], all: [...] }`. */
export function processesOf(profile) {
  const all = readdirSync('/proc').filter((name) => /^\d+$/.test(name)).map(Number).flatMap(describe);
  const root = all.find(({ command }) => command.includes(`--user-data-dir=${profile}`) && !command.includes('--type='));
  if (!root) throw new Error(`no browser runs on ${profile}`);
  const family = new Set([root.pid]);
  for (let before = 0; before !== family.size; ) {
    before = family.size;
    for (const { pid, parent } of all) if (family.has(parent)) family.add(pid);
  }
  const typed = (type) => all.filter(({ pid, command }) => family.has(pid) && command.includes(`--type=${type}`)).map(({ pid }) => pid);
  return { renderer: typed('renderer'), gpu: typed('gpu-process'), all: [...family] };
}

/** CPU time in nanoseconds of each thread, by thread id. Threads that have ended are missing. */
export function threadTimes(pids) {
  const times = new Map();
  for (const pid of pids) {
    for (const thread of list(`/proc/${pid}/task`)) {
      const line = read(`/proc/${pid}/task/${thread}/schedstat`);
      if (line) times.set(thread, Number(line.split(' ')[0]));
    }
  }
  return times;
}

/** CPU time in milliseconds between two results of `threadTimes`. */
export function cpuBetween(before, after) {
  let nanoseconds = 0;
  for (const [thread, time] of after) nanoseconds += time - (before.get(thread) ?? 0);
  return nanoseconds / 1e6;
}

/**
 * Memory of the largest process in MiB. `allocated` counts the pages that it has written, also in named shared memory. `resident` also
 * includes pages of the browser's program, which all of its processes share.
 */
export function memory(pids) {
  const each = pids.map((pid) => {
    const status = read(`/proc/${pid}/status`);
    const mebibytes = (name) => Number(new RegExp(`${name}:\\s*(\\d+) kB`).exec(status)?.[1] ?? 0) / 1024;
    return { allocated: mebibytes('RssAnon') + mebibytes('RssShmem'), resident: mebibytes('VmRSS') };
  });
  return { allocated: Math.max(...each.map(({ allocated }) => allocated)), resident: Math.max(...each.map(({ resident }) => resident)) };
}

/** Memory of all processes together in MiB. Pages that several processes share count once (PSS). */
export function proportional(pids) {
  const sizes = pids.map((pid) => Number(/^Pss:\s+(\d+) kB/m.exec(read(`/proc/${pid}/smaps_rollup`))?.[1] ?? 0));
  return sizes.reduce((sum, size) => sum + size, 0) / 1024;
}

function describe(pid) {
  const command = read(`/proc/${pid}/cmdline`).replaceAll('\0', ' ');
  const parent = Number(/PPid:\s*(\d+)/.exec(read(`/proc/${pid}/status`))?.[1]);
  return command ? [{ pid, parent, command }] : [];
}

function list(folder) {
  try {
    return readdirSync(folder);
  } catch {
    return []; // the process has ended
  }
}

function read(path) {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}
