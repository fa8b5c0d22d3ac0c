// The choice of a model: by its URL, by its name on a hub, or in a folder of this machine.
import type { LoadOptions } from 'luke-web';
import { $, showError } from './dom.js';
import { droppedFiles, localModel, pickFolder, type LocalFiles } from './local-folder.js';

export const DEFAULT_MODEL = 'models/luke-mini-en/';

/** A model that somebody has chosen. */
export interface Chosen {
  /** What `Luke.load` takes. */
  model: string;
  options: LoadOptions;
  /** Its name for the user, if it is in a folder of this machine, which no address names. */
  folder?: string;
}

/** Reads the model of the address field, and calls `onChoose` for each choice. */
export class ModelBox {
  readonly #address = $<HTMLInputElement>('model');
  readonly #onChoose: (chosen: Chosen) => void;

  constructor(address: string | null, onChoose: (chosen: Chosen) => void) {
    this.#address.value = address ?? DEFAULT_MODEL;
    this.#onChoose = onChoose;
    $('load-form').addEventListener('submit', (event) => {
      event.preventDefault();
      onChoose(this.chosen);
    });
    $('open-folder').addEventListener('click', () => void this.#open(pickFolder));
    addEventListener('dragover', (event) => {
      if (event.dataTransfer?.types.includes('Files')) event.preventDefault();
    });
    addEventListener('drop', (event) => {
      const { items } = event.dataTransfer ?? {};
      if (!items || ![...items].some(({ kind }) => kind === 'file')) return;
      event.preventDefault();
      void this.#open(() => droppedFiles(items));
    });
  }

  /** The model of the address field. */
  get chosen(): Chosen {
    return { model: this.#address.value.trim() || DEFAULT_MODEL, options: {} };
  }

  async #open(read: () => Promise<LocalFiles | undefined>): Promise<void> {
    try {
      const files = await read();
      if (!files) return;
      const { name, url, options } = localModel(files, document.baseURI);
      this.#onChoose({ model: url, options, folder: name });
    } catch (error) {
      showError($('error'), 'The folder cannot be used', error);
    }
  }
}
