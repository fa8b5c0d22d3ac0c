import assert from 'node:assert/strict';
import { test } from 'node:test';
import { labelStudio } from '../formats/label-studio.js';
import type { ReadResult, WriteResult } from '../formats/format.js';
import type { Corpus } from '../model/types.js';
import { contentOf, reasons, spanTexts, textFile } from './helpers.js';
import { checkFormat } from './testing.js';

type Loose = { [name: string]: unknown };

function read(tasks: unknown, config?: string): ReadResult {
  const files = [
    textFile(typeof tasks === 'string' ? tasks : JSON.stringify(tasks), 'tasks.json'),
    ...(config === undefined ? [] : [textFile(config, 'config.xml')]),
  ];
  return labelStudio.read(files) as ReadResult;
}

function written(corpus: Corpus): { tasks: Loose[]; config: string } {
  const { files } = labelStudio.write!(corpus, { include: 'all' }) as WriteResult;
  return { tasks: JSON.parse(contentOf(files[0]!)) as Loose[], config: contentOf(files[1]!) };
}

const span = (id: string, start: number, end: number, text: string, labels: string[], more: Loose = {}) => ({
  id,
  from_name: 'label',
  to_name: 'text',
  type: 'labels',
  value: { start, end, text, labels },
  ...more,
});

test('what is written comes back, but for the losses', () => checkFormat(labelStudio, { shape: { halves: true } }));

test('labels with colors, keys and guides come back with the configuration', () =>
  checkFormat(labelStudio, { shape: { names: ['A', '<&">', "it's", 'é🙂'], documents: 1 } }));

const CONFIG = `<View>
  <!-- old: <Label value="X"/> -->
  <Labels name="ner" toName="doc"><Label value="ORG" background="#FF7F0E" hotkey="o"/>
    <Label value="PER &amp; co" hint="a&#10;b"/><Label value="ORG"/></Labels>
  <Relations><Relation value="works_for"/></Relations>
  <Text name="doc" value="$body"/><Choices name="c" toName="doc"><Choice value="x"/></Choices>
</View>`;

