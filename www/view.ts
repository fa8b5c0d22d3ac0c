// What the page shows; no model in here.
import type { Entity, LoadEvent, RuntimeInfo } from 'luke-web';

/** The element with this id. */
export function $<T extends HTMLElement>(id: string): T {
  return document.getElementById(id) as T;
}

/** A text and what was found in it. */
export interface Result {
  text: string;
  entities: Entity[];
  milliseconds: number;
}

/** Moves the progress bar; without a known total it is left indeterminate. */
export function showProgress({ phase, loadedBytes, totalBytes }: LoadEvent): void {
  const bar = $<HTMLProgressElement>('progress');
  if (totalBytes > 0) bar.value = loadedBytes / totalBytes;
  else bar.removeAttribute('value');
  $('loading-label').textContent = phase === 'compile' ? 'Preparing the model' : 'Loading the model';
  $('loading-bytes').textContent = totalBytes > 0 ? `${megabytes(loadedBytes)} of ${megabytes(totalBytes)} MB` : '';
  $('loading').hidden = phase === 'ready';
}

/** Says what runs, and on what. */
export function showRuntime(info: RuntimeInfo): void {
  const parts = [
    `${info.name}, ${(info.parameters / 1e6).toFixed(1)} million weights (${info.dtype})`,
    `on the ${deviceName(info)}`,
    `loaded in ${(info.loadMs / 1000).toFixed(1)} s`,
    info.fallbackReason ? `not on WebGPU: ${info.fallbackReason}` : '',
  ];
  $('runtime').textContent = parts.filter(Boolean).join(' · ');
}

/** Shows the entities in their text and in a table. */
export function showResult({ text, entities, milliseconds }: Result, info: RuntimeInfo): void {
  const count = entities.length === 1 ? '1 entity' : `${entities.length || 'no'} entities`;
  $('status').textContent = `${count} · ${milliseconds.toFixed(0)} ms on the ${info.device === 'webgpu' ? 'GPU' : 'CPU'}`;
  $('marked').replaceChildren(...markedText(text, entities));
  $('table').querySelector('tbody')!.replaceChildren(...entities.map(tableRow));
  $('table').parentElement!.hidden = entities.length === 0;
  const link = $<HTMLAnchorElement>('download');
  URL.revokeObjectURL(link.href);
  link.href = URL.createObjectURL(new Blob([JSON.stringify({ text, entities }, null, 2)], { type: 'application/json' }));
  $('results').hidden = false;
}

/** Shows a message, or with `null` takes it away. */
export function showError(message: string | null): void {
  $('error').hidden = message === null;
  $('error').textContent = message;
}

function markedText(text: string, entities: readonly Entity[]): (Node | string)[] {
  const parts: (Node | string)[] = [];
  let at = 0;
  for (const { start, end, label, score } of entities) {
    const mark = element('mark', tint(label), text.slice(start, end));
    mark.append(element('small', '', `${label} ${percent(score)}`));
    parts.push(text.slice(at, start), mark);
    at = end;
  }
  return [...parts, text.slice(at)];
}

function tableRow({ text, label, score, start, end }: Entity): HTMLElement {
  const row = document.createElement('tr');
  const name = element('td', '', '');
  name.append(element('span', `tag ${tint(label)}`, label));
  row.append(element('td', '', text), name, element('td', '', percent(score)), element('td', '', `${start}–${end}`));
  return row;
}

/** A colour for a label: the usual four have their own, others share one. The label itself is always written beside it. */
function tint(label: string): string {
  const usual = [/^PER/i, /^LOC/i, /^ORG/i, /^MISC/i].findIndex((name) => name.test(label));
  return `tint-${usual === -1 ? 4 : usual}`;
}

function element(tag: string, className: string, text: string): HTMLElement {
  const node = document.createElement(tag);
  if (className) node.className = className;
  node.textContent = text;
  return node;
}

function deviceName({ device, adapter }: RuntimeInfo): string {
  return device === 'webgpu' ? `GPU (WebGPU${adapter ? `, ${adapter}` : ''})` : 'CPU';
}

function percent(score: number): string {
  return `${(score * 100).toFixed(0)} %`;
}

function megabytes(bytes: number): string {
  return (bytes / 1e6).toFixed(1);
}
