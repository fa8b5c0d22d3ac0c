// Finding a driver, and the scope that looks like a browser's.
import assert from 'node:assert/strict';
import { driverEnvironment } from '../dawn.mjs';

export default async function ({ test }) {
  const at = (...folders) => ({
    platform: 'linux',
    folders: ['/usr/lib/chromium', '/opt/google/chrome'],
    exists: (path) => path === '/usr/bin/chrome' || folders.some((folder) => [`${folder}/libvulkan.so.1`, `${folder}/vk_swiftshader_icd.json`].includes(path)),
    real: () => '/opt/mine/chrome',
  });
  const folderOf = (environment, machine) => driverEnvironment(environment, machine).LD_LIBRARY_PATH;

  await test("the driver is that of CHROMIUM, or of a browser in a usual place", async () => {
    assert.equal(folderOf({ CHROMIUM: '/usr/bin/chrome' }, at('/opt/mine', '/usr/lib/chromium')), '/opt/mine');
    assert.equal(folderOf({ CHROMIUM: '/usr/bin/chrome' }, at('/opt/google/chrome')), '/opt/google/chrome');
    assert.equal(folderOf({ CHROMIUM: '/usr/bin/none', LD_LIBRARY_PATH: '/mine' }, at('/usr/lib/chromium')), '/usr/lib/chromium:/mine');
    const { VK_DRIVER_FILES, VK_ICD_FILENAMES } = driverEnvironment({}, at('/opt/google/chrome'));
    assert.deepEqual([VK_DRIVER_FILES, VK_ICD_FILENAMES], Array(2).fill('/opt/google/chrome/vk_swiftshader_icd.json'));
  });

  await test('a driver that was chosen, and other systems, are left alone', async () => {
    assert.deepEqual(driverEnvironment({ VK_DRIVER_FILES: '/mine.json' }, at('/usr/lib/chromium')), {});
    assert.deepEqual(driverEnvironment({ VK_ICD_FILENAMES: '/mine.json' }, at('/usr/lib/chromium')), {});
    assert.deepEqual(driverEnvironment({}, { ...at('/usr/lib/chromium'), platform: 'darwin' }), {});
    assert.deepEqual(driverEnvironment({}, at()), {});
  });

  await test('an error that nobody caught is an event, and the program goes on', async () => {
    const seen = [];
    const listen = (event) => seen.push([event.type, event.error ?? event.reason]);
    for (const type of ['error', 'unhandledrejection']) addEventListener(type, listen);
    queueMicrotask(() => { throw new TypeError('nobody caught this'); });
    await new Promise((resolve) => setTimeout(resolve, 10));
    void Promise.reject('nobody caught that');
    await new Promise((resolve) => setTimeout(resolve, 10));
    for (const type of ['error', 'unhandledrejection']) removeEventListener(type, listen);
    assert.deepEqual(seen.map(([type, error]) => [type, error.message ?? error]), [['error', 'nobody caught this'], ['unhandledrejection', 'nobody caught that']]);
  });
}
