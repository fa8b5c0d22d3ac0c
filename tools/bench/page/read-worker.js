// Reads files and does nothing with them: what any loader must wait for.
import { serve } from './rpc.js';

const PIECE_BYTES = 1 << 18;

serve({
  async read(urls) {
    let bytes = 0;
    for (const url of urls) {
      const reader = (await fetch(url)).body.getReader({ mode: 'byob' });
      let room = new ArrayBuffer(PIECE_BYTES);
      for (let piece = await reader.read(new Uint8Array(room)); !piece.done; piece = await reader.read(new Uint8Array(room))) {
        bytes += piece.value.length;
        room = piece.value.buffer;
      }
    }
    return bytes;
  },
});
