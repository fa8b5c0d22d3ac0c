// The entry of the package for service workers and for background pages of extensions: the same as `luke-web` on the CPU, without workers
// and without `import()`, which service workers refuse. bundle.mjs replaces the files that use them.
export * from './index.js';
