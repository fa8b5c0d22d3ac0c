// In place of luke-web in the page: a model that knows a few names, so that what it says is known. Texts and answers are as those of luke-web.
const NAMES = { 'Grace Hopper': ['PER', 0.95], 'Alan Turing': ['PER', 0.9], Bletchley: ['LOC', 0.6], Univac: ['LOC', 0.3], Zeppelin: ['PER', 0.06] };

function find(text) {
  return Object.entries(NAMES).flatMap(([name, [label, score]]) =>
    [...text.matchAll(new RegExp(name, 'g'))].map(({ index }) => ({ start: index, end: index + name.length, text: name, label, score })));
}

export class Luke {
  static async load() {
    return new Luke();
  }

  info = {
    name: 'fake', manifestHash: 'f'.repeat(64),
    labels: { ner: ['PER', 'ORG', 'LOC'], typing: ['person', 'place', 'event'], relation: ['no_relation', 'worked at'] },
  };
  tasks = globalThis.fakeTasks ?? ['ner', 'qa', 'typing', 'relation'];

  /** A head that was taught knows surnames only, which the model itself does not find. */
  async ner(text, { head } = {}) {
    const surnames = [...text.matchAll(/Hopper|Turing/g)].map(({ 0: name, index }) => ({ start: index, end: index + name.length, text: name, label: 'PER', score: 0.7 }));
    const all = head ? surnames : find(text);
    const runnersUp = all.filter(({ score }) => score < 0.5).map((found) => ({ ...found, lostTo: 'none' }));
    return { entities: all.filter(({ score }) => score >= 0.5), runnersUp };
  }

  async qa(_question, text) {
    const [best] = find(text);
    const { start, end } = best ?? { start: 0, end: 1 };
    const scores = { score: 0.8, startLogit: 3, endLogit: 3, nullScore: 0 };
    return { answerable: best !== undefined, text: text.slice(start, end), start, end, ...scores, alternatives: [] };
  }

  async typing(text, span) {
    const isPerson = /^[A-Z]\w+ [A-Z]/.test(text.slice(...span));
    return [{ label: 'person', score: isPerson ? 0.9 : 0.1 }, { label: 'place', score: isPerson ? 0.2 : 0.7 }];
  }

  /** A name works at the place that comes behind it. */
  async relation(text, head, tail) {
    const works = head[1] < tail[0] && / worked at $/.test(text.slice(head[1], tail[0]));
    const scores = [{ label: 'worked at', score: works ? 0.8 : 0.1 }, { label: 'no_relation', score: works ? 0.2 : 0.9 }];
    return works ? scores : scores.reverse();
  }

  async teach({ labels, examples }) {
    const spans = examples.reduce((sum, example) => sum + example.spans.length, 0);
    return { labels, report: { examples: examples.length, spans, labels: [], confusions: [] }, save: () => Uint8Array.of(1, 2, 3) };
  }

  async addHead(bytes) {
    return { labels: [], save: () => bytes };
  }

  async dispose() {}
}
