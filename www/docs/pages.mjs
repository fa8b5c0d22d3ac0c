// The pages of the documentation, and which file of the repository each is made of. Texts are in these files only.

/**
 * Groups of the navigation. `file` is a path in the repository, `name` the page's file without `.html`, and a title takes the place of the
 * file's first heading. Files in `api/` are not in the repository: `api.mjs` makes them.
 */
export const GROUPS = [
  {
    title: 'Start',
    pages: [
      { file: 'docs/QUICKSTART.md', name: 'quick-start' },
      { file: 'pkg/README.md', name: 'package', title: 'The package' },
      { file: 'docs/TRANSFORMERS_JS.md', name: 'transformers-js' },
    ],
  },
  {
    title: 'Guides',
    pages: [
      { file: 'docs/HOSTING.md', name: 'hosting' },
      { file: 'docs/OFFLINE.md', name: 'offline' },
      { file: 'docs/ANNOTATE.md', name: 'annotate' },
      { file: 'docs/TEACHING.md', name: 'teaching' },
      { file: 'docs/CONVERTING.md', name: 'converting' },
      { file: 'docs/LARGE.md', name: 'large' },
    ],
  },
  {
    title: 'The model',
    pages: [
      { file: 'docs/HOW_LUKE_WORKS.md', name: 'how-luke-works' },
      { file: 'docs/LIMITS.md', name: 'limits' },
      { file: 'www/models/luke-mini-en/README.md', name: 'luke-mini-en', title: 'Model card: luke-mini-en' },
    ],
  },
  {
    title: 'Details',
    pages: [
      { file: 'README.md', name: 'about', title: 'About the project' },
      { file: 'docs/FORMATS.md', name: 'model-folder' },
      { file: 'docs/CHOICES.md', name: 'choices' },
      { file: 'docs/PERFORMANCE.md', name: 'performance' },
      { file: 'docs/bench/RESULTS.md', name: 'benchmarks', title: 'Benchmarks' },
    ],
  },
  {
    title: 'API reference',
    pages: [
      { file: 'api/index.md', name: 'api', title: 'API: luke-web' },
      { file: 'api/react.md', name: 'api-react', title: 'API: luke-web/react' },
      { file: 'api/service-worker.md', name: 'api-service-worker', title: 'API: luke-web/service-worker' },
    ],
  },
];

export const PAGES = GROUPS.flatMap(({ pages }) => pages);