test('tasks with a configuration', () => {
  const tasks = [
    {
      id: 5,
      data: { body: '🙂 Acme hired Ada', title: 'news' },
      created_at: 'today',
      meta: { mine: 1 },
      annotations: [
        {
          id: 9,
          completed_by: 2,
          was_cancelled: false,
          result: [
            {
              ...span('a', 3, 7, 'Acme', ['ORG']),
              from_name: 'ner',
              to_name: 'doc',
              origin: 'manual',
              meta: { text: ['sure?', 'yes'] },
              readonly: false,
            },
            { ...span('b', 14, 17, 'Ada', ['PER & co', 'X']), from_name: 'ner', to_name: 'doc', origin: 'prediction' },
            { type: 'relation', from_id: 'b', to_id: 'a', direction: 'right', labels: ['works_for'] },
            { type: 'relation', from_id: 'b', to_id: 'a', direction: 'left', labels: [] },
            { id: 'c', from_name: 'c', to_name: 'doc', type: 'choices', value: { choices: ['x'] } },
          ],
        },
      ],
      predictions: [
        { id: 1, model_version: 'm1', score: 0.5, result: [{ ...span('p', 8, 13, 'hired', ['ORG']), from_name: 'ner', to_name: 'doc' }] },
      ],
    },
  ];
  const { corpus, problems, unit } = read(tasks, CONFIG);
  assert.deepEqual(reasons(problems), ['1 loss: annotations[0].result[3]: no label was found; it becomes "unlabeled"']);
  assert.deepEqual([unit!.unit, unit!.candidates], ['utf-16', ['utf-16']]);
  const [document] = corpus.documents;
  assert.deepEqual(spanTexts(corpus), ['span:ORG Acme', 'span:PER & co Ada', 'span:X Ada', 'span:ORG hired']);
  assert.deepEqual(
    document!.spans.map(({ id, by, state, score, note }) => [id, by, state, score, note]),
    [
      ['a', 'human', 'accepted', undefined, 'sure?\nyes'],
      ['b', 'model', 'accepted', undefined, undefined],
      ['b:2', 'model', 'accepted', undefined, undefined],
      ['p', 'model', 'suggested', 0.5, undefined],
    ],
  );
  assert.deepEqual(
    document!.relations.map(({ head, tail, label }) => [head, tail, label]),
    [
      ['b', 'a', 'relation:works_for'],
      ['a', 'b', 'relation:unlabeled'],
    ],
  );
  assert.deepEqual([document!.status, document!.meta, document!.spans[3]!.model], ['done', { title: 'news' }, { name: 'm1', manifestHash: '' }]);
  assert.deepEqual(
    corpus.labelSets.map(({ kind, labels }) => [kind, labels.map(({ name, color, key, guide }) => [name, color, key, guide])]),
    [
      [
        'span',
        [
          ['ORG', 1, 'o', undefined],
          ['PER & co', 1, undefined, 'a\nb'],
          ['X', 2, undefined, undefined],
        ],
      ],
      [
        'relation',
        [
          ['works_for', 0, undefined, undefined],
          ['unlabeled', 1, undefined, undefined],
        ],
      ],
    ],
  );
  const {
    tasks: [task],
    config,
  } = written(corpus);
  assert.deepEqual([task!.id, task!.created_at, task!.data], [5, 'today', { body: '🙂 Acme hired Ada', title: 'news' }]);
  const [annotation] = task!.annotations as Loose[];
  assert.deepEqual([annotation!.id, annotation!.completed_by], [9, 2]);
  const results = annotation!.result as Loose[];
  assert.deepEqual(
    results.map(({ type, from_name }) => [type, from_name]),
    [
      ['labels', 'ner'],
      ['labels', 'ner'],
      ['labels', 'ner'],
      ['relation', undefined],
      ['relation', undefined],
      ['choices', 'c'],
    ],
  );
  assert.equal(results[0]!.readonly, false);
  assert.deepEqual((task!.predictions as Loose[])[0]!.score, 0.5);
  assert.match(
    config,
    /<Labels name="ner" toName="doc">[^]*<Label value="PER &#38; co"[^]*<Relation value="works_for"[^]*<Text name="doc" value="\$body"\/>/,
  );
});

test('old and short exports', () => {
  const old = read([{ data: { text: 'Ada' }, completions: [{ result: [span('a', 0, 3, 'Ada', ['PER'])], skipped: true }] }]);
  assert.deepEqual([spanTexts(old.corpus), old.corpus.documents[0]!.status, old.problems], [['span:PER Ada'], 'skipped', []]);
  const short = [{ text: 'Ada', id: 3, label: [{ start: 0, end: 3, text: 'Ada', labels: ['PER'] }], annotator: 1 }];
  const min = read(short);
  assert.deepEqual([spanTexts(min.corpus), min.problems, min.corpus.documents[0]!.extra], [['span:PER Ada'], [], { id: 3, annotator: 1 }]);
  assert.equal(labelStudio.detect([textFile(JSON.stringify(short), 'a.json')]), 0.8);
});

