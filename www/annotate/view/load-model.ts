// The model of the page: the one that the site has, or another one by `?model=`.
import type { Luke } from 'luke-web';
import type { Load } from '../assistant/model.js';

const SITE_MODEL = '../models/luke-mini-en/';

/**
 * Loads it, and says when it is loaded. The package is loaded with the first model only: a page that is opened to edit does not wait for it.
 */
export function modelLoader(onLoaded: (luke: Luke) => void): Load {
  return async ({ onProgress, signal }) => {
    const { Luke } = await import('luke-web');
    const address = new URLSearchParams(location.search).get('model') || SITE_MODEL;
    const luke = await Luke.load(new URL(address, document.baseURI), { device: 'auto', threads: 'auto', signal, onProgress });
    onLoaded(luke);
    return luke;
  };
}
