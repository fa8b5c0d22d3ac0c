// How long this driver takes to build each pipeline of the models: by the call that waits, by the asynchronous one, a second time on the
// same device, and all at once. Each time on a new device, but a driver may keep what it has built on disk.
import { line, main, modelPath, openGpu, options } from '../gpu.mjs';

await main(async () => {
  const paths = options.models.map(([size, dtype]) => modelPath({ size, dtype, kind: size === 'mini' && dtype === 'q4' ? 'real' : 'synthetic' }));
  const { load, meter, adapter } = await openGpu();
  const { aboutShader } = await import('../../../www/dist/check/check.js');
  for (const path of paths) await (await load(path)).dispose();
  const shaders = [...new Map(meter.pipelines.map((pipeline) => [`${pipeline.entryPoint} ${pipeline.code}`, pipeline])).values()];
  const { limits } = adapter;
  const open = async () => (await navigator.gpu.requestAdapter()).requestDevice({ requiredLimits: { maxComputeWorkgroupStorageSize: limits.maxComputeWorkgroupStorageSize, maxStorageBuffersPerShaderStage: limits.maxStorageBuffersPerShaderStage } });
  const descriptor = (device, { code, entryPoint, constants }) => ({ layout: 'auto', compute: { module: device.createShaderModule({ code }), entryPoint, ...(constants && { constants }) } });
  const timed = async (work) => {
    const started = performance.now();
    await work();
    return performance.now() - started;
  };
  for (const shader of shaders) {
    const device = await open();
    const other = await open();
    const syncMs = await timed(() => device.createComputePipeline(descriptor(device, shader)));
    const warmMs = await timed(() => device.createComputePipeline(descriptor(device, shader)));
    const asyncMs = await timed(() => other.createComputePipelineAsync(descriptor(other, shader)));
    line({ kind: 'compile', label: shader.label, about: aboutShader(shader.code), codeLength: shader.code.length, syncMs, warmMs, asyncMs });
    device.destroy();
    other.destroy();
  }
  const [sequential, parallel] = [await open(), await open()];
  const sequentialMs = await timed(async () => {
    for (const shader of shaders) await sequential.createComputePipelineAsync(descriptor(sequential, shader));
  });
  const parallelMs = await timed(() => Promise.all(shaders.map((shader) => parallel.createComputePipelineAsync(descriptor(parallel, shader)))));
  line({ kind: 'compileAll', pipelines: shaders.length, sequentialMs, parallelMs });
});
