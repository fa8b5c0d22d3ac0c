// Prints which adapter Dawn finds in this environment.
import { becomeBrowser } from '../../tests/webgpu/dawn.mjs';
import { describe } from '../../www/dist/check/environment.js';

await becomeBrowser();
const adapter = await navigator.gpu.requestAdapter().catch(() => null);
const { name, isSoftware } = adapter ? describe(adapter) : {};
process.stdout.write(JSON.stringify(adapter ? { name, isSoftware } : { problem: 'no adapter' }), () => process.exit(0));
