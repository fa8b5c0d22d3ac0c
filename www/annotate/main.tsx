import { signal } from '@preact/signals';
import { takeHandover } from '../handover.js';
import { installWorker } from '../offline.js';
import { start, type Reload } from './view/app.js';
import { modelLoader } from './view/load-model.js';

const root = document.getElementById('app');
if (!root) throw new Error('The page has no element "app".');
const update = signal<Reload | undefined>(undefined);
const load = modelLoader((luke) => {
  import('../keep-runtime.js').then(({ keepRuntime }) => keepRuntime(luke)).catch(() => undefined); // then the model needs the network
});
await start(root, { load, update, text: takeHandover() });
// Without a service worker, the page needs the network when it is opened.
installWorker(new URL('../sw.js', document.baseURI), (reload) => (update.value = reload)).catch(() => undefined);
