// Words a second from text to entities, on WebGPU and with one thread of the CPU module.
import { makeText } from '../../bench/text.mjs';
import { line, main, modelPath, openGpu, options, untilTrap } from '../gpu.mjs';

await main(async () => {
  const models = options.models.map(([size, kind, dtype]) => ({ name: `${size} ${dtype}`, path: modelPath({ size, kind, dtype }) }));
  const { load, meter } = await openGpu();
  const text = makeText(options.words);
  for (const { name, path } of models) {
    for (const device of ['webgpu', 'wasm']) {
      const luke = await load(path, { device });
      await untilTrap(luke.ner(text.slice(0, 100)));
      const isGpu = device === 'webgpu';
      if (isGpu) meter.start();
      const started = performance.now();
      const entities = await untilTrap(luke.ner(text));
      const ms = performance.now() - started;
      const work = isGpu ? await meter.stop() : undefined;
      line({ kind: 'ner', model: name, device, words: options.words, entities: entities.length, ms, wordsPerSecond: (options.words / ms) * 1000, work });
      await luke.dispose();
    }
  }
});
