// What the page says while a model is loaded, and of the one that it has.
import type { LoadEvent, RuntimeInfo } from 'luke-web';
import { $, megabytes } from './dom.js';

const LABELS: Partial<Record<LoadEvent['phase'], string>> = { build: 'Preparing the model', 'self-test': 'Testing the model' };

/** Moves the progress bar; without a known total it is left indeterminate. */
export function showProgress({ phase, loadedBytes, totalBytes, waitMs = 0 }: Pick<LoadEvent, 'phase' | 'loadedBytes' | 'totalBytes' | 'waitMs'>): void {
  const bar = $<HTMLProgressElement>('progress');
  if (totalBytes > 0) bar.value = loadedBytes / totalBytes;
  else bar.removeAttribute('value');
  const retry = phase === 'retry' ? `The network failed. Trying again in ${Math.ceil(waitMs / 1000)} s` : undefined;
  $('loading-label').textContent = retry ?? LABELS[phase] ?? 'Loading the model';
  $('loading-bytes').textContent = totalBytes > 0 ? `${megabytes(loadedBytes)} of ${megabytes(totalBytes)} MB` : '';
  $('loading').hidden = false;
}

/** Says what runs, and on what. */
export function showRuntime(info: RuntimeInfo): void {
  const { device, adapter, threads } = info;
  const parts = [
    `${info.name}, ${(info.parameters / 1e6).toFixed(1)} million weights (${info.dtype})`,
    device === 'webgpu' ? `on the GPU (WebGPU${adapter ? `, ${adapter}` : ''})` : `on the CPU with ${threads === 1 ? 'one thread' : `${threads} threads`}`,
    `loaded in ${(info.loadMs / 1000).toFixed(1)} s`,
  ];
  $('runtime').textContent = parts.join(' · ');
  const notes = [info.fallbackReason && `Not on WebGPU: ${info.fallbackReason}.`, info.threadsReason && `One thread: ${info.threadsReason}.`];
  $('runtime-notes').textContent = notes.filter(Boolean).join(' ');
}
