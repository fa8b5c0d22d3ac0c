export default {
  optimizeDeps: { exclude: ['luke-web'] },
  worker: { format: 'es' },
  server: { headers: { 'cross-origin-opener-policy': 'same-origin', 'cross-origin-embedder-policy': 'require-corp' } },
};
