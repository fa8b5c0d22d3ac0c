// The demo: loads a model with the package, as any page would, and has a tab for every task.
import { keepOffline, Luke, models, type LoadEvent, type LoadOptions, type RuntimeInfo } from 'luke-web';
import { withBuiltModules } from './building.js';
import { $, showError } from './dom.js';
import { Panel } from './panel.js';
import { TabList } from './tablist.js';
import { cloze } from './tabs/cloze.js';
import { embed } from './tabs/embed.js';
import { fillMask } from './tabs/fill-mask.js';
import { ner } from './tabs/ner.js';
import { predictEntities } from './tabs/predict-entities.js';
import { qa } from './tabs/qa.js';
import { relation } from './tabs/relation.js';
import { typing } from './tabs/typing.js';

const DEFAULT_MODEL = 'models/luke-mini-en/';

const query = new URLSearchParams(location.search);
const address = $<HTMLInputElement>('model');
const panels = [ner, qa, typing, relation, cloze, fillMask, predictEntities, embed].map((make) => new Panel(make()));
$('panels').append(...panels.map((panel) => panel.element));
const items = panels.map(({ tab, element }) => ({ id: tab.task, name: tab.name, panel: element }));
const tabs = new TabList($('tabs'), items, (id) => {
  history.replaceState(null, '', `#${id}`);
  open();
});
let luke: Luke | undefined;
let loading: AbortController | undefined;

/** Tells the panel in view that it is. */
function open(): void {
  panels.find(({ tab }) => tab.task === tabs.selected)?.opened();
}

/** Loads the model of the address field in place of the one there is, which stays until then. */
async function load(): Promise<void> {
  loading?.abort();
  const { signal } = (loading = new AbortController());
  const model = address.value.trim() || DEFAULT_MODEL;
  showError($('error'), '', null);
  showProgress({ phase: 'manifest', loadedBytes: 0, totalBytes: 0 });
  try {
    const device = (query.get('device') ?? 'auto') as NonNullable<LoadOptions['device']>;
    const next = await Luke.load(model, {
      ...(await withBuiltModules({ device, threads: 'auto' })),
      signal,
      onProgress: (event) => signal.aborted || showProgress(event),
    });
    const last = luke;
    luke = next;
    use(next, model);
    void stayOffline(next);
    await last?.dispose();
  } catch (error) {
    if (!signal.aborted) showError($('error'), `The model did not load${luke ? ` (${luke.info.name} is still there)` : ''}`, error);
  }
  if (!signal.aborted) $('loading').hidden = true;
}

/** Gives every tab the new model, and shows one that the model can do. */
function use(model: Luke, url: string): void {
  showRuntime(model.info);
  for (const panel of panels) panel.use(model);
  tabs.mark((id) => model.tasks.some((task) => task === id));
  if (!location.hash && !model.tasks.some((task) => task === tabs.selected)) tabs.select(panels.find(({ tab }) => model.tasks.includes(tab.task))!.tab.task);
  open();
  if (url === DEFAULT_MODEL) query.delete('model');
  else query.set('model', url);
  const search = query.size > 0 ? `?${query.toString().replaceAll('%2F', '/').replaceAll('%3A', ':')}` : location.pathname;
  history.replaceState(null, '', `${search}${location.hash}`);
}

/** Installs the service worker, which shows this page without network, and says how much is stored. */
async function stayOffline(model: Luke): Promise<void> {
  try {
    await navigator.serviceWorker?.register('sw.js');
    await keepOffline(model);
  } catch {
    // The page works without it, but needs the network when it is opened.
  }
  await showStored();
}

async function showStored(): Promise<void> {
  const { storedBytes } = await models.usage().catch(() => ({ storedBytes: 0 }));
  $('stored').hidden = storedBytes === 0;
  $('stored-bytes').textContent = `${megabytes(storedBytes)} MB of models are stored in this browser, and work without network.`;
}

/** Deletes all models that are stored in this browser. The one that is loaded can still be used. */
async function deleteStored(): Promise<void> {
  for (const { url } of await models.list()) await models.delete(url);
  await showStored();
}

/** Moves the progress bar; without a known total it is left indeterminate. */
function showProgress({ phase, loadedBytes, totalBytes, waitMs = 0 }: Pick<LoadEvent, 'phase' | 'loadedBytes' | 'totalBytes' | 'waitMs'>): void {
  const bar = $<HTMLProgressElement>('progress');
  if (totalBytes > 0) bar.value = loadedBytes / totalBytes;
  else bar.removeAttribute('value');
  const labels: Partial<Record<LoadEvent['phase'], string>> = {
    build: 'Preparing the model', 'self-test': 'Testing the model', retry: `The network failed. Trying again in ${Math.ceil(waitMs / 1000)} s`,
  };
  $('loading-label').textContent = labels[phase] ?? 'Loading the model';
  $('loading-bytes').textContent = totalBytes > 0 ? `${megabytes(loadedBytes)} of ${megabytes(totalBytes)} MB` : '';
  $('loading').hidden = false;
}

/** Says what runs, on what, and what it can do. */
function showRuntime(info: RuntimeInfo): void {
  const names = panels.filter(({ tab }) => info.tasks.includes(tab.task)).map(({ tab }) => tab.name.toLowerCase());
  const parts = [
    `${info.name}, ${(info.parameters / 1e6).toFixed(1)} million weights (${info.dtype})`,
    info.device === 'webgpu' ? `on the GPU (WebGPU${info.adapter ? `, ${info.adapter}` : ''})` : 'on the CPU',
    `loaded in ${(info.loadMs / 1000).toFixed(1)} s`,
    info.fallbackReason ? `not on WebGPU: ${info.fallbackReason}` : '',
    `it does ${new Intl.ListFormat('en').format(names)}`,
  ];
  $('runtime').textContent = parts.filter(Boolean).join(' · ');
}

function megabytes(bytes: number): string {
  return (bytes / 1e6).toFixed(1);
}

address.value = query.get('model') ?? DEFAULT_MODEL;
$('load-form').addEventListener('submit', (event) => {
  event.preventDefault();
  void load();
});
$('stop').addEventListener('click', () => {
  loading?.abort();
  $('loading').hidden = true;
});
$('delete-stored').addEventListener('click', () => void deleteStored());
addEventListener('hashchange', () => {
  tabs.select(location.hash.slice(1));
  open();
});
tabs.select(location.hash.slice(1));
void load();