test('a suggested relation has its spans in its prediction, where Label Studio looks for them', () => {
  const made = { by: 'human', state: 'accepted' } as const;
  const model = { name: 'm', manifestHash: 'ab' };
  const suggested = { by: 'model', state: 'suggested', model } as const;
  const whole: Corpus = {
    name: 'c', labelSets: [],
    documents: [{
      id: 'd', name: 'd', text: 'Ada Bo Cy', status: 'draft', questions: [],
      spans: [
        { id: 'a', pieces: [[0, 3]], label: 'span:PER', ...made, note: 'sure' }, { id: 'b', pieces: [[4, 6]], label: 'span:PER', ...made },
        { id: 'c', pieces: [[7, 9]], label: 'span:PER', ...suggested },
      ],
      relations: [
        { id: 'r', head: 'a', tail: 'b', label: 'relation:knows', ...suggested }, { id: 's', head: 'c', tail: 'b', label: 'relation:knows', ...suggested },
        { id: 't', head: 'a', tail: 'c', label: 'relation:knows', ...made },
        { id: 'u', head: 'c', tail: 'a', label: 'relation:knows', ...suggested, model: { ...model, name: 'n' } },
      ],
    }],
  };
  const { files, losses } = labelStudio.write!(whole, { include: 'all' }) as WriteResult;
  assert.deepEqual(losses.filter(({ kind }) => kind === 'relations').map(({ document, item }) => [document, item]), [['d', 't'], ['d', 'u']]);
  const [task] = JSON.parse(new TextDecoder().decode(files[0]!.bytes)) as Loose[];
  const [annotation, prediction, ...others] = [...(task!.annotations as Loose[]), ...(task!.predictions as Loose[])];
  const results = (list: Loose) => (list.result as Loose[]).map(({ id, type, from_id, to_id, meta }) => [id ?? `${from_id}-${to_id}`, type, meta !== undefined]);
  assert.deepEqual(results(annotation!), [['a', 'labels', true], ['b', 'labels', true]]);
  assert.deepEqual(results(prediction!), [
    ['a', 'labels', false], ['b', 'labels', false], ['c', 'labels', true], ['a-b', 'relation', true], ['c-b', 'relation', true],
  ]);
  assert.deepEqual(others, []);
  const { corpus, problems } = read([task!]);
  assert.deepEqual(problems, []);
  assert.deepEqual(corpus.documents[0]!.spans.map(({ id, state, note }) => [id, state, note]), [
    ['a', 'accepted', 'sure'], ['b', 'accepted', undefined], ['c', 'suggested', undefined],
  ]);
  assert.deepEqual(corpus.documents[0]!.relations.map(({ head, tail }) => [head, tail]), [['a', 'b'], ['c', 'b']]);
});

test('each annotation of a task is a document, and predictions that were accepted are there once', () => {
  const tasks = [
    {
      data: { text: 'Ada' },
      predictions: [{ model_version: 'm', result: [span('a', 0, 3, 'Ada', ['PER'])] }],
      annotations: [{ result: [span('a', 0, 3, 'Ada', ['PER'])] }, { was_cancelled: true, result: [span('a', 0, 3, 'Ada', ['ORG'])] }],
    },
    { data: { text: 'Bea' }, drafts: [{ result: [span('a', 0, 3, 'Bea', ['PER'])] }] },
  ];
  const { corpus } = read(tasks);
  assert.deepEqual(
    corpus.documents.map(({ status, spans }) => [status, spans.length]),
    [
      ['done', 1],
      ['skipped', 1],
      ['draft', 1],
    ],
  );
});

test('many results with one id are read in linear time', () => {
  const count = 1000;
  const result = Array.from({ length: count }, () => span('a', 0, 3, 'Ada', ['PER']));
  const { corpus } = read([{ data: { text: 'Ada' }, annotations: [{ result }] }]);
  assert.equal(new Set(corpus.documents[0]!.spans.map(({ id }) => id)).size, count);
});

test('code points are found out by the texts', () => {
  const { corpus, unit } = read([{ data: { text: '🙂 Ada' }, annotations: [{ result: [span('a', 2, 5, 'Ada', ['PER'])] }] }]);
  assert.deepEqual([unit!.unit, spanTexts(corpus)], ['code-point', ['span:PER Ada']]);
});

