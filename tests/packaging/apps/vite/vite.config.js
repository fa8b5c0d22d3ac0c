// The headers give the model threads. A site that does without them needs no settings.
export default {
  server: { headers: { 'cross-origin-opener-policy': 'same-origin', 'cross-origin-embedder-policy': 'require-corp' } },
};
