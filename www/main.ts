// The first page: loads a model with the package, as any page would, and has a tab for every task.
import { Luke, models, type LoadOptions } from 'luke-web';
import { withBuiltModules } from './building.js';
import { $, showError } from './dom.js';
import { keepRuntime } from './keep-runtime.js';
import { DEFAULT_MODEL, ModelBox, type Chosen } from './model-box.js';
import { installWorker } from './offline.js';
import { Panel } from './panel.js';
import { showProgress, showRuntime } from './progress.js';
import { parseFragment } from './share.js';
import { deleteStored, showStored } from './stored.js';
import { TabList, type TabItem } from './tablist.js';
import { cloze } from './tabs/cloze.js';
import { embed } from './tabs/embed.js';
import { fillMask } from './tabs/fill-mask.js';
import { ner } from './tabs/ner.js';
import { predictEntities } from './tabs/predict-entities.js';
import { qa } from './tabs/qa.js';
import { relation } from './tabs/relation.js';
import { typing } from './tabs/typing.js';

/** The tasks of the default model, which are shown while it is loaded. */
const DEFAULT_TASKS = ['ner', 'qa', 'typing', 'relation', 'cloze', 'fillMask', 'predictEntities', 'embed'];

const query = new URLSearchParams(location.search);
const first = new Panel(ner());
const panels = [first, ...[qa, typing, relation, cloze, fillMask, predictEntities, embed].map((make) => new Panel(make()))];
$('panels').append(...panels.map((panel) => panel.element));
const tabs = new TabList($('tabs'), $<HTMLButtonElement>('more'), [itemOf(first), ...panels.slice(1).map(itemOf)], (id) => {
  history.replaceState(null, '', `#${id}`);
  open();
});
const box = new ModelBox(query.get('model'), (chosen) => void load(chosen));
let luke: Luke | undefined;
let loading: AbortController | undefined;

function itemOf({ tab, element }: Panel): TabItem {
  return { id: tab.task, name: tab.name, note: tab.paper, panel: element };
}

/** Tells the panel in view that it is. */
function open(): void {
  panels.find(({ tab }) => tab.task === tabs.selected)?.opened();
}

/** Shows the task of the page's address, with the inputs that it has. */
function readAddress(): void {
  const { task, values } = parseFragment(location.hash);
  tabs.select(task);
  panels.find(({ tab }) => tab.task === task)?.fill(values);
  open();
}

/** Loads a model in place of the one there is, which stays until then. */
async function load(chosen: Chosen): Promise<void> {
  loading?.abort();
  const { signal } = (loading = new AbortController());
  showError($('error'), '', null);
  showProgress({ phase: 'manifest', loadedBytes: 0, totalBytes: 0 });
  try {
    const next = await Luke.load(chosen.model, {
      ...(await withBuiltModules({ device: deviceOf(query.get('device')), threads: 'auto' })),
      ...chosen.options,
      signal,
      onProgress: (event) => signal.aborted || showProgress(event),
    });
    const last = luke;
    luke = next;
    use(next, chosen);
    void stayOffline(next, chosen.model === DEFAULT_MODEL);
    await last?.dispose();
  } catch (error) {
    if (!signal.aborted) showError($('error'), `The model did not load${luke ? ` (${luke.info.name} is still there)` : ''}`, error);
  }
  if (!signal.aborted) $('loading').hidden = true;
}

/** The device of the page's address. Another word is as none. */
function deviceOf(word: string | null): NonNullable<LoadOptions['device']> {
  return word === 'webgpu' || word === 'wasm' ? word : 'auto';
}

/** Gives every tab the new model, and shows one that the model can do. */
function use(model: Luke, { model: address, folder }: Chosen): void {
  showRuntime(model.info);
  const inCode = folder === undefined ? addressInCode(address) : `./${folder}/`;
  for (const panel of panels) panel.use(model, inCode);
  tabs.mark((id) => model.tasks.some((task) => task === id));
  const able = panels.find(({ tab }) => model.tasks.includes(tab.task));
  if (!location.hash && able && !model.tasks.some((task) => task === tabs.selected)) tabs.select(able.tab.task);
  open();
  if (address === DEFAULT_MODEL || folder !== undefined) query.delete('model');
  else query.set('model', address);
  const search = query.size > 0 ? `?${query.toString().replaceAll('%2F', '/').replaceAll('%3A', ':')}` : location.pathname;
  history.replaceState(null, '', `${search}${location.hash}`);
}

/** What another page gives `Luke.load`: the whole URL of a folder, or the name on a hub as it is. */
function addressInCode(address: string): string {
  return /^[\w.-]+\/[\w.-]+(@.+)?$/.test(address) ? address : new URL(address, document.baseURI).href;
}

/** Says how much is stored, and installs the service worker, which shows the pages without network. */
async function stayOffline(model: Luke, isDefault: boolean): Promise<void> {
  void showStored();
  try {
    await installWorker(new URL('sw.js', document.baseURI), (reload) => {
      $('update').hidden = false;
      $('reload').onclick = reload;
    });
    await keepRuntime(model);
    if (!isDefault) return;
    await models.prefetch(DEFAULT_MODEL, { entityTable: true }); // a load leaves the titles of `predictEntities` to its first call
    await showStored();
  } catch {
    // The page works without it, but needs the network when it is opened.
  }
}

$('stop').addEventListener('click', () => {
  loading?.abort();
  $('loading').hidden = true;
});
$('delete-stored').addEventListener('click', () => {
  deleteStored().catch((error: unknown) => showError($('error'), 'What is stored could not be deleted', error));
});
addEventListener('hashchange', readAddress);
if (box.chosen.model === DEFAULT_MODEL) tabs.mark((id) => DEFAULT_TASKS.includes(id));
readAddress();
void load(box.chosen);
