// Finds the Vulkan driver of this machine: that of a real GPU first, and SwiftShader of Chromium where there is none.
import { existsSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { driverEnvironment } from '../../tests/webgpu/dawn.mjs';

const FOLDERS = ['/etc/vulkan/icd.d', '/usr/share/vulkan/icd.d', '/usr/local/share/vulkan/icd.d', '/usr/local/nvidia/share/vulkan/icd.d'];
/** Where the driver of NVIDIA is. In a container it may be there without the file that tells Vulkan of it. */
const NVIDIA = ['/usr/lib/x86_64-linux-gnu', '/usr/lib64', '/usr/lib', '/usr/local/nvidia/lib64'].map((folder) => join(folder, 'libGLX_nvidia.so.0'));
const SOFTWARE = /^(lvp|vk_swiftshader)/;

/**
 * The variables of the environment with which a process finds the driver. `writable` is a folder for a file that names the driver, if
 * there is no such file. Nothing is changed where a driver is chosen already.
 */
export function findDriver(environment, writable, { exists = existsSync, list = readNames, write = writeFileSync, software = driverEnvironment } = {}) {
  if (environment.VK_DRIVER_FILES || environment.VK_ICD_FILENAMES) return {};
  const chosen = (file) => ({ VK_DRIVER_FILES: file, VK_ICD_FILENAMES: file });
  const files = FOLDERS.flatMap((folder) => list(folder).map((name) => ({ name, path: join(folder, name) })));
  const real = files.find(({ name }) => /nvidia/.test(name)) ?? (exists('/dev/dri') ? files.find(({ name }) => !SOFTWARE.test(name)) : undefined);
  if (real) return chosen(/nvidia/.test(real.name) ? real.path : files.filter(({ name }) => !SOFTWARE.test(name)).map(({ path }) => path).join(':'));
  const library = NVIDIA.find(exists);
  if (!library) return software(environment);
  const file = join(writable, 'nvidia_icd.json');
  write(file, JSON.stringify({ file_format_version: '1.0.0', ICD: { library_path: library, api_version: '1.3.0' } }));
  return chosen(file);
}

function readNames(folder) {
  try {
    return readdirSync(folder).filter((name) => name.endsWith('.json'));
  } catch {
    return [];
  }
}
