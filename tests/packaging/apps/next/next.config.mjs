/** The headers give the model threads. A site that does without them needs no settings. */
const isolation = [
  { key: 'cross-origin-opener-policy', value: 'same-origin' },
  { key: 'cross-origin-embedder-policy', value: 'require-corp' },
];
export default { headers: async () => [{ source: '/:path*', headers: isolation }] };