test('what is no plain text is refused', () => {
  const html = {
    data: { text: '<p>x</p>' },
    annotations: [
      {
        result: [
          {
            id: 'a',
            type: 'hypertextlabels',
            value: { start: '/p[1]/text()[1]', end: '/p[1]', startOffset: 0, endOffset: 1, hypertextlabels: ['A'] },
          },
        ],
      },
    ],
  };
  const { corpus, problems } = read([html, { data: { a: 'x', b: 'y' } }, { data: {} }, { data: 5 }, 7, { x: 1 }]);
  assert.equal(corpus.documents.length, 0);
  assert.deepEqual(reasons(problems), [
    '1 error: the task is HTML: its offsets are XPaths of a page, which are not read',
    '2 error: it is not clear which field has the text; add the labeling configuration (.xml)',
    '3 error: it is not clear which field has the text; add the labeling configuration (.xml)',
    '4 loss: data: 5 is not an object',
    '5 loss: 7 is not an object',
    '6 error: it is not clear which field has the text; add the labeling configuration (.xml)',
  ]);
  assert.deepEqual(reasons(read([{ data: { h: 'x' } }], '<View><HyperText name="h" value="$h"/></View>').problems), [
    '1 error: the task is HTML: its offsets are XPaths of a page, which are not read',
  ]);
  assert.match(
    reasons(read([{ data: { t: 'http://x/' } }], '<View><Text name="t" value="$t" valueType="url"/></View>').problems)[0]!,
    /the address of its text instead of the text: "http:\/\/x\/"/,
  );
});

test('broken results are named, and the rest is read', () => {
  const { corpus, problems } = read(
    [
      {
        data: { text: 'Ada' },
        predictions: [{ score: 2, result: [span('p', 0, 1, 'A', ['X'])] }],
        annotations: [
          {
            result: [
              5,
              span('a', 0, 9, 'Ada', ['PER']),
              span('b', 0, 3, 'Eve', ['PER']),
              { type: 'labels' },
              span('d', 0, 1, 'A', []),
              { type: 'relation', from_id: 'a', to_id: 'b' },
              { ...span('e', 0, 1, 'A', ['X']), to_name: 'other' },
              { ...span('f', 0, 3, 'Ada', ['X']), score: 'high', meta: { luke: { by: 'me', was: { label: 'X', pieces: [[0, 7]] } } } },
            ],
          },
        ],
      },
    ],
    '<View><Labels name="label" toName="text"><Label value="X"/></Labels><Text name="text" value="$text"/><a b=c/></View>',
  );
  assert.deepEqual(spanTexts(corpus), ['span:PER Ada', 'span:unlabeled A', 'span:X Ada', 'span:X A']);
  assert.deepEqual(reasons(problems), [
    '1 loss: "<a b=c/></View>" is not a tag; the rest of the file is left out',
    '1 loss: annotations[0].result[0]: 5 is not an object',
    '1 loss: annotations[0].result[5]: it is for "other", not for the text "text"; it is left out',
    '1 loss: predictions[0].score: 2 is not between 0 and 1',
    '1 loss: annotations[0].result[0]: 0 to 9 is outside of the text, which is 3 long in the unit utf-16',
    '1 loss: annotations[0].result[1]: the file says that its text is "Eve", but at its offsets is "Ada"',
    '1 loss: annotations[0].result[2]: start and end are missing or not numbers',
    '1 loss: annotations[0].result[3]: no label was found; it becomes "unlabeled"',
    '1 loss: annotations[0].result[6].score: "high" is not a number',
    '1 loss: annotations[0].result[6].meta.luke.by: "me" is not one of human, model, import',
    '1 loss: annotations[0].result[6].meta.luke.was.pieces[0]: 0 to 7 is outside of the text, which is 3 long in the unit utf-16',
    '1 loss: annotations[0].result[4]: from_id "a" or to_id "b" is not a span of the task; the relation is left out',
  ]);
});

test('detection', () => {
  const file = (value: unknown, name = 'a.json') => textFile(JSON.stringify(value), name);
  const task = { data: { text: 'a' }, annotations: [] };
  assert.equal(labelStudio.detect([file([task])]), 0.95);
  assert.equal(labelStudio.detect([file([task]), textFile(CONFIG, 'c.xml')]), 0.95);
  assert.equal(labelStudio.detect([textFile(CONFIG, 'c.xml')]), 0);
  assert.equal(labelStudio.detect([file([task]), textFile('<x/>', 'c.xml')]), 0);
  assert.equal(labelStudio.detect([file({ text: 'a', label: [] })]), 0);
});
