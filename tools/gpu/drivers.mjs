// Finds the Vulkan driver of this machine: that of a real GPU first, and a software adapter where there is none.
import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { driverEnvironment } from '../../tests/webgpu/dawn.mjs';

const FOLDERS = ['/etc/vulkan/icd.d', '/usr/share/vulkan/icd.d', '/usr/local/share/vulkan/icd.d', '/usr/local/nvidia/share/vulkan/icd.d'];
/** Where the driver of NVIDIA is. In a container it may be there without the file that tells Vulkan of it. */
const NVIDIA = ['/usr/lib/x86_64-linux-gnu', '/usr/lib64', '/usr/lib', '/usr/local/nvidia/lib64'];
/** Each of these is a Vulkan driver. The second one works without the libraries of X. */
const LIBRARIES = ['libGLX_nvidia.so.0', 'libEGL_nvidia.so.0'];
const SOFTWARE = /^(lvp|vk_swiftshader)/;
const PROBE_MS = 30_000;

/**
 * The environments in which a program may find a driver, the best first: `{ name, env }`. `writable` is a folder for files that name a
 * driver. There is only one where a driver is chosen already.
 */
export function candidates(environment, writable, { exists = existsSync, list = readNames, write = writeFileSync, software = driverEnvironment } = {}) {
  if (environment.VK_DRIVER_FILES || environment.VK_ICD_FILENAMES) return [{ name: 'chosen by the environment', env: {} }];
  const files = FOLDERS.flatMap((folder) => list(folder).map((name) => ({ name, path: join(folder, name) })));
  const named = files.filter(({ name }) => /nvidia/.test(name)).map(({ path }) => path);
  const others = files.filter(({ name }) => !/nvidia/.test(name) && !SOFTWARE.test(name)).map(({ path }) => path);
  const made = LIBRARIES.flatMap((library) => {
    const folder = NVIDIA.find((path) => exists(join(path, library)));
    if (!folder) return [];
    const file = join(writable, `${library}.json`);
    write(file, JSON.stringify({ file_format_version: '1.0.0', ICD: { library_path: join(folder, library), api_version: '1.3.0' } }));
    return [{ file, folder }];
  });
  const choose = (file, folder) => ({
    name: file,
    env: { VK_DRIVER_FILES: file, VK_ICD_FILENAMES: file, ...(folder && { LD_LIBRARY_PATH: [folder, environment.LD_LIBRARY_PATH].filter(Boolean).join(':') }) },
  });
  const local = NVIDIA.at(-1);
  return [
    ...named.map((file) => choose(file, exists(local) ? local : undefined)),
    ...made.map(({ file, folder }) => choose(file, folder)),
    ...(exists('/dev/dri') && others.length > 0 ? [choose(others.join(':'))] : []),
    { name: 'what the system has', env: software(environment) },
  ];
}

/** The adapter that a new process finds in an environment: `{ name, isSoftware }`, or `{ problem }` with what Dawn says of it. */
export function probe(env) {
  const program = fileURLToPath(new URL('probe.mjs', import.meta.url));
  const { stdout, stderr, error } = spawnSync(process.execPath, [program], { env, encoding: 'utf8', timeout: PROBE_MS });
  const [said] = (stderr ?? '').split('\n').filter((line) => /\w/.test(line));
  try {
    const found = JSON.parse(stdout);
    return found.problem && said ? { problem: `${found.problem} (${said})` } : found;
  } catch {
    return { problem: error?.message ?? said ?? 'the program that looks for an adapter said nothing' };
  }
}

/** The first candidate with a real GPU, or else the first with any adapter, or else the last. `tried` says what each one found. */
export function chooseDriver(all, find) {
  const tried = [];
  for (const candidate of all) {
    const found = find(candidate.env);
    tried.push({ ...candidate, found });
    if (found.isSoftware === false) break;
  }
  const chosen = tried.find(({ found }) => found.isSoftware === false) ?? tried.find(({ found }) => !found.problem) ?? tried.at(-1);
  return { ...chosen, tried: tried.map(({ name, found }) => ({ driver: name, ...found })) };
}

/** The folder of Vulkan's loader that was carried here, for a machine that has none. */
export function carriedLoader(root, exists = existsSync) {
  const file = join(root, 'lib/libvulkan.so.1');
  return exists(file) ? dirname(file) : undefined;
}

function readNames(folder) {
  try {
    return readdirSync(folder).filter((name) => name.endsWith('.json'));
  } catch {
    return [];
  }
}
