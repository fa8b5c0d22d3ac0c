// Counts the WebGPU calls of this thread. The message `count` returns the counts since the last such message.
const counts = { dispatches: 0, submits: 0, readbacks: 0, pipelines: 0 };

count(globalThis.GPUComputePassEncoder, 'dispatchWorkgroups', 'dispatches');
count(globalThis.GPUComputePassEncoder, 'dispatchWorkgroupsIndirect', 'dispatches');
count(globalThis.GPUQueue, 'submit', 'submits');
count(globalThis.GPUBuffer, 'mapAsync', 'readbacks');
count(globalThis.GPUDevice, 'createComputePipeline', 'pipelines');
count(globalThis.GPUDevice, 'createComputePipelineAsync', 'pipelines');

addEventListener('message', ({ data }) => {
  if (data !== 'count') return;
  postMessage({ ...counts });
  for (const name of Object.keys(counts)) counts[name] = 0;
});

function count(type, method, name) {
  const original = type.prototype[method];
  type.prototype[method] = function (...args) {
    counts[name] += 1;
    return original.apply(this, args);
  };
}
