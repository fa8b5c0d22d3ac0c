// Files and texts that are dropped anywhere on the page, or pasted.
import { useSignal } from '@preact/signals';
import { useEffect, useRef } from 'preact/hooks';
import type { InputFile } from '../../formats/format.js';
import { filesOfTransfer } from './chosen-files.js';

/** Calls `onFiles` with what reads the files. True while files are dragged over the page. */
export function useTransfers(onFiles: (read: () => Promise<readonly InputFile[]>) => void): boolean {
  const isDropping = useSignal(false);
  const latest = useRef(onFiles);
  latest.current = onFiles;
  useEffect(() => {
    const take = (transfer: DataTransfer): void => {
      const files = filesOfTransfer(transfer);
      files.catch(() => undefined); // whoever reads them gets the error
      latest.current(() => files);
    };
    const onDrag = (event: DragEvent): void => {
      if (!event.dataTransfer?.types.some((type) => type === 'Files' || type === 'text/plain')) return;
      event.preventDefault();
      isDropping.value = !isModal();
    };
    const onLeave = (event: DragEvent): void => {
      if (!event.relatedTarget) isDropping.value = false;
    };
    const onDrop = (event: DragEvent): void => {
      isDropping.value = false;
      if (!event.dataTransfer) return;
      event.preventDefault(); // the browser would leave the page and show the file
      if (!isModal()) take(event.dataTransfer);
    };
    const onPaste = (event: ClipboardEvent): void => {
      if (isModal() || !event.clipboardData || isField(event.target)) return;
      event.preventDefault();
      take(event.clipboardData);
    };
    document.addEventListener('dragover', onDrag);
    document.addEventListener('dragleave', onLeave);
    document.addEventListener('drop', onDrop);
    document.addEventListener('paste', onPaste);
    return () => {
      document.removeEventListener('dragover', onDrag);
      document.removeEventListener('dragleave', onLeave);
      document.removeEventListener('drop', onDrop);
      document.removeEventListener('paste', onPaste);
    };
  }, []);
  return isDropping.value;
}

function isModal(): boolean {
  return document.querySelector('dialog[open]') !== null;
}

/** Fields take what is pasted themselves. */
function isField(target: EventTarget | null): boolean {
  return target instanceof Element && target.closest('input, textarea, [contenteditable=true]') !== null;
}
