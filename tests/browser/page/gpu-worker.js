// A worker that runs the cases of a GPU that fails (../../webgpu/cases.mjs). It answers `{ name }` with `{ name, error }`.
import { installFakeGpu } from '/webgpu/fake.mjs';

const fake = installFakeGpu(); // before the package is loaded
const { CASES, freshInstances } = await import('/webgpu/cases.mjs');
const lukeWeb = await import('/pkg/dist/index.js');
const fresh = freshInstances(fake, await import('/pkg/wasm/webgpu/luke_web.js'));
const world = { lukeWeb, fake, url: new URL('/models/micro-span_cls/', location.href).href, options: { worker: false }, fresh };

addEventListener('message', async ({ data: { name } }) => {
  const error = await CASES[name](world).then(() => undefined, (error) => error.message);
  postMessage({ name, error });
});
postMessage('ready'); // messages that came before were lost
