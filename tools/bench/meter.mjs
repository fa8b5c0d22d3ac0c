// What a browser's processes cost, from /proc (Linux). CPU time, unlike wall time, is nearly the same on a busy machine.
import { readdirSync, readFileSync } from 'node:fs';

/** The process ids of the browser that runs on a profile folder: `{ renderer: [...], gpu: [...] }`. */
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
  return { renderer: typed('renderer'), gpu: typed('gpu-process') };
}

/** Nanoseconds on a CPU of every thread, by its id. Threads that have ended are not in it. */
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

/** CPU milliseconds between two `threadTimes`. */
export function cpuBetween(before, after) {
  let nanoseconds = 0;
  for (const [thread, time] of after) nanoseconds += time - (before.get(thread) ?? 0);
  return nanoseconds / 1e6;
}

/**
 * Memory of the largest of the processes, MiB. `own` is what it has written, alone or shared by name; `resident` has in it also
 * the pages that it has touched of the browser's program, which all its processes share.
 */
export function memory(pids) {
  const each = pids.map((pid) => {
    const status = read(`/proc/${pid}/status`);
    const mebibytes = (name) => Number(new RegExp(`${name}:\\s*(\\d+) kB`).exec(status)?.[1] ?? 0) / 1024;
    return { own: mebibytes('RssAnon') + mebibytes('RssShmem'), resident: mebibytes('VmRSS') };
  });
  return { own: Math.max(...each.map(({ own }) => own)), resident: Math.max(...each.map(({ resident }) => resident)) };
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
    return []; // it has ended
  }
}

function read(path) {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}
